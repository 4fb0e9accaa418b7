"""Fingerprints: short digests that tell whether two things are the same."""

import hashlib


def fingerprint(*parts: bytes | str, length: int = 16) -> str:
    """`length` hex digits (at most 64) of SHA-256 over the parts; each part counts by itself, whatever it holds."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:length]

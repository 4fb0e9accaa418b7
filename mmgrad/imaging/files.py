"""The file of a picture, on the disk or inside a larger one, and what tells whether it has changed."""

import hashlib
import os
import time
from pathlib import Path
from typing import Protocol

DIGEST = 16
"""Bytes of a digest."""

SETTLED = 2 * 10**9
"""Nanoseconds after a change of a file from which its times tell another: clocks of file systems are coarse."""


class Member(Protocol):
    """A picture inside a larger file, such as a zip archive. Its text is what a person may call it by."""

    @property
    def name(self) -> str:
        """Its own name, without folders."""

    @property
    def size(self) -> int:
        """Its bytes, or, where these are not counted, those of the file that it lies in."""

    @property
    def stat_signature(self) -> str:
        """Changes when its content does, and is known without reading it; "" where there is no such thing."""

    def read_bytes(self) -> bytes:
        """Its content. Raises InputError where it is damaged, encrypted, too large or named in a dangerous way."""


File = Path | Member


def size(file: File) -> int:
    """How many bytes a file has, -1 where it is missing; one `stat` at most."""
    if not isinstance(file, Path):
        return file.size
    try:
        return file.stat().st_size
    except OSError:
        return -1


def stat_signature(file: File) -> str:
    """Size and times of a file on this disk, or what its archive says about it; "" where it is missing."""
    if not isinstance(file, Path):
        return file.stat_signature
    try:
        status = file.stat()
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def settled_signature(file: File) -> str:
    """`stat_signature`; while it stays, the content is taken to stay. "" for a file that has changed a moment ago, too.

    Clocks of file systems are coarse, so that another change within SETTLED might not show.
    """
    signature = stat_signature(file)
    if signature and isinstance(file, Path):
        _, *times = map(int, signature.split())
        if time.time_ns() - max(times) < SETTLED:
            return ""
    return signature


def digest(content: Path | bytes) -> bytes:
    """DIGEST bytes of BLAKE2b over a content; b"" for a path that is no regular file or cannot be read."""
    if isinstance(content, bytes):
        return hashlib.blake2b(content, digest_size=DIGEST).digest()
    try:
        if not content.is_file():
            return b""
        with content.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=DIGEST)).digest()
    except (OSError, ValueError):
        return b""


def safe_name(file: Path | str) -> str:
    """The name of a file, without folders, as text that can be shown: bytes that are not UTF-8 as `\\xNN`."""
    return os.fsencode(Path(file).name).decode("utf-8", "backslashreplace")

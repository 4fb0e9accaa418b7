"""How the rows of a gallery are kept: one tensor file with a manifest that says what made them, and of which files.

    gallery.safetensors   the embeddings, float32 [N, D], the digests of the files that they were made of, and in the
                          header the manifest
    gallery.json          the manifest again, for people and other programs

The header is what counts. The JSON is taken away before a new tensor is put in its place and written again after it, so
that at whatever moment a writer is killed there is one whole gallery, the old or the new. A JSON that says something
else than the header is a sign that somebody mixed two galleries: then nothing is trusted. Nothing is ever unpickled.
"""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from mmgrad.gallery.sources.folder import Record
from mmgrad.imaging import files
from mmgrad.imaging.io import MAX_SIDE

TENSOR = "gallery.safetensors"
MANIFEST = "gallery.json"

PREPROCESSING = f"version 1: RGB, upright, flattened on white, longest side at most {MAX_SIDE} pixels"
"""What happens to a file before the model sees it; a change here makes stored galleries stale."""

FORMAT = "mmgrad gallery 1"


class StaleError(Exception):
    """The stored rows are missing, damaged or made of something else; the text says which, to end a sentence with."""


@dataclass(frozen=True)
class Manifest:
    """What a stored gallery was made with and made of.

    Attributes:
        fingerprint, dimension: of the model that made the rows.
        preprocessing: of the pictures, see PREPROCESSING.
        files: (id, bytes) of every picture, in the gallery's order; -1 bytes where a listed file is missing. For rows
            of a dataset these are the bytes of the file that they lie in. Modification times are left out: a git
            checkout changes them all.
        skipped: (id, why) of those that could not be read. The rows are the files without these, in this order.
    """

    fingerprint: str
    dimension: int
    preprocessing: str
    files: tuple[tuple[str, int], ...]
    skipped: tuple[tuple[str, str], ...] = ()
    format: str = FORMAT

    @classmethod
    def expected(cls, records: list[Record], fingerprint: str, dimension: int) -> "Manifest":
        """The manifest that fits the folder as it is now, before any picture is opened: one `stat` a file."""
        sizes = tuple((record.id, files.size(record.path)) for record in records)
        return cls(fingerprint=fingerprint, dimension=dimension, preprocessing=PREPROCESSING, files=sizes)

    @property
    def count(self) -> int:
        return len(self.files) - len(self.skipped)

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "count": self.count}, indent=0)

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Raises StaleError where the text is no manifest of this format."""
        try:
            fields = json.loads(text)
            count = fields.pop("count")
            fields["files"] = tuple((str(name), int(size)) for name, size in fields["files"])
            fields["skipped"] = tuple((str(name), str(why)) for name, why in fields["skipped"])
            manifest = cls(**fields)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StaleError("its index is damaged") from error
        if manifest.format != FORMAT or manifest.count != count:
            raise StaleError("its index is of another format")
        return manifest


@dataclass(frozen=True, eq=False)
class Stored:
    """A gallery as it is kept.

    Attributes:
        manifest: what it was made with and of.
        embeddings: float32 [N, D].
        digests: uint8 [N, 16], of the content that each row was made of (`mmgrad.imaging.files.digest`); 0 where
        unknown.
    """

    manifest: Manifest
    embeddings: torch.Tensor
    digests: torch.Tensor


def write(place: Path, manifest: Manifest, embeddings: torch.Tensor, digests: torch.Tensor | None = None) -> None:
    """Put a gallery beside its pictures (or into any folder), whole or not at all. Raises OSError."""
    text = manifest.to_json()
    place.mkdir(parents=True, exist_ok=True)
    tensors = {"embeddings": embeddings.contiguous()} | ({} if digests is None else {"digests": digests.contiguous()})
    tensor = write_part(place / TENSOR, save(tensors, metadata={"manifest": text}))
    try:
        (place / MANIFEST).unlink(missing_ok=True)
        os.replace(tensor, place / TENSOR)
    finally:
        tensor.unlink(missing_ok=True)
    _write_manifest(place, text)


def read(place: Path, expected: Manifest) -> tuple[Manifest, torch.Tensor]:
    """The stored manifest and rows, float32 [N, D], where they fit what is expected.

    Raises:
        StaleError: there is none, or it is damaged, or it was made by another model, in another way or of other files.
    """
    stored = read_outdated(place, expected)
    if stored.manifest.files != expected.files:
        raise StaleError("its pictures have changed")
    return stored.manifest, stored.embeddings


def read_outdated(place: Path, expected: Manifest) -> Stored:
    """The same where pictures may have changed since. Raises StaleError in all other cases."""
    if not (place / TENSOR).is_file():
        raise StaleError("it has no index yet")
    try:
        with safe_open(place / TENSOR, framework="pt") as file:
            text = (file.metadata() or {}).get("manifest", "")
            manifest = Manifest.from_json(text)
            _compare(manifest, expected)
            embeddings: torch.Tensor = file.get_tensor("embeddings")
            known = "digests" in file.keys()  # noqa: SIM118 (it is no mapping)
            digests = file.get_tensor("digests") if known else torch.zeros(manifest.count, files.DIGEST).byte()
    except (OSError, SafetensorError) as error:
        raise StaleError("its index is damaged") from error
    if embeddings.shape != (manifest.count, manifest.dimension) or embeddings.dtype != torch.float32:
        raise StaleError("its index is damaged")
    if digests.shape != (manifest.count, files.DIGEST) or digests.dtype != torch.uint8:
        raise StaleError("its index is damaged")
    if not is_normalised(embeddings):
        raise StaleError("its index is damaged")
    _check_copy(place, text)
    return Stored(manifest, embeddings, digests)


def clear(place: Path) -> None:
    """Remove what writers left behind that were killed."""
    for part in place.glob(".gallery.*.part"):
        with suppress(OSError, ValueError):
            if not _runs(int(part.name.split(".")[-2])):
                part.unlink(missing_ok=True)


def is_normalised(embeddings: torch.Tensor) -> bool:
    """Whether every row is finite and of length 1, to what float32 (and a model in half precision) can say."""
    lengths = torch.linalg.vector_norm(embeddings, dim=1, dtype=torch.float32)
    return bool(((lengths - 1).abs() < 1e-2).all())  # NaN compares false


def cache_root() -> Path:
    """The user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mmgrad"


def cache_folder(home: Path) -> Path:
    """Where the rows are kept of a gallery whose own folder cannot be written to, and what holds on this disk only."""
    return cache_root() / "galleries" / sha256(os.fsencode(home.resolve())).hexdigest()[:16]


def _compare(stored: Manifest, expected: Manifest) -> None:
    if stored.fingerprint != expected.fingerprint or stored.dimension != expected.dimension:
        raise StaleError("its index was made by another model")
    if stored.preprocessing != expected.preprocessing:
        raise StaleError("its index was made with other preprocessing")


def _check_copy(place: Path, text: str) -> None:
    """The JSON says what the header says; a missing one (its writer was killed) is written again where that can be."""
    try:
        copy = (place / MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError:
        try:
            _write_manifest(place, text)
        except OSError:
            return
    except (OSError, UnicodeDecodeError) as error:
        raise StaleError("its index is damaged") from error
    else:
        if Manifest.from_json(copy) != Manifest.from_json(text):
            raise StaleError("its two index files do not belong together")


def _write_manifest(place: Path, text: str) -> None:
    part = write_part(place / MANIFEST, text.encode())
    try:
        os.replace(part, place / MANIFEST)
    finally:
        part.unlink(missing_ok=True)


def write_part(path: Path, data: bytes) -> Path:
    """Write next to a file, under a hidden name of this process, all the way to the disk."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:  # Ctrl-C included: leave nothing half-written behind
        part.unlink(missing_ok=True)
        raise
    return part


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True

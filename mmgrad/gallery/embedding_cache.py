"""Which rows need not be computed, and how a picture is found to be one of them, reading as little as possible."""

import json
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmgrad.errors import InputError
from mmgrad.gallery.journal import Done, Journal
from mmgrad.gallery.sources.folder import Record
from mmgrad.gallery.store import Stored, write_part
from mmgrad.imaging import files
from mmgrad.imaging.io import load_image

STAMPS = "stamps.json"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Fresh:
    """A picture that is to be embedded, or that cannot be read: see `Done`."""

    id: str
    stamp: str
    digest: bytes
    pixels: np.ndarray | None
    why: str = ""


@dataclass(frozen=True, eq=False)
class Known:
    """The rows that need not be computed.

    Attributes:
        stored: an earlier gallery of the same model, of whatever pictures.
        journal: of an earlier run that was stopped.
        stamps: the digest of each file, by its id and its stamp, where it was computed before.
        by_size: whether a file of the same id and size counts as the same; by itself its content must be.
    """

    stored: Stored | None
    journal: Journal
    stamps: dict[str, tuple[str, bytes]]
    by_size: bool = False
    _sizes: dict[tuple[str, int], int] = field(default_factory=dict)
    _digests: dict[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.stored is None:
            return
        skipped = {name for name, _ in self.stored.manifest.skipped}
        kept = (each for each in self.stored.manifest.files if each[0] not in skipped)
        for row, (each, digest) in enumerate(zip(kept, self.stored.digests.numpy(), strict=True)):
            self._sizes[each] = row
            if digest.any():
                self._digests[digest.tobytes()] = row

    def find(self, record: Record) -> Done | Fresh:
        """A picture as it was done before, else decoded. Safe to call from several threads."""
        stamp = files.stamp(record.path)
        done = self.journal.done.get(record.id)
        if done is not None and stamp and done.stamp == stamp:
            return done
        if self.by_size and (row := self._sizes.get((record.id, files.size(record.path)))) is not None:
            return self._stored(record.id, "", row)
        marked, digest = self.stamps.get(record.id, ("", b""))
        content: Path | bytes | None = record.path if isinstance(record.path, Path) else None
        try:
            if not stamp or marked != stamp:
                content = content or record.path.read_bytes()
                digest = files.digest(content)
            if (row := self._digests.get(digest)) is not None:
                return self._stored(record.id, stamp, row)
            if done is not None and digest and done.digest == digest:
                return done
            return Fresh(record.id, stamp, digest, load_image(content or record.path.read_bytes()))
        except InputError as error:
            return Fresh(record.id, stamp, digest, None, str(error))

    def _stored(self, name: str, stamp: str, row: int) -> Done:
        assert self.stored is not None
        digest = self.stored.digests[row].numpy().tobytes()
        return Done(name, stamp, digest, self.stored.embeddings[row].numpy())


def read_stamps(folder: Path) -> dict[str, tuple[str, bytes]]:
    """What `write_stamps` wrote; nothing where that is missing or damaged."""
    try:
        written = json.loads((folder / STAMPS).read_text(encoding="ascii"))
        return {str(name): (str(stamp), bytes.fromhex(digest)) for name, (stamp, digest) in written.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def write_stamps(folder: Path, stamps: dict[str, tuple[str, bytes]]) -> None:
    """Keep what was learnt of the files of this disk, so that the next run need not read them. May fail silently."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({name: [stamp, digest.hex()] for name, (stamp, digest) in stamps.items()})
        os.replace(write_part(folder / STAMPS, text.encode("ascii")), folder / STAMPS)
    except OSError as error:
        logger.debug("The stamps of the files could not be kept: %s", error)

"""What an unfinished index has got done: batches of rows, kept as they come, so that a killed run can go on.

    .gallery.journal   one line a batch: a checksum, a space, and the batch as JSON with its rows in base 64

Lines are only ever added. One that was cut short by a kill, or that another model made, fails its checksum and is
passed over. The file lies where the gallery will, and is removed when that is whole.
"""

import base64
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import numpy as np

JOURNAL = ".gallery.journal"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Done:
    """A picture that has been looked at.

    Attributes:
        id: of the picture.
        stamp, digest: of its file then, see `mmgrad.imaging.files`.
        row: its embedding, float32 [D]; None where it could not be read.
        why: why it could not be read, else "".
    """

    id: str
    stamp: str
    digest: bytes
    row: np.ndarray | None
    why: str = ""


class Journal:
    """The batches of one gallery and one model.

    Args:
        places: folders that it may lie in; the first that can be written to is used, all are read.
        key: names whatever changes the rows: model and preprocessing.
        dimension: D, the length of a row.

    Attributes:
        done: the pictures of all whole batches, by id.
    """

    def __init__(self, places: Sequence[Path], key: str, dimension: int):
        self.places = tuple(places)
        self.dimension = dimension
        self.done: dict[str, Done] = {}
        self._key = hashlib.sha256(f"{key} {dimension}".encode()).digest()
        self._file: FileIO | None = None
        self._fails = False
        for place in self.places:
            self._read(place / JOURNAL)

    def add(self, batch: Sequence[Done]) -> None:
        """Keep a batch. Where no place can be written to, nothing is kept, which is told once."""
        rows = [done.row for done in batch if done.row is not None]
        content = {
            "files": [[done.id, done.stamp, done.digest.hex(), done.row is not None, done.why] for done in batch],
            "rows": base64.b64encode(np.array(rows, "<f4").tobytes()).decode("ascii"),
        }
        text = json.dumps(content).encode("ascii")
        line = self._checksum(text) + b" " + text + b"\n"
        if self._fails:
            return
        try:
            if (self._file or self._open()).write(line) != len(line):
                raise OSError("the disk is full")
        except OSError as error:
            logger.warning("What is indexed from here on cannot be kept until the end: %s", error)
            self._fails = True

    def close(self) -> None:
        """Stop writing, and leave what is written for another run."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Take it away: the gallery is whole."""
        self.close()
        for place in self.places:
            try:
                (place / JOURNAL).unlink(missing_ok=True)
            except OSError as error:
                logger.warning("'%s' is not needed any more but cannot be removed: %s", place / JOURNAL, error)

    def _open(self) -> FileIO:
        """Where there is nothing of use yet a new file, else the old one behind a line break."""
        refused = OSError("there is no place for it")
        for place in self.places:
            path = place / JOURNAL
            try:
                place.mkdir(parents=True, exist_ok=True)
                self._file = file = path.open("ab", buffering=0)  # a line is one write, at the end whoever else writes
                if self.done:
                    file.write(b"\n")  # ends a line that was cut short
                else:
                    file.truncate(0)
                return file
            except OSError as error:
                refused = error
        raise refused

    def _read(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                for line in file:
                    checksum, _, text = line.rstrip(b"\n").partition(b" ")
                    if text and checksum == self._checksum(text):
                        self._take(json.loads(text))
        except OSError:
            return

    def _take(self, content: dict) -> None:
        data = base64.b64decode(content["rows"])
        rows = iter(np.frombuffer(data, "<f4").reshape(-1, self.dimension))
        for name, stamp, digest, readable, why in content["files"]:
            self.done[name] = Done(name, stamp, bytes.fromhex(digest), next(rows) if readable else None, why)

    def _checksum(self, text: bytes) -> bytes:
        return hashlib.blake2b(text, digest_size=16, key=self._key).hexdigest().encode("ascii")

"""The working index of a gallery: one SQLite database for each model, with one row for each picture.

Every batch is one transaction. A run that is killed keeps all whole batches, and the next run goes on from there. Two
processes may index the same gallery at once (write-ahead log); the later row of a picture replaces the earlier one.
"""

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

import numpy as np

from mmgrad.imaging.files import DIGEST
from mmgrad.imaging.signature import LENGTH

SCHEMA = """
CREATE TABLE IF NOT EXISTS made_with (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pictures (
    id TEXT PRIMARY KEY,
    file_size INTEGER NOT NULL,
    stat TEXT NOT NULL,  -- see mmgrad.imaging.files.settled_signature
    digest BLOB NOT NULL,  -- of the file's content; empty where unknown
    embedding BLOB,  -- float32 [D]; NULL for a picture that cannot be read
    signature BLOB,  -- uint8 [768], see mmgrad.imaging.signature
    height INTEGER NOT NULL,  -- of the upright original
    width INTEGER NOT NULL,
    error TEXT NOT NULL  -- why the picture cannot be read, else ''
);
CREATE INDEX IF NOT EXISTS digests ON pictures (digest);
CREATE TABLE IF NOT EXISTS thumbnails (
    id TEXT PRIMARY KEY,
    stat TEXT NOT NULL,  -- of the file that it was made of, see mmgrad.imaging.files.stat_signature
    jpeg BLOB NOT NULL
);
"""

WAIT = 60.0
"""Seconds to wait for another process that is writing."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class IndexedImage:
    """A picture that has been looked at: the columns of its row, and (stat signature of the file, JPEG) of its
    thumbnail where it has one."""

    id: str
    file_size: int
    stat: str
    digest: bytes
    embedding: np.ndarray | None = None
    signature: np.ndarray | None = None
    height: int = 0
    width: int = 0
    error: str = ""
    thumbnail: tuple[str, bytes] | None = None


@dataclass(frozen=True, eq=False)
class Matrix:
    """Rows of the index in a gallery's order; each array has N rows.

    Attributes:
        embeddings: float32 [N, D].
        signatures: uint8 [N, 768].
        sizes: int32 [N, 2], height and width of the upright originals.
        digests: uint8 [N, 16]; zeros where unknown.
        file_sizes: int64 [N], bytes.
    """

    embeddings: np.ndarray
    signatures: np.ndarray
    sizes: np.ndarray
    digests: np.ndarray
    file_sizes: np.ndarray


class IndexDatabase:
    """The index of one gallery and one model. Safe to use from several threads.

    Attributes:
        path: where it lies; None for one in memory.
    """

    def __init__(self, places: Sequence[Path], name: str, made_with: dict[str, str]):
        """Open or make `name` in the first of some folders that can be written to, else in memory.

        What it holds is deleted where it was made with something else than `made_with`, or is damaged.
        """
        self.path: Path | None = None
        self._lock = RLock()
        for place in places:
            try:
                self._db = _open_or_replace(place / name, made_with)
            except (OSError, sqlite3.Error) as error:
                logger.debug("No index can be kept in '%s': %s", place, error)
            else:
                self.path = place / name
                return
        logger.warning("There is no place to store the index; it lives in memory only.")
        self._db = _open(":memory:", made_with)

    def clear(self) -> None:
        """Delete all rows."""
        with self._lock, self._db:
            self._db.execute("DELETE FROM pictures")
            self._db.execute("DELETE FROM thumbnails")

    def add(self, images: Sequence[IndexedImage]) -> None:
        """Store a batch in one transaction. Where the disk is full, the index goes on in memory, which is told once."""
        with self._lock:
            try:
                self._add(images)
            except sqlite3.OperationalError as error:
                if self.path is None:
                    raise
                logger.warning(
                    "The index cannot be stored any further (%s); what was stored stays, the rest is in memory only.",
                    error,
                )
                self._go_on_in_memory()
                self._add(images)

    def known(self) -> dict[str, tuple[int, str]]:
        """(file_size, stat) of each picture that has an embedding, by its id."""
        with self._lock:
            rows = self._db.execute("SELECT id, file_size, stat FROM pictures WHERE embedding IS NOT NULL")
            return {name: (size, stat) for name, size, stat in rows}

    def with_digest(self, digest: bytes) -> IndexedImage | None:
        """A picture of that content that has an embedding."""
        query = """SELECT p.id, file_size, p.stat, p.digest, embedding, signature, height, width, error, t.stat, jpeg
            FROM pictures p LEFT JOIN thumbnails t USING (id) WHERE p.digest = ? AND embedding IS NOT NULL LIMIT 1"""
        with self._lock:
            row = self._db.execute(query, (digest,)).fetchone()
        if row is None:
            return None
        name, size, stat, found, embedding, signature, height, width, error, thumbnail_stat, jpeg = row
        arrays = np.frombuffer(embedding, "<f4"), np.frombuffer(signature, np.uint8)
        thumbnail = None if jpeg is None else (thumbnail_stat, jpeg)
        return IndexedImage(name, size, stat, found, *arrays, height, width, error, thumbnail)

    def errors(self) -> dict[str, str]:
        """Why pictures could not be read, by their ids."""
        with self._lock:
            return dict(self._db.execute("SELECT id, error FROM pictures WHERE embedding IS NULL"))

    def keep_only(self, names: Iterable[str]) -> None:
        """Delete the rows of all other pictures. Does nothing where the disk is full."""
        with self._lock, suppress(sqlite3.OperationalError):
            here = {name for (name,) in self._db.execute("SELECT id FROM pictures")}
            gone = [(name,) for name in here - set(names)]
            with self._db:
                self._db.executemany("DELETE FROM pictures WHERE id = ?", gone)
                self._db.executemany("DELETE FROM thumbnails WHERE id = ?", gone)

    def matrix(self, names: Sequence[str], dimension: int) -> Matrix:
        """The rows of some pictures, each of which has an embedding."""
        count = len(names)
        found = Matrix(
            np.zeros((count, dimension), np.float32),
            np.zeros((count, LENGTH), np.uint8),
            np.zeros((count, 2), np.int32),
            np.zeros((count, DIGEST), np.uint8),
            np.zeros(count, np.int64),
        )
        positions = {name: position for position, name in enumerate(names)}
        columns = "id, embedding, signature, height, width, digest, file_size"
        query = f"SELECT {columns} FROM pictures WHERE embedding IS NOT NULL"
        with self._lock:
            for name, embedding, signature, height, width, digest, size in self._db.execute(query):
                row = positions.get(name)
                if row is not None:
                    found.embeddings[row] = np.frombuffer(embedding, "<f4")
                    found.signatures[row] = np.frombuffer(signature, np.uint8)
                    found.sizes[row] = height, width
                    found.file_sizes[row] = size
                    if digest:
                        found.digests[row] = np.frombuffer(digest, np.uint8)
        return found

    def close(self) -> None:
        """Close the file. Where nobody else uses it, the write-ahead log is merged into it and removed."""
        with self._lock, suppress(sqlite3.Error):
            self._db.execute("PRAGMA busy_timeout = 0")
            with suppress(sqlite3.OperationalError):
                self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.close()

    def _add(self, images: Sequence[IndexedImage]) -> None:
        with self._db:  # one transaction
            self._db.executemany(
                "INSERT OR REPLACE INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        image.id,
                        image.file_size,
                        image.stat,
                        image.digest,
                        None if image.embedding is None else image.embedding.astype("<f4").tobytes(),
                        None if image.signature is None else image.signature.tobytes(),
                        image.height,
                        image.width,
                        image.error,
                    )
                    for image in images
                ],
            )
            self._db.executemany("DELETE FROM thumbnails WHERE id = ?", [(image.id,) for image in images])
            if self.path is not None:  # memory is for rows
                self._db.executemany(
                    "INSERT INTO thumbnails VALUES (?, ?, ?)",
                    [(image.id, *image.thumbnail) for image in images if image.thumbnail is not None],
                )

    def _go_on_in_memory(self) -> None:
        memory = sqlite3.connect(":memory:", check_same_thread=False)
        memory.executescript(SCHEMA)
        memory.executemany(
            "INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", self._db.execute("SELECT * FROM pictures")
        )
        memory.commit()
        self._db.close()
        self._db, self.path = memory, None


def read_thumbnails(path: Path, names: Sequence[str]) -> dict[str, tuple[str, bytes]]:
    """(stat, JPEG) of the thumbnails of some pictures, by their ids; nothing where the index is missing or damaged."""
    try:
        with closing(_reader(path)) as db:
            marks = ", ".join("?" * len(names))
            rows = db.execute(f"SELECT id, stat, jpeg FROM thumbnails WHERE id IN ({marks})", tuple(names))
            return {name: (stat, jpeg) for name, stat, jpeg in rows}
    except sqlite3.Error as error:
        logger.debug("The thumbnails of '%s' cannot be read: %s", path, error)
        return {}


def write_thumbnails(path: Path, thumbnails: Sequence[tuple[str, str, bytes]]) -> None:
    """Store (id, stat, JPEG) of some pictures, where that is possible."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=1)) as db, db:
            db.executemany("INSERT OR REPLACE INTO thumbnails VALUES (?, ?, ?)", thumbnails)
    except sqlite3.Error as error:
        logger.debug("Thumbnails cannot be stored in '%s': %s", path, error)


def _reader(path: Path) -> sqlite3.Connection:
    """A connection that only reads, even where nothing at all can be written."""
    address = path.resolve().as_uri()
    db = sqlite3.connect(f"{address}?mode=ro", uri=True, timeout=WAIT)
    try:
        db.execute("SELECT 1 FROM made_with").fetchone()
    except sqlite3.OperationalError:
        db.close()
        db = sqlite3.connect(f"{address}?immutable=1", uri=True)
    return db


def _open_or_replace(path: Path, made_with: dict[str, str]) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _open(path, made_with)
    except sqlite3.OperationalError:  # it cannot be written to, or is locked
        raise
    except sqlite3.DatabaseError as error:
        logger.warning("The index '%s' is damaged (%s) and is made again.", path.name, error)
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return _open(path, made_with)


def _open(path: Path | str, made_with: dict[str, str]) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=WAIT, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")  # where the file system has none, SQLite keeps its own default
        db.execute("PRAGMA synchronous = NORMAL")  # a power failure may lose the last batches, never the rest
        db.executescript(SCHEMA)
        with db:
            db.execute("BEGIN IMMEDIATE")  # also finds out whether it can be written to
            if dict(db.execute("SELECT key, value FROM made_with").fetchall()) != made_with:
                for table in ("pictures", "thumbnails", "made_with"):
                    db.execute(f"DELETE FROM {table}")
                db.executemany("INSERT INTO made_with VALUES (?, ?)", made_with.items())
        db.execute("SELECT max(length(embedding)) FROM pictures LIMIT 1").fetchone()
    except BaseException:
        db.close()
        raise
    return db

"""Pictures to rows of the index: those that are known are kept, the others are decoded in parallel and embedded.

Every picture is decoded once. Its pixels give the embedding, the signature and the thumbnail.
"""

import logging
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from tqdm import tqdm

from mmgrad.errors import InputError
from mmgrad.gallery.database import IndexDatabase, IndexedImage
from mmgrad.gallery.pictures import encode_thumbnail, needs_thumbnail
from mmgrad.gallery.sources.record import Record
from mmgrad.imaging import files
from mmgrad.imaging.files import safe_name
from mmgrad.imaging.io import READ_SIDE, LoadedImage, read_image
from mmgrad.imaging.signature import signature

BATCH = 32
"""Pictures that are embedded in one step."""

WORKERS = min(16, os.cpu_count() or 1)
"""Threads that read and decode; the decoders work outside of Python's lock."""

AHEAD = 2 * BATCH
"""Pictures that are decoded before their batch begins; with two batches, all that is in memory at a time."""

MAX_BYTES = 2**26
"""Files that are read into memory at once; a larger one is read twice, for its digest and for its pixels."""


logger = logging.getLogger(__name__)


class Embedder(Protocol):
    """What a gallery needs of a model."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the embeddings would."""

    @property
    def dimension(self) -> int:
        """D, the length of an embedding."""

    def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
        """RGB uint8 [H, W, 3] each -> [B, D], L2-normalized."""


@dataclass(frozen=True, eq=False)
class PendingImage:
    """A picture that is to be embedded: its row without an embedding, and its pixels."""

    row: IndexedImage
    pixels: np.ndarray


@dataclass(frozen=True, eq=False)
class KnownImages:
    """Finds out whether a picture has a row already, reading as little as possible. Safe to use from several threads.

    Attributes:
        database: the index.
        by_size: whether a file of the same id and size counts as the same; by default its content must be the same.
        thumbnails: whether new rows get a thumbnail.
        legacy: embeddings of an older index, see `mmgrad.gallery.legacy`.
    """

    database: IndexDatabase
    by_size: bool = False
    thumbnails: bool = True
    legacy: Mapping[tuple[str, int], np.ndarray] = field(default_factory=dict)
    _known: dict[str, tuple[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known.update(self.database.known())

    def find(self, record: Record) -> PendingImage | IndexedImage | None:
        """None for a picture whose row is right; a row to store where nothing needs to be embedded; else the pixels."""
        size, stat = files.size(record.path), files.settled_signature(record.path)
        known_size, known_stat = self._known.get(record.id, (-1, ""))
        if (stat and stat == known_stat) or (self.by_size and 0 <= size == known_size):
            return None
        row = IndexedImage(record.id, size, stat, b"")
        try:
            content = _content(record, size)
            row = replace(row, digest=files.digest(content))
            found = self.database.with_digest(row.digest) if row.digest else None
            if found is not None:
                thumbnail = found.thumbnail and (files.stat_signature(record.path), found.thumbnail[1])
                return replace(found, id=record.id, file_size=size, stat=stat, thumbnail=thumbnail)
            return self._decoded(record, row, read_image(content, name=f"'{safe_name(record.id)}'"))
        except InputError as error:
            return replace(row, error=str(error))

    def _decoded(self, record: Record, row: IndexedImage, image: LoadedImage) -> PendingImage | IndexedImage:
        if image.note:
            logger.warning("'%s': %s", row.id, image.note)
        thumbnail = None
        if self.thumbnails and needs_thumbnail(image.height, image.width):
            thumbnail = files.stat_signature(record.path), encode_thumbnail(image.pixels)
        row = replace(
            row,
            height=image.height,
            width=image.width,
            signature=signature(image.pixels),
            thumbnail=thumbnail,
        )
        embedding = self.legacy.get((row.id, row.file_size))
        if embedding is not None and max(image.height, image.width) <= READ_SIDE and not image.converted:
            return replace(row, embedding=embedding)
        return PendingImage(row, image.pixels)


def index_pictures(
    records: Sequence[Record], model: Embedder, known: KnownImages, name: str, progress: bool = True
) -> int:
    """Bring the rows of all pictures up to date, batch by batch; returns how many were embedded.

    `name` is what the line of progress calls the gallery.
    """
    embedded = 0
    batch: list[PendingImage] = []
    unsent: list[IndexedImage] = []
    running: tuple[list[PendingImage], torch.Tensor] | None = None
    with tqdm(total=len(records), desc=f"Indexing {name}", unit=" pictures", disable=not progress) as bar:

        def finish() -> None:
            # Waits for the device: called after the next batch was sent to it.
            nonlocal running
            if running is not None:
                images, rows = running
                known.database.add(_with_embeddings(images, rows))
                bar.update(len(images))
                running = None

        for found in _ahead(records, known):
            if isinstance(found, PendingImage):
                batch.append(found)
            else:
                bar.update()
                if found is not None:
                    unsent.append(found)
            if len(unsent) >= BATCH:
                known.database.add(unsent)
                unsent.clear()
            if len(batch) == BATCH:
                sent = (batch, model.encode_image([image.pixels for image in batch]))
                finish()
                running, batch, embedded = sent, [], embedded + BATCH
                if running[1].device.type == "cpu":
                    finish()
        finish()
        if batch:
            running = (batch, model.encode_image([image.pixels for image in batch]))
            embedded += len(batch)
            finish()
        if unsent:
            known.database.add(unsent)
    return embedded


def _with_embeddings(images: Sequence[PendingImage], embeddings: torch.Tensor) -> list[IndexedImage]:
    rows = embeddings.detach().float().cpu().numpy()
    return [replace(image.row, embedding=row) for image, row in zip(images, rows, strict=True)]


def _content(record: Record, size: int) -> Path | bytes:
    """The bytes of a picture, or the path of a very large one or of one that cannot be read."""
    if not isinstance(record.path, Path):
        return record.path.read_bytes()
    if size > MAX_BYTES or not record.path.is_file():
        return record.path
    try:
        return record.path.read_bytes() or record.path  # of an empty file, the reader tells
    except OSError:
        return record.path


def _ahead(records: Sequence[Record], known: KnownImages) -> Iterator[PendingImage | IndexedImage | None]:
    """`known.find` of each record, in order, computed by threads a bounded number of records ahead."""
    waiting: deque[Future[PendingImage | IndexedImage | None]] = deque()
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="decode") as pool:
        try:
            for record in records:
                waiting.append(pool.submit(known.find, record))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

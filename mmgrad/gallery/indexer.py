"""Pictures to rows: those that are known are kept, the others are decoded in parallel and embedded in batches.

One pass in the gallery's order. The batches are made of the pictures that are not known yet, 32 at a time, and go to
the journal whole. A run that was stopped therefore goes on with the same batches that it would have made, and ends with
the same bytes: a row depends, in its last bits, on how many pictures share its batch.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from tqdm import tqdm

from mmgrad.gallery.embedding_cache import Fresh, Known
from mmgrad.gallery.journal import Done, Journal
from mmgrad.gallery.sources.folder import Record
from mmgrad.imaging import files

BATCH = 32
"""Pictures that are embedded in one step."""

WORKERS = min(16, os.cpu_count() or 1)
"""Threads that read and decode; the decoders work outside of Python's lock."""

AHEAD = min(BATCH, 4 * WORKERS)
"""Pictures that are decoded before their batch begins; with a batch, all that is in memory at a time."""


class Embedder(Protocol):
    """What a gallery needs of a model."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the embeddings would."""

    @property
    def dimension(self) -> int:
        """D, the length of an embedding."""

    def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
        """RGB uint8 [H, W, 3] each -> [B, D], L2-normalised."""


@dataclass(frozen=True, eq=False)
class Rows:
    """What became of the pictures.

    Attributes:
        embeddings: float32 [N, D], of the pictures that could be read.
        digests: uint8 [N, 16], see `Stored`.
        skipped: (id, why) of the others.
        embedded: how many of the N were embedded anew.
    """

    embeddings: torch.Tensor
    digests: torch.Tensor
    skipped: tuple[tuple[str, str], ...]
    embedded: int


def index(records: Sequence[Record], model: Embedder, known: Known, name: str, progress: bool = True) -> Rows:
    """The rows of all pictures, in their order. Batches are added to the journal as they are done.

    `name` is what the line of progress calls them; `known.stamps` learns the digests of their files.
    """
    found = _Found.room_for(len(records), model.dimension)
    batch: list[tuple[int, Fresh]] = []
    with tqdm(total=len(records), desc=f"Indexing {name}", unit=" pictures", disable=not progress) as bar:
        for position, seen in enumerate(_ahead(records, known)):
            if isinstance(seen, Done):
                found.put(position, seen)
                bar.update()
            else:
                batch.append((position, seen))
            if len(batch) == BATCH or (batch and position == len(records) - 1):
                _embed(batch, model, known.journal, found)
                bar.update(len(batch))
                batch.clear()
    known.stamps.clear()
    known.stamps.update(found.stamps)
    return found.rows([record.id for record in records])


@dataclass(eq=False)
class _Found:
    """The rows so far, by position."""

    embeddings: np.ndarray  # (N, D)
    digests: np.ndarray  # (N, 16)
    readable: np.ndarray  # (N,)
    whys: dict[int, str] = field(default_factory=dict)
    stamps: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    embedded: int = 0

    @classmethod
    def room_for(cls, count: int, dimension: int) -> "_Found":
        return cls(
            np.zeros((count, dimension), np.float32), np.zeros((count, files.DIGEST), np.uint8), np.zeros(count, bool)
        )

    def put(self, position: int, done: Done) -> None:
        if done.row is None:
            self.whys[position] = done.why
            return
        self.readable[position] = True
        self.embeddings[position] = done.row
        if done.digest:
            self.digests[position] = np.frombuffer(done.digest, np.uint8)
        if done.stamp and done.digest:
            self.stamps[done.id] = (done.stamp, done.digest)

    def rows(self, names: Sequence[str]) -> Rows:
        every = bool(self.readable.all())  # then the rows are not copied
        embeddings = self.embeddings if every else self.embeddings[self.readable]
        digests = self.digests if every else self.digests[self.readable]
        skipped = tuple((names[position], why) for position, why in sorted(self.whys.items()))
        return Rows(torch.from_numpy(embeddings), torch.from_numpy(digests), skipped, self.embedded)


def _embed(batch: Sequence[tuple[int, Fresh]], model: Embedder, journal: Journal, found: _Found) -> None:
    pictures = [fresh.pixels for _, fresh in batch if fresh.pixels is not None]
    rows = iter(model.encode_image(pictures).detach().float().cpu().numpy() if pictures else ())
    done = []
    for position, fresh in batch:
        row = next(rows) if fresh.pixels is not None else None
        done.append(Done(fresh.id, fresh.stamp, fresh.digest, row, fresh.why))
        found.put(position, done[-1])
    found.embedded += len(pictures)
    journal.add(done)


def _ahead(records: Sequence[Record], known: Known) -> Iterator[Done | Fresh]:
    """`known.find` of each record, in order, computed by threads a bounded number of records ahead."""
    waiting: deque[Future[Done | Fresh]] = deque()
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

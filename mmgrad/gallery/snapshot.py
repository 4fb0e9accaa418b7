"""A gallery's rows in one file that loads in one read, and that can be published beside the pictures.

    embeddings  float32 [N, D]
    signatures  uint8 [N, 768], see `mmgrad.imaging.signature`
    sizes       int32 [N, 2], height and width of the upright originals
    digests     uint8 [N, 16], of the files' contents
    file_sizes  int64 [N], bytes
    ids         uint8, the ids in UTF-8, a zero byte between two

The header says what the rows were made with, and which pictures could not be read. Nothing is ever unpickled.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from mmgrad.gallery.database import IndexedImage, Matrix
from mmgrad.gallery.sources.record import Record
from mmgrad.imaging import files
from mmgrad.imaging.io import READ_SIDE
from mmgrad.utils.atomic_io import atomic_path
from mmgrad.utils.fingerprint import fingerprint

FORMAT = "mmgrad gallery 2"

PREPROCESSING = f"version 2: sRGB, upright, flattened on white, longest side at most {READ_SIDE} pixels"
"""What happens to a file before the model sees it. A change here makes stored galleries stale."""


class StaleError(Exception):
    """A snapshot is missing, damaged or made of something else; the text says which, to end a sentence with."""


@dataclass(frozen=True)
class MadeWith:
    """What the rows of an index depend on, besides the pictures."""

    fingerprint: str
    dimension: int
    preprocessing: str = PREPROCESSING
    format: str = FORMAT

    @property
    def file_name(self) -> str:
        """The name, without suffix, of the files of such an index."""
        return self.fingerprint if self.fingerprint.isalnum() else fingerprint(self.fingerprint)

    def to_strings(self) -> dict[str, str]:
        """All of it as text."""
        return {key: str(value) for key, value in vars(self).items()}


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a file holds.

    Attributes:
        ids: of the N pictures, in the gallery's order.
        matrix: their rows.
        skipped: (id, file size, why) of the pictures that could not be read.
    """

    ids: list[str]
    matrix: Matrix
    skipped: tuple[tuple[str, int, str], ...] = ()

    def fits(self, records: Sequence[Record]) -> bool:
        """Whether it holds just these pictures, in this order, by the sizes of their files: one `stat` each."""
        sizes = dict(zip(self.ids, self.matrix.file_sizes.tolist(), strict=True))
        sizes.update({name: size for name, size, _ in self.skipped})
        skipped = {name for name, _, _ in self.skipped}
        return (
            len(sizes) == len(records)
            and [record.id for record in records if record.id not in skipped] == self.ids
            and all(sizes.get(record.id, -2) == files.size(record.path) for record in records)
        )

    def rows(self) -> list[IndexedImage]:
        """The rows as a database keeps them, without what is known of the files on this disk."""
        matrix = self.matrix
        return [
            IndexedImage(
                name,
                int(matrix.file_sizes[row]),
                "",
                matrix.digests[row].tobytes() if matrix.digests[row].any() else b"",
                matrix.embeddings[row],
                matrix.signatures[row],
                int(matrix.sizes[row, 0]),
                int(matrix.sizes[row, 1]),
            )
            for row, name in enumerate(self.ids)
        ]


def write_snapshot(path: Path, made_with: MadeWith, snapshot: Snapshot) -> None:
    """Write a snapshot, whole or not at all. Raises OSError."""
    tensors = {name: np.ascontiguousarray(array) for name, array in vars(snapshot.matrix).items()}
    tensors["ids"] = np.frombuffer("\0".join(snapshot.ids).encode(), np.uint8)
    header = made_with.to_strings() | {"skipped": json.dumps(snapshot.skipped)}
    try:
        with atomic_path(path) as part:
            save_file(tensors, part, metadata=header)
    except SafetensorError as error:  # a full disk
        raise OSError(str(error)) from error


def read_snapshot(path: Path, made_with: MadeWith) -> Snapshot:
    """Read a snapshot.

    Raises:
        StaleError: it is missing or damaged, or was made with something else.
    """
    if not path.is_file():
        raise StaleError("it has no index yet")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            found = {key: header.get(key) for key in made_with.to_strings()}
            if found["format"] != FORMAT:
                raise StaleError("its index is of another format")
            if found != made_with.to_strings():
                raise StaleError("its index was made by another model or with other preprocessing")
            tensors = {name: file.get_tensor(name).numpy() for name in file.keys()}  # noqa: SIM118 (no mapping)
        text = tensors.pop("ids").tobytes().decode()
        skipped = tuple((str(name), int(size), str(why)) for name, size, why in json.loads(header["skipped"]))
        snapshot = Snapshot(text.split("\0") if text else [], Matrix(**tensors), skipped)
    except (OSError, SafetensorError, ValueError, TypeError, KeyError) as error:
        raise StaleError("its index is damaged") from error
    if not _is_whole(snapshot, made_with.dimension):
        raise StaleError("its index is damaged")
    return snapshot


def is_normalized(embeddings: torch.Tensor) -> bool:
    """Whether every row is finite and of length 1, to what float32 (and a model in half precision) can say."""
    lengths = torch.linalg.vector_norm(embeddings, dim=1, dtype=torch.float32)
    return bool(((lengths - 1).abs() < 1e-2).all())  # NaN compares false


def _is_whole(snapshot: Snapshot, dimension: int) -> bool:
    count, matrix = len(snapshot.ids), snapshot.matrix
    expected = {
        "embeddings": ((count, dimension), np.float32),
        "signatures": ((count, 768), np.uint8),
        "sizes": ((count, 2), np.int32),
        "digests": ((count, files.DIGEST), np.uint8),
        "file_sizes": ((count,), np.int64),
    }
    arrays = vars(matrix)
    shaped = all(
        arrays[name].shape == shape and arrays[name].dtype == dtype for name, (shape, dtype) in expected.items()
    )
    return shaped and is_normalized(torch.from_numpy(matrix.embeddings))

"""A stand-in for the engine: the same values and the same steps, drawn instead of computed, so that it is quick."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmgrad.data.image_folder import Record
from mmgrad.engine import Explanation, Hit, Map, WordEvidence
from mmgrad.errors import InputError
from mmgrad.images import Letterbox, load_image


class DrawnEngine:
    """Streams explanations of pictures in a folder; the glow lies where it is told to, nothing is learnt."""

    def __init__(self, folder: Path, captions: Sequence[str]):
        records = tuple(
            Record(path.name, path, caption, "GPL-3.0-or-later", "https://example.org/a")
            for path, caption in zip(sorted(folder.glob("*.png")), captions, strict=True)
        )
        self.gallery = _Gallery(folder, records)
        self.model = SimpleNamespace(name="drawn")

    def stream(self, image: np.ndarray, text: str, k: int = 12) -> Iterator[Explanation]:
        if not text.strip():
            raise InputError("The text is empty; say in words what should be different.")
        reference = spot(image, 4, 4, 0.02)
        result = Explanation(text, image, reference, (), (), "drawn", self.gallery.folder.name, {})
        yield result
        pictures = [(record, load_image(record.path)) for record in self.gallery.records[:k]]
        hits = tuple(
            Hit(
                rank, record, 0.9 - rank / 50, picture, spot(picture, 4 + rank % 6, 7, 0.012 / rank if rank != 3 else 0)
            )
            for rank, (record, picture) in enumerate(pictures, start=1)
        )
        result = replace(result, hits=hits)
        yield result
        words = tuple(
            WordEvidence(
                word=match.group(),
                start=match.start(),
                end=match.end(),
                weight=(-1) ** number * 0.1 / (number + 1),
                reference=spot(image, number, 10, 0.004),
                targets=tuple(spot(hit.image, 10, number, 0.003) for hit in hits),
            )
            for number, match in enumerate(re.finditer(r"\w+", text))
        )
        yield replace(result, words=words, timing_ms={"total": 1234.0})


class _Gallery:
    def __init__(self, folder: Path, records: tuple[Record, ...]):
        self.folder = folder
        self.records = records
        self.positions = {record.id: row for row, record in enumerate(records)}

    def __len__(self) -> int:
        return len(self.records)


def spot(image: np.ndarray, x: int, y: int, height: float, threshold: float = 1e-6) -> Map:
    """A map of 14 x 14 cells over a picture with one hill at the cell (x, y)."""
    rows, columns = np.mgrid[0:14, 0:14]
    hill = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 6) * height
    return Map(hill.astype(np.float32), Letterbox.fit(*image.shape[:2], 224), threshold)


@pytest.fixture
def make_map() -> Callable[..., Map]:
    return spot


@pytest.fixture(scope="session")
def drawn_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    for number in range(14):
        size = ((200, 150), (150, 200), (180, 180))[number % 3]
        Image.new("RGB", size, (40 + 14 * number, 120, 200 - 10 * number)).save(folder / f"{number:02}.png")
    return folder


@pytest.fixture(scope="session")
def drawn_engine(drawn_folder: Path) -> Any:
    return DrawnEngine(drawn_folder, [f"a picture of number {number}" for number in range(14)])

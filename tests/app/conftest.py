"""A stand-in for the engine: the same questions and the same kinds of answers, drawn instead of computed."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from mmgrad.errors import InputError
from mmgrad.gallery.sources.folder import Record
from mmgrad.imaging.io import Letterbox, load_image
from mmgrad.results import (
    AttentionMap,
    Contrast,
    Explanation,
    Hit,
    OccludedImage,
    OcclusionCheck,
    WordAttribution,
)

PATIENCE = 60  # seconds


class DrawnEngine:
    """Answers about pictures in a folder; the glow lies where it is told to, nothing is learnt.

    A text with "red" turns the order of the gallery around. The third result never has evidence. While `gate` is
    not set, an answer stops after the reference map; while `hold` is not, before it. `asked` remembers what came in.
    """

    def __init__(
        self,
        folder: Path,
        captions: Sequence[str],
        license: str = "GPL-3.0-or-later",
        link: str = "https://example.org/a",
    ):
        records = tuple(
            Record(path.name, path, caption, license, link)
            for path, caption in zip(sorted(folder.glob("*.png")), captions, strict=True)
        )
        self.gallery = _Gallery(folder, records)
        self.model = SimpleNamespace(name="drawn", fingerprint="d0d0", encoder=SimpleNamespace())
        self.name = folder.name
        self.gate = Event()
        self.gate.set()
        self.hold = Event()
        self.hold.set()
        self.asked: list[tuple[Any, ...]] = []

    def stream(
        self, image: Any, text: str, top_k: int = 12, *, text_weight: float = 1.0, exclude_duplicates: bool = False
    ) -> Iterator[Explanation]:
        self.asked.append(("stream", text, top_k, text_weight, exclude_duplicates))
        if not text.strip():
            raise InputError("The text is empty; say in words what should be different.")
        if not isinstance(top_k, int) or top_k < 1:
            raise InputError(f"The number of results must be a whole number, not {top_k!r}.")
        self.hold.wait(PATIENCE)
        image = load_image(image)
        result = Explanation(
            text, image, spot(image, 4, 4, 0.02), (), (), "drawn", self.gallery.folder.name, "d0d0", text_weight
        )
        yield result
        self.gate.wait(PATIENCE)
        records = [*(reversed(self.gallery.records) if "red" in text else self.gallery.records)]
        excluded = (records.pop(0).id,) if exclude_duplicates else ()
        hits = tuple(
            Hit(rank, record, 0.9 - rank / 50, picture, spot(picture, 4 + rank % 6, 7, _height(rank)))
            for rank, record in enumerate(records[:top_k], start=1)
            for picture in [load_image(record.path)]
        )
        chance = None if text_weight != 1 else 0.12 if "red" in text else 0.823
        result = replace(result, hits=hits, excluded=excluded, confidence=chance)
        yield result
        words = tuple(
            WordAttribution(
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

    def explain(self, *given: Any, **named: Any) -> Explanation:
        *_, last = self.stream(*given, **named)
        return last

    def suggest(self, image: Any) -> list[str]:
        image = load_image(image)
        return [f"move the picture of {image.shape[1]} pixels", "paint it <b>black</b> ${1+1}"]

    def contrast(self, image: Any, text: str, first: str, second: str, text_weight: float = 1.0) -> Contrast:
        image = load_image(image)
        self.asked.append(("contrast", text, first, second, text_weight))
        pair = tuple(self._record(name) for name in (first, second))
        targets = tuple(spot(load_image(record.path), 3, 3, 0.02, negative=(10, 10)) for record in pair)
        words = tuple((m.group(), m.start(), m.end(), 0.1 - 0.05 * n) for n, m in enumerate(re.finditer(r"\w+", text)))
        return Contrast(*pair, (0.88, 0.84), spot(image, 9, 9, 0.01, negative=(2, 2)), targets, words)

    def per_result_attribution(
        self, image: Any, text: str, ids: Sequence[str], text_weight: float = 1.0
    ) -> tuple[AttentionMap, ...]:
        """Result n speaks in column n, at half height."""
        image = load_image(image)
        self.asked.append(("responses", text, len(ids), text_weight))
        return tuple(spot(image, number, 7, 0.01) for number, _ in enumerate(ids))

    def text_agnostic_gradcam(
        self, image: Any, text: str, ids: Sequence[str]
    ) -> tuple[AttentionMap, tuple[AttentionMap, ...]]:
        image = load_image(image)
        self.asked.append(("text_blind", text, len(ids)))
        return spot(image, 11, 11, 3.0), tuple(spot(load_image(self._record(each).path), 2, 11, 2.0) for each in ids)

    def verify(self, image: Any, text: str, hit: str, text_weight: float = 1.0) -> OcclusionCheck:
        self.asked.append(("check", text, hit, text_weight))
        picture = load_image(self._record(hit).path)
        elsewhere = tuple(OccludedImage(picture, 0.87 - n / 100, 1 + n) for n in range(5))
        return OcclusionCheck(hit, 0.08, OccludedImage(picture, 0.88, 1), OccludedImage(picture, 0.61, 9), elsewhere)

    def _record(self, name: str) -> Record:
        if name not in self.gallery.positions:
            raise InputError(f"The gallery holds no picture '{name}'.")
        return self.gallery.records[self.gallery.positions[name]]


class _Gallery:
    def __init__(self, folder: Path, records: tuple[Record, ...]):
        self.folder = folder
        self.records = records
        self.positions = {record.id: row for row, record in enumerate(records)}
        self.embeddings = torch.eye(len(records))

    def __len__(self) -> int:
        return len(self.records)


def _height(rank: int) -> float:
    return 0.0 if rank == 3 else 0.012 / rank


def spot(
    image: np.ndarray, x: int, y: int, height: float, threshold: float = 1e-6, negative: tuple[int, int] | None = None
) -> AttentionMap:
    """A map of 14 x 14 cells over a picture with one hill at the cell (x, y), and one hollow at `negative`."""
    rows, columns = np.mgrid[0:14, 0:14]
    hill = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 6) * height
    if negative:
        hill -= np.exp(-((columns - negative[0]) ** 2 + (rows - negative[1]) ** 2) / 6) * height
    return AttentionMap(hill.astype(np.float32), Letterbox.fit(*image.shape[:2], 224), threshold)


@pytest.fixture(scope="session")
def make_map() -> Callable[..., AttentionMap]:
    return spot


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Answers of examples are kept in a folder of the tests, not in the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def drawn_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _draw(tmp_path_factory.mktemp("drawn"), 14, green=120)


@pytest.fixture(scope="session")
def other_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _draw(tmp_path_factory.mktemp("others"), 5, green=20)


def _draw(folder: Path, count: int, green: int) -> Path:
    for number in range(count):
        size = ((200, 150), (150, 200), (180, 180))[number % 3]
        picture = Image.new("RGB", size, (40 + 14 * number, green, 200 - 10 * number))
        ImageDraw.Draw(picture).ellipse((30 + 5 * number, 50, 70 + 5 * number, 90), (240, 220, 60))
        picture.save(folder / f"{number:02}.png")
    return folder


@pytest.fixture(scope="session")
def make_engine(drawn_folder: Path) -> Callable[[], DrawnEngine]:
    return lambda: DrawnEngine(drawn_folder, [f"a picture of number {number}" for number in range(14)])


@pytest.fixture
def drawn_engine(make_engine: Callable[[], DrawnEngine]) -> DrawnEngine:
    return make_engine()


@pytest.fixture(scope="session")
def markup() -> str:
    """What somebody's metadata may hold; it is text, and nothing of it runs."""
    return "<img src=x onerror=alert(1)> ${1+1} {{value}} & more"


@pytest.fixture(scope="session")
def make_other(other_folder: Path, markup: str) -> Callable[[], DrawnEngine]:
    """An engine of a smaller gallery, whose metadata was not written by friends."""
    return lambda: DrawnEngine(other_folder, [markup] * 5, license="<b>CC BY</b>", link="javascript:alert(1)")


@pytest.fixture
def other_engine(make_other: Callable[[], DrawnEngine]) -> DrawnEngine:
    return make_other()

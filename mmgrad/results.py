"""What an explanation is made of: maps, words, hits. Values only; the engine makes them, nothing changes them."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np

from mmgrad.gallery.sources.folder import Record
from mmgrad.imaging.letterbox import Letterbox


@dataclass(frozen=True, eq=False)
class AttentionMap:
    """An attention map over one picture.

    values: float32 [h, w], raw scale; positive evidence says "here", negative speaks against. `letterbox` is the
    geometry between the square the map covers and the picture. `threshold`: less positive evidence
    than this is none at all; 0 where none was calibrated. `change`: float32 [h, w], the evidence for and against the
    change alone, of a map that tells of the whole match beneath it (`mmgrad.attribution.blend`).
    """

    values: np.ndarray
    letterbox: Letterbox
    threshold: float
    change: np.ndarray | None = None

    @property
    def signed(self) -> np.ndarray:
        """Evidence for and against, float32 [h, w]: of the change where the map has more beneath it."""
        return self.values if self.change is None else self.change

    @property
    def total_positive(self) -> float:
        """The sum of the positive values."""
        return float(self._positive.sum())

    @property
    def empty(self) -> bool:
        """Whether the map holds no evidence worth showing."""
        return self.total_positive < self.threshold or self.total_positive == 0

    @property
    def peak(self) -> float:
        """The greatest positive value inside the picture; 0 for an empty map."""
        return 0.0 if self.empty else float(self.on_original().max())

    @property
    def peak_xy(self) -> tuple[int, int] | None:
        """The pixel (x, y) of the picture where the map is greatest, None for an empty map."""
        if self.empty:
            return None
        y, x = divmod(int(self.on_original().argmax()), self.letterbox.width)
        return x, y

    def on_original(self) -> np.ndarray:
        """The positive map at the picture's own pixels, float32 [height, width], raw scale."""
        return self.letterbox.restore(self._positive)

    @property
    def _positive(self) -> np.ndarray:
        return np.maximum(self.values, 0)


@dataclass(frozen=True, eq=False)
class WordAttribution:
    """A whole word of the text (its characters [start, end)), its weight, its map over the reference and over each hit.

    The weight is how much the score of the first hit falls when the word is left out.
    """

    word: str
    start: int
    end: int
    weight: float
    reference: AttentionMap
    targets: tuple[AttentionMap, ...]


@dataclass(frozen=True, eq=False)
class Hit:
    """One retrieved picture: rank from 1, cosine score, pixels uint8 [H, W, 3], and where the change shows in it."""

    rank: int
    record: Record
    score: float
    image: np.ndarray
    attention: AttentionMap

    @property
    def link(self) -> str | None:
        """The picture's link where it leads to a page of the web; None for any other, such as `javascript:`."""
        try:
            parts = urlsplit(self.record.link or "")
        except ValueError:
            return None
        return self.record.link if parts.scheme in ("http", "https") and parts.netloc else None


@dataclass(frozen=True, eq=False)
class Explanation:
    """What was found, and why.

    `fingerprint` is the model's; `text_weight` how much the text's change counted (1: as trained); `excluded` the ids
    of the gallery's copies of the reference that were not to be found; `confidence` the chance, from 0 to 1, that the
    first hit is the picture asked for, None where none was calibrated; `timing_ms` the milliseconds of each step so
    far.
    """

    text: str
    image: np.ndarray
    reference: AttentionMap
    words: tuple[WordAttribution, ...]
    hits: tuple[Hit, ...]
    model: str
    gallery: str
    fingerprint: str = ""
    text_weight: float = 1.0
    excluded: tuple[str, ...] = ()
    confidence: float | None = None
    timing_ms: dict[str, float] = field(default_factory=dict)

    @property
    def scale(self) -> float:
        """The peak of the first hit that has evidence: the shared scale that the hits' panels are drawn on.

        Not the greatest of all, for one strong map far down the list would leave the first results without a glow;
        stronger evidence than the scale is drawn as the scale's end.
        """
        return next((hit.attention.peak for hit in self.hits if not hit.attention.empty), 0.0)

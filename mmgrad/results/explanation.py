"""The answer of `Engine.explain`: the hits, the maps, the words, and methods to print, draw, save and question it."""

from dataclasses import dataclass, field, replace
from io import BytesIO
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmgrad.errors import InputError
from mmgrad.results.analyses import Contrast, FollowUps, OcclusionCheck
from mmgrad.results.attention_map import AttentionMap
from mmgrad.results.hits import Hit, WordAttribution, metadata_of, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """What was found, and why.

    Attributes:
        text: the modification text.
        image: the reference, uint8 [H, W, 3].
        reference: which region of the reference the text is changing.
        words: the words of the text; empty before the last step of `Engine.stream`.
        hits: the pictures found, best first; empty in the first step of `Engine.stream`.
        model, gallery: their names. fingerprint: the model's.
        text_weight: how much the text counted; 1 is as trained.
        excluded: ids of the gallery's near-duplicates of the reference that were excluded.
        confidence: the chance, in [0, 1], that the first hit is the picture asked for; None where none was calibrated.
        timing_ms: milliseconds of each step so far.
        follow_ups: answers follow-up questions without encoding again. It keeps the feature maps of the reference and
            the hits, see `detached`. Not pickled.
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
    follow_ups: FollowUps | None = None

    @property
    def scale(self) -> float:
        """The peak of the first hit that has evidence: the shared scale that the hits are drawn on.

        Not the greatest peak of all: one strong map far down the list would leave the first results blank. Stronger
        values are drawn as the end of the scale.
        """
        return next((hit.attention.peak for hit in self.hits if not hit.attention.empty), 0.0)

    def contrast(self, first: int | str, second: int | str) -> Contrast:
        """Why one hit rather than another; each is given by its rank (from 1) or its id.

        Raises InputError for a hit that is not there or cannot be read, or a detached explanation.
        """
        return self._follow_ups.contrast(self._id(first), self._id(second))

    def verify(self, hit: int | str = 1) -> OcclusionCheck:
        """Occlude the region that the map marks in a hit, and control regions of the same size, and rank it again.

        Raises InputError as `contrast` does, and for a hit whose map holds no evidence.
        """
        return self._follow_ups.verify(self._id(hit))

    def per_result_attribution(self) -> tuple[AttentionMap, ...]:
        """For each hit, a map over the reference: how much the change at each place contributes to the hit's score.

        Hits whose picture cannot be read are left out. Raises InputError for a detached explanation.
        """
        return self._follow_ups.per_result_attribution(self._readable)

    def text_agnostic_gradcam(self) -> tuple[AttentionMap, tuple[AttentionMap, ...]]:
        """Grad-CAM that does not read the text, over the reference and over each hit that can be read, as a baseline.

        Raises InputError for a detached explanation.
        """
        return self._follow_ups.text_agnostic_gradcam(self._readable)

    def detached(self) -> "Explanation":
        """The same explanation without what follow-up questions need: for programs that keep many."""
        return replace(self, follow_ups=None)

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold: everything except maps and pictures.

        `text`, `text_weight`, `excluded`, `confidence`, `model`, `fingerprint`, `gallery`, `timing_ms`;
        `reference` with `width` and `height` of the original picture, `peak_xy` and `total_positive`;
        `words` with `word`, `start`, `end` and `weight`;
        `hits` with `rank`, `id`, `caption`, `license`, `link`, `score`, `missing`, and the keys of `reference`.
        `peak_xy` is the pixel [x, y] of the original picture where the map is greatest, null for "no evidence".
        """
        return {
            "text": self.text,
            "text_weight": self.text_weight,
            "excluded": list(self.excluded),
            "confidence": self.confidence,
            "model": self.model,
            "fingerprint": self.fingerprint,
            "gallery": self.gallery,
            "reference": _map_dict(self.reference),
            "words": [{"word": w.word, "start": w.start, "end": w.end, "weight": w.weight} for w in self.words],
            "hits": [
                {"rank": hit.rank, "id": hit.id, **metadata_of(hit.record), "score": hit.score, "missing": hit.missing}
                | _map_dict(hit.attention)
                for hit in self.hits
            ],
            "timing_ms": dict(self.timing_ms),
        }

    def figure(self, opacity: float = 0.65) -> "Figure":
        """The explanation as one matplotlib figure; save it with `.savefig(path)` as PNG, PDF or SVG."""
        from mmgrad.render.figure import figure

        return figure(self, opacity)

    def save(self, folder: str | Path, full_resolution: bool = False) -> dict[str, Any]:
        """Write the explanation to a folder, see `mmgrad.render.export.write_explanation`. Raises OSError."""
        from mmgrad.render.export import write_explanation

        return write_explanation(self, Path(folder), full_resolution)

    def print(self) -> None:
        """Print the explanation as a table."""
        print(self)

    def __str__(self) -> str:
        lines = [f"“{self.text}”  (model {self.model}, gallery {self.gallery})", ""]
        lines += [f"reference  {_place(self.reference)}", ""]
        lines += [f"{word.weight:+8.3f}  {word.word}" for word in self.words]
        lines += ["", "rank  score  picture"]
        lines += [f"{hit.rank:4d}  {hit.score:.3f}  {hit.id}  {hit.note or _place(hit.attention)}" for hit in self.hits]
        return "\n".join(lines)

    def __repr__(self) -> str:
        parts = [repr(shortened(self.text)), f"{len(self.hits)} hit{'' if len(self.hits) == 1 else 's'}"]
        if self.hits:
            parts.append(f"top {self.hits[0].score:.2f}")
        if self.confidence is not None:
            parts.append(f"confidence {self.confidence:.2f}")
        return f"Explanation({', '.join(parts)})"

    def _repr_png_(self) -> bytes:
        """The figure, which notebooks show."""
        stream = BytesIO()
        self.figure().savefig(stream, format="png", dpi=80)
        return stream.getvalue()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"follow_ups": None}

    @property
    def _follow_ups(self) -> FollowUps:
        if self.follow_ups is None:
            raise InputError(
                "This explanation is detached from its engine, or not complete; ask the engine with the same picture, "
                "text and ids."
            )
        return self.follow_ups

    @property
    def _readable(self) -> list[str]:
        return [hit.id for hit in self.hits if not hit.missing]

    def _id(self, hit: int | str) -> str:
        """The id of a hit that is named by its rank or its id."""
        by_rank = isinstance(hit, Integral) and not isinstance(hit, bool)
        found = next((each for each in self.hits if (each.rank == hit if by_rank else each.id == hit)), None)
        if found is None:
            raise InputError(f"There is no hit {hit!r}; give a rank from 1 to {len(self.hits)}, or the id of a hit.")
        if found.missing:
            raise InputError(found.note)
        return found.id


def _map_dict(shown: AttentionMap) -> dict[str, Any]:
    box = shown.letterbox
    xy = shown.peak_xy
    return {
        "width": box.width,
        "height": box.height,
        "peak_xy": None if xy is None else list(xy),
        "total_positive": shown.total_positive,
    }


def _place(shown: AttentionMap) -> str:
    if not shown.computed:
        return "no map"
    xy = shown.peak_xy
    return "no evidence" if xy is None else f"peak at x {xy[0]}, y {xy[1]}"

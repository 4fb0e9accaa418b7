"""An explanation as plain data for the page: pictures as data URIs, maps as raw values, the rest as numbers and text.

The page draws the maps itself (`static/maps.js`): another mode, a click on a word or the value under the pointer needs
no request. Panels that are compared share one scale, which ends at the greatest value in any of them.
"""

import base64
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from mmgrad.app.colors import choose_table
from mmgrad.app.reasons import Reason, reason
from mmgrad.results import AttentionMap, Explanation, Hit
from mmgrad.results.hits import metadata_of

REFERENCE_SIDE = 1024
HIT_SIDE = 640
THUMB_SIDE = 256
"""Longest sides, in pixels, of the pictures that are sent."""

_SCALE_SIDE = 240
"""Longest side, in pixels, at which scales are measured; the page draws maps at as many."""

View = dict[str, Any]


def reference_view(explanation: Explanation) -> View:
    """The first step: the reference and its map, on its own scale."""
    reference = explanation.reference
    why = reason(explanation.text, "reference")
    return {
        "text": explanation.text,
        "step": "reference",
        "reference": {
            **panel_view(explanation.image, reference, REFERENCE_SIDE, why),
            "scale": {"peak": reference.peak, "reach": 0.0 if reference.empty else reach([reference])},
        },
        "colors": choose_table([(explanation.image, reference, reference.peak)]),
        "model": explanation.model,
        "gallery": explanation.gallery,
    }


def hits_view(explanation: Explanation) -> View:
    """The second step: the hits and their maps, all on one scale."""
    reference = explanation.reference
    maps = [hit.attention for hit in explanation.hits]
    peak = max((each.peak for each in maps), default=0.0)
    why = reason(explanation.text, "result")
    panels = [(hit.image, hit.attention, peak) for hit in explanation.hits]
    return {
        "step": "hits",
        "scale": {"peak": peak, "reach": reach(each for each in maps if not each.empty)},
        "colors": choose_table([(explanation.image, reference, reference.peak), *panels]),
        "hits": [_hit(hit, why) for hit in explanation.hits],
        "excluded": len(explanation.excluded),
        "confidence": explanation.confidence,
    }


def words_view(explanation: Explanation) -> View:
    """The last step: the words. All words share one scale over the reference, and one over all the hits."""
    words = explanation.words
    over_reference = [word.reference for word in words]
    over_hits = [target for word in words for target in word.targets]
    strongest = max((abs(word.weight) for word in words), default=0.0)
    return {
        "step": "words",
        "word_scale": {"reference": _scale(over_reference), "hits": _scale(over_hits)},
        "words": [
            {
                "word": word.word,
                "start": word.start,
                "end": word.end,
                "weight": word.weight,
                "tone": word.weight / strongest if strongest > 0 else 0.0,
                "reference": map_view(word.reference),
                "hits": [map_view(target) for target in word.targets],
            }
            for word in words
        ],
        "seconds": round(explanation.timing_ms.get("total", 0.0) / 1000, 2),
    }


def panel_view(image: np.ndarray, evidence: AttentionMap, side: int = HIT_SIDE, why: Reason = "below_level") -> View:
    """A picture, uint8 [H, W, 3], its map, and the geometry between the two. `why` is the reason for an empty map."""
    box = evidence.letterbox
    return {
        "picture": picture_uri(image, side),
        "width": image.shape[1],
        "height": image.shape[0],
        "box": [box.top, box.left, box.inner_height, box.inner_width, box.size],
        "map": map_view(evidence, why),
    }


def map_view(evidence: AttentionMap, why: Reason = "below_level") -> View:
    """A map as plain data.

    `values` are signed float32, row by row in base 64; `shape` is [rows, columns]; `empty` tells whether there is no
    evidence, with a `reason`; `change` is the evidence for and against the change alone, where that is less.
    """
    view: View = {"values": _floats(evidence.values), "shape": list(evidence.values.shape), "empty": evidence.empty}
    if evidence.empty:
        view["reason"] = why
    return view if evidence.change is None else view | {"change": _floats(evidence.change)}


def reach(maps: Iterable[AttentionMap]) -> float:
    """The greatest absolute value of some maps inside their pictures: the scale of signed panels."""
    return max((float(np.abs(_small(each, each.signed)).max()) for each in maps), default=0.0)


def picture_uri(image: np.ndarray, side: int) -> str:
    """A picture, uint8 [H, W, 3], as the data URI of a JPEG whose longest side is at most `side`."""
    picture = Image.fromarray(image)
    height, width = _within(image.shape[0], image.shape[1], side)
    if (width, height) != picture.size:
        picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{_base64(buffer.getvalue())}"


def _hit(hit: Hit, why: Reason) -> View:
    return {
        "rank": hit.rank,
        "id": hit.record.id,
        "score": hit.score,
        "peak": hit.attention.peak,
        **metadata_of(hit.record),
        **panel_view(hit.image, hit.attention, HIT_SIDE, why),
    }


def _scale(maps: Sequence[AttentionMap]) -> View:
    """The scale of many maps, measured on small copies of their pictures."""
    peaks = (0.0 if each.empty else float(_small(each, np.maximum(each.values, 0)).max()) for each in maps)
    return {"peak": max(peaks, default=0.0), "reach": reach(each for each in maps if not each.empty)}


def _small(evidence: AttentionMap, values: np.ndarray) -> np.ndarray:
    """Values of a map over a small copy of its picture: the same places of the square, fewer pixels."""
    box = evidence.letterbox
    return box.restore(values, _within(box.height, box.width, _SCALE_SIDE))


def _within(height: int, width: int, side: int) -> tuple[int, int]:
    share = min(1.0, side / max(height, width))
    return max(1, round(height * share)), max(1, round(width * share))


def _floats(values: np.ndarray) -> str:
    return _base64(np.ascontiguousarray(values, dtype="<f4").tobytes())


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")

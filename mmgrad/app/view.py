"""An explanation as plain data for the page: pictures as data URIs, maps as raw values, the rest as numbers and text.

The page draws the maps itself (`maps.js`), so that another way of drawing, a click on a word or the value under the
pointer cost no request. Colours come from `mmgrad.render.overlay`. Panels that are compared share one scale.
"""

import base64
from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from mmgrad.render.overlay import heat_rgba, signed_rgba
from mmgrad.results import AttentionMap, Explanation, Hit
from mmgrad.results.hits import metadata_of

REFERENCE_SIDE = 1024
HIT_SIDE = 640
THUMB_SIDE = 256
"""Longest sides, in pixels, of the pictures that are sent."""

_REACH_SIDE = 64

View = dict[str, Any]


def reference_view(explanation: Explanation) -> View:
    """The first step: the reference and its map, on its own scale."""
    reference = explanation.reference
    return {
        "text": explanation.text,
        "step": "reference",
        "reference": {
            **panel_view(explanation.image, reference, REFERENCE_SIDE),
            "scale": {"peak": reference.peak, "reach": reach([reference])},
        },
        "model": explanation.model,
        "gallery": explanation.gallery,
    }


def hits_view(explanation: Explanation) -> View:
    """The second step: the hits and their maps, all on one scale."""
    return {
        "step": "hits",
        "scale": {"peak": explanation.scale, "reach": reach(hit.attention for hit in explanation.hits)},
        "hits": [_hit(hit) for hit in explanation.hits],
        "left_out": len(explanation.excluded),
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
        "word_scale": {
            "reference": {"peak": _peak(over_reference), "reach": reach(over_reference)},
            "hits": {"peak": _peak(over_hits), "reach": reach(over_hits)},
        },
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


def panel_view(image: np.ndarray, evidence: AttentionMap, side: int = HIT_SIDE) -> View:
    """A picture, uint8 [H, W, 3], its map, and the geometry between the two."""
    box = evidence.letterbox
    return {
        "picture": picture_uri(image, side),
        "width": image.shape[1],
        "height": image.shape[0],
        "box": [box.top, box.left, box.inner_height, box.inner_width, box.size],
        "map": map_view(evidence),
    }


def map_view(evidence: AttentionMap) -> View:
    """The raw values of a map, signed float32 row by row in base 64, its shape, and whether it holds no evidence; and
    `change`, the evidence for and against the change alone, where that is less."""
    view: View = {"values": _floats(evidence.values), "shape": list(evidence.values.shape), "empty": evidence.empty}
    return view if evidence.change is None else view | {"change": _floats(evidence.change)}


def reach(maps: Iterable[AttentionMap]) -> float:
    """The greatest absolute value of some maps inside their pictures: the scale of signed panels."""
    return max((float(np.abs(_small(each)).max()) for each in maps), default=0.0)


def picture_uri(image: np.ndarray, side: int) -> str:
    """A picture, uint8 [H, W, 3], as the data URI of a JPEG whose longest side is at most `side`."""
    picture = Image.fromarray(image)
    height, width = _within(image.shape[0], image.shape[1], side)
    if (width, height) != picture.size:
        picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{_base64(buffer.getvalue())}"


def colours_view() -> dict[str, str]:
    """RGBA bytes in base 64: "heat", 256 steps from none to the peak; "signed", 511 from all against to all for."""
    heat = heat_rgba(np.linspace(0, 1, 256)[None], peak=1)
    signed = signed_rgba(np.linspace(-1, 1, 511)[None], peak=1)
    return {"heat": _base64(heat.tobytes()), "signed": _base64(signed.tobytes())}


def _hit(hit: Hit) -> View:
    return {
        "rank": hit.rank,
        "id": hit.record.id,
        "score": hit.score,
        **metadata_of(hit.record),
        "licence": hit.record.license,
        **panel_view(hit.image, hit.attention),
    }


def _peak(maps: Iterable[AttentionMap]) -> float:
    return max((each.peak for each in maps), default=0.0)


def _small(evidence: AttentionMap) -> np.ndarray:
    """The signed map over a small copy of the picture: the same places of the square, fewer pixels."""
    box = evidence.letterbox
    height, width = _within(box.height, box.width, _REACH_SIDE)
    return replace(box, height=height, width=width).restore(evidence.signed)


def _within(height: int, width: int, side: int) -> tuple[int, int]:
    share = min(1.0, side / max(height, width))
    return max(1, round(height * share)), max(1, round(width * share))


def _floats(values: np.ndarray) -> str:
    return _base64(np.ascontiguousarray(values, dtype="<f4").tobytes())


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")

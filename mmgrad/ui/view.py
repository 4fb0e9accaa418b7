"""An explanation as plain data for the page: pictures and heat maps as data URIs, everything else as numbers and text.

The page lays each heat map over its picture and sets its opacity itself, so a slider or a click on a word costs no
request. A map is sampled through its letterbox at the pixels of a smaller picture of the same shape, which is exact;
the browser only enlarges it. Panels that are compared share one scale.
"""

import base64
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from mmgrad.engine import Explanation, Hit, Map
from mmgrad.overlay import heat_rgba, legend

REFERENCE_SIDE = 1024
HIT_SIDE = 640
THUMB_SIDE = 256
HEAT_SIDE = 192
WORD_SIDE = 64
"""Longest sides, in pixels, of what is sent. A map has 14 cells a side: nothing that can be seen is lost."""

View = dict[str, Any]


def reference_view(explanation: Explanation) -> View:
    """The first step: the reference and its map, on its own scale."""
    height, width = explanation.image.shape[:2]
    scale = explanation.reference.peak
    return {
        "text": explanation.text,
        "step": "reference",
        "reference": {
            "picture": picture_uri(explanation.image, REFERENCE_SIDE),
            "width": width,
            "height": height,
            "heat": heat_uri(explanation.reference, scale, HEAT_SIDE),
            "scale": scale,
        },
        "model": explanation.model,
        "gallery": explanation.gallery,
    }


def hits_view(explanation: Explanation) -> View:
    """The second step: the hits and their maps, all on one scale."""
    return {
        "step": "hits",
        "scale": explanation.scale,
        "hits": [_hit(hit, explanation.scale) for hit in explanation.hits],
    }


def words_view(explanation: Explanation) -> View:
    """The last step: the words. All words share one scale over the reference, and one over all the hits."""
    words = explanation.words
    over_reference = max((word.reference.peak for word in words), default=0.0)
    over_hits = max((target.peak for word in words for target in word.targets), default=0.0)
    strongest = max((abs(word.weight) for word in words), default=0.0)
    return {
        "step": "words",
        "word_scale": {"reference": over_reference, "hits": over_hits},
        "words": [
            {
                "word": word.word,
                "start": word.start,
                "end": word.end,
                "weight": word.weight,
                "tone": word.weight / strongest if strongest > 0 else 0.0,
                "reference": heat_uri(word.reference, over_reference, WORD_SIDE),
                "hits": [heat_uri(target, over_hits, WORD_SIDE) for target in word.targets],
            }
            for word in words
        ],
        "seconds": round(explanation.timing_ms.get("total", 0.0) / 1000, 2),
    }


def picture_uri(image: np.ndarray, side: int) -> str:
    """A picture, uint8 [H, W, 3], as the data URI of a JPEG whose longest side is at most `side`."""
    picture = Image.fromarray(image)
    height, width = _within(image.shape[0], image.shape[1], side)
    if (width, height) != picture.size:
        picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return _uri(picture, "JPEG", quality=88)


def heat_uri(evidence: Map, scale: float, side: int) -> str | None:
    """A map over its whole picture as the data URI of a small RGBA WebP; None where there is no evidence."""
    if evidence.empty:
        return None
    height, width = _within(evidence.letterbox.height, evidence.letterbox.width, side)
    small = replace(evidence.letterbox, height=height, width=width)  # the same place in the square, fewer pixels
    values = small.restore(np.maximum(evidence.values, 0))
    return _uri(Image.fromarray(heat_rgba(values, scale)), "WEBP", quality=90, alpha_quality=95, method=0)


def legend_uri() -> str:
    """The colours of the heat maps, from none to strongest, as a data URI."""
    return _uri(Image.fromarray(legend(256, 1)), "PNG")


def _hit(hit: Hit, scale: float) -> View:
    height, width = hit.image.shape[:2]
    link = hit.record.link or ""
    return {
        "rank": hit.rank,
        "id": hit.record.id,
        "score": hit.score,
        "caption": hit.record.caption,
        "licence": hit.record.licence,
        "link": link if link.startswith(("https://", "http://")) else None,  # never javascript: and the like
        "picture": picture_uri(hit.image, HIT_SIDE),
        "width": width,
        "height": height,
        "heat": heat_uri(hit.map, scale, HEAT_SIDE),
    }


def _within(height: int, width: int, side: int) -> tuple[int, int]:
    share = min(1.0, side / max(height, width))
    return max(1, round(height * share)), max(1, round(width * share))


def _uri(picture: Image.Image, kind: str, **options: int) -> str:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"

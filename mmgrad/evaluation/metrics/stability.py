"""Alterations of queries that should not change their maps: small shifts and JPEG compression."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from mmgrad.encoders.base import Encoder
from mmgrad.evaluation.queries import EncodedImages, Queries, encode_images, picture_area

STEP = 6
SHIFTS = ((STEP, 0), (-STEP, 0), (0, STEP), (0, -STEP))
"""Shifts (down, right) in pixels of the model's input; less than half a cell of a 14 x 14 map."""
QUALITY = 50


def shifted(encoder: Encoder, queries: Queries, shift: tuple[int, int]) -> Queries:
    """The queries with both pictures shifted by (down, right) pixels of the model's input."""

    def change(view: EncodedImages) -> list[np.ndarray]:
        seen = zip(view.pictures, view.boxes, strict=True)
        return [moved(np.ascontiguousarray(box.apply(picture)[picture_area(box)]), shift) for picture, box in seen]

    return _altered(encoder, queries, change)


def recoded(encoder: Encoder, queries: Queries) -> Queries:
    """The queries with both pictures saved as JPEG of quality 50 and read again."""
    return _altered(encoder, queries, lambda view: [as_jpeg(picture) for picture in view.pictures])


def moved(picture: np.ndarray, shift: tuple[int, int]) -> np.ndarray:
    """A picture uint8 [H, W, 3] moved by (down, right) pixels in its frame; the edge is repeated."""
    (down, right), (height, width) = shift, picture.shape[:2]
    margin = max(abs(down), abs(right))
    wide = cv2.copyMakeBorder(picture, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    top, left = margin - down, margin - right
    return np.ascontiguousarray(wide[top : top + height, left : left + width])


def as_jpeg(picture: np.ndarray, quality: int = QUALITY) -> np.ndarray:
    """A picture uint8 [H, W, 3] after JPEG compression."""
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file), dtype=np.uint8)


def _altered(encoder: Encoder, queries: Queries, change: Callable[[EncodedImages], list[np.ndarray]]) -> Queries:
    reference, target = (encode_images(encoder, change(view)) for view in (queries.reference, queries.target))
    return replace(queries, reference=reference, target=target)

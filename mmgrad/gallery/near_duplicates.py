"""Which pictures of a gallery are the reference itself: the same pixels, whatever their size or compression."""

import cv2
import numpy as np
from torch import Tensor

from mmgrad.gallery.gallery import Gallery
from mmgrad.imaging.io import load_image

CANDIDATES = 16
"""The gallery's pictures most alike to the model are looked at; an edited variant may be as alike as a copy."""

SIDE = 16
DIFFERENCE = 14
"""Two pictures are the same where no cell of a SIDE x SIDE thumbnail differs by more than this, of 255, in its mean
over the channels. An edit of even a small thing changes a cell by more; another size or a JPEG changes none as much."""


def find_near_duplicates(gallery: Gallery, image: np.ndarray, embedding: Tensor) -> tuple[str, ...]:
    """The ids of the gallery's pictures that show the same pixels as `image`, uint8 [H, W, 3].

    `embedding` [1, D] is the image's own, g(I).
    """
    found = gallery.search(embedding, min(CANDIDATES, len(gallery)))
    thumbnail = _thumbnail(image)
    records = [gallery.records[row] for row in found.indices[0].tolist()]
    return tuple(record.id for record in records if _same(thumbnail, _thumbnail(load_image(record.path, 512))))


def _thumbnail(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.abs(one - other).mean(axis=2).max() <= DIFFERENCE)

"""Which pictures of a gallery show the same pixels as a given one, whatever their size or compression."""

import numpy as np
from torch import Tensor

from mmgrad.gallery.gallery import Gallery
from mmgrad.imaging.signature import same_rows, signature

CANDIDATES = 16
"""Pictures that are looked at in a gallery without stored signatures: those that are most alike to the model."""


def find_near_duplicates(gallery: Gallery, image: np.ndarray, embedding: Tensor) -> tuple[str, ...]:
    """The ids of all pictures of the gallery that show the same as `image`, uint8 [H, W, 3], in the gallery's order.

    `embedding` [1, D] is the image's own, g(I). It matters only where the gallery has no stored signatures.
    """
    own = signature(image)
    if gallery.signatures is not None:
        rows = same_rows(own, gallery.signatures)
    else:
        candidates = gallery.search(embedding, min(CANDIDATES, len(gallery))).indices[0].sort().values.numpy()
        pictures = gallery.pictures(candidates.tolist())
        rows = candidates[same_rows(own, np.stack([signature(picture.pixels) for picture in pictures]))]
    return tuple(gallery.records[row].id for row in rows.tolist())

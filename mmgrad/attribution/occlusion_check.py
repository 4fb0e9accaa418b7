"""Verification of a map: occlude the region that it marks in a result, and regions of the same size elsewhere, and rank
again.

A map is faithful if occluding what it marks lowers the score of the result more than occluding other places of the same
size does (deletion, Petsiuk et al., arXiv 1806.07421, in one step).
"""

import numpy as np
import torch
from torch import Tensor

from mmgrad.errors import InputError
from mmgrad.gallery.gallery import Gallery
from mmgrad.gallery.sources.folder import Record
from mmgrad.models.model import Model
from mmgrad.results import AttentionMap, OccludedImage, OcclusionCheck

OCCLUDED_SHARE = 0.08
"""Share of the picture that is occluded: what a changed object covers on average."""

SHIFTS = 4
"""Control regions are the same shape shifted by multiples of 1 / SHIFTS of each side, wrapped around the edges."""


def occlusion_check(
    model: Model, gallery: Gallery, query: Tensor, record: Record, image: np.ndarray, attention: AttentionMap
) -> OcclusionCheck:
    """Occlude the top OCCLUDED_SHARE of a map over one picture of the gallery.

    Args:
        query: [D], the composed query, L2-normalized.
        record, image: the picture, uint8 [H, W, 3]. attention: its map.

    Raises:
        InputError: the map holds no evidence, so there is no region to occlude.
    """
    if attention.empty:
        raise InputError("The map of this result holds no evidence to occlude; choose a result whose map shows some.")
    region = top_region(attention.on_pixels(*image.shape[:2]), OCCLUDED_SHARE)
    images = [image, occlude(image, region), *(occlude(image, place) for place in control_regions(region))]
    with torch.no_grad():
        scores = (model.encode_image(images) @ query).cpu()
        rows = gallery.embeddings
        others = (rows.float() @ query.to(rows.device, torch.float32)).cpu()
    others[gallery.positions[record.id]] = -torch.inf
    ranks = [1 + int((others > score).sum()) for score in scores]
    whole, marked, *controls = (
        OccludedImage(picture, float(score), rank) for picture, score, rank in zip(images, scores, ranks, strict=True)
    )
    return OcclusionCheck(record.id, float(region.mean()), whole, marked, tuple(controls))


def top_region(values: np.ndarray, share: float) -> np.ndarray:
    """Where a map, float [H, W], is greatest: bool [H, W], at most `share` of it, and only where it is above 0."""
    chosen: np.ndarray = (values > np.quantile(values, 1 - share)) & (values > 0)
    return chosen


def control_regions(region: np.ndarray) -> tuple[np.ndarray, ...]:
    """The same shape in other places, each bool [H, W], none of which overlaps the region itself."""
    height, width = region.shape
    moves = [(height * i // SHIFTS, width * j // SHIFTS) for i in range(SHIFTS) for j in range(SHIFTS)]
    moved = [np.roll(region, move, axis=(0, 1)) for move in moves]
    return tuple(place for place in moved if not (place & region).any())


def occlude(image: np.ndarray, region: np.ndarray) -> np.ndarray:
    """A picture, uint8 [H, W, 3], with a region, bool [H, W], painted in the mean color of the rest."""
    occluded = image.copy()
    if region.any() and not region.all():
        occluded[region] = np.rint(image[~region].mean(axis=0)).astype(np.uint8)
    return occluded

"""The live check of a map: cover the region that it marks in a result, and as much elsewhere, and rank again.

A map is worth something if covering what it marks lowers the score of that result more than covering other places of
the same size does (deletion, Petsiuk et al., arXiv 1806.07421, in one step).
"""

from dataclasses import dataclass

import numpy as np
import torch

from mmgrad.attribution.contrast import EncodedImages, EncodedQuery
from mmgrad.errors import InputError
from mmgrad.gallery.gallery import Gallery
from mmgrad.models.model import Model
from mmgrad.results import AttentionMap

SHARE = 0.08
"""Share of the picture that is covered: what a changed thing covers on average."""

STEPS = 4
"""Other places are the same shape moved by quarters of each side, around the edges where need be."""


@dataclass(frozen=True, eq=False)
class OccludedImage:
    """A picture with something covered, uint8 [H, W, 3], its score, and its rank from 1 in the whole gallery."""

    image: np.ndarray
    score: float
    rank: int


@dataclass(frozen=True, eq=False)
class OcclusionCheck:
    """One result as it is, with the marked region covered, and with as much covered in each of some other places.

    `share` is the part of the picture that is covered, in [0, 1].
    """

    record_id: str
    share: float
    whole: OccludedImage
    marked: OccludedImage
    elsewhere: tuple[OccludedImage, ...]


def occlusion_check(
    model: Model, gallery: Gallery, asked: EncodedQuery, found: EncodedImages, shown: AttentionMap
) -> OcclusionCheck:
    """Cover the strongest SHARE of the map `shown` over the one picture of `found`.

    Raises:
        InputError: the map holds no evidence, so there is no region to cover.
    """
    if shown.empty:
        raise InputError("This result has no evidence to cover; please choose one whose map shows some.")
    (record,), (image,) = found.records, found.images
    region = top_region(shown.on_original(), SHARE)
    places = control_regions(region)
    images = [image, occlude(image, region), *(occlude(image, place) for place in places)]
    with torch.no_grad():
        scores = (model.encode_image(images) @ asked.query[0]).cpu()
        rivals = gallery.embeddings.to(asked.query.device, torch.float32) @ asked.query[0]
    rivals[gallery.positions[record.id]] = -torch.inf
    ranks = [1 + int((rivals > score).sum()) for score in scores]
    whole, marked, *others = (
        OccludedImage(picture, float(score), rank) for picture, score, rank in zip(images, scores, ranks, strict=True)
    )
    return OcclusionCheck(record.id, float(region.mean()), whole, marked, tuple(others))


def top_region(values: np.ndarray, share: float) -> np.ndarray:
    """Where a map, float [H, W], is greatest: bool [H, W] that covers `share` of it, never a place of no evidence."""
    return (values > np.quantile(values, 1 - share)) & (values > 0)


def control_regions(region: np.ndarray) -> tuple[np.ndarray, ...]:
    """The same shape in other places, each bool [H, W], none of which touches the region itself."""
    height, width = region.shape
    moves = [(height * i // STEPS, width * j // STEPS) for i in range(STEPS) for j in range(STEPS)]
    moved = [np.roll(region, move, axis=(0, 1)) for move in moves]
    return tuple(place for place in moved if not (place & region).any())


def occlude(image: np.ndarray, region: np.ndarray) -> np.ndarray:
    """A picture, uint8 [H, W, 3], with a region, bool [H, W], painted in the mean colour of the rest."""
    covered = image.copy()
    if region.any() and not region.all():
        covered[region] = np.rint(image[~region].mean(axis=0)).astype(np.uint8)
    return covered

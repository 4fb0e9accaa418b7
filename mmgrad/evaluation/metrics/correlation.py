"""Rank correlation of attribution maps."""

import numpy as np
from scipy.stats import rankdata

from mmgrad.evaluation.explainers.explainers import Maps
from mmgrad.evaluation.queries import SIDES, Queries, Side, resize_to_input

SPACING = 4
"""Pixels between the points that are compared; maps are smooth between cells of 16 pixels."""


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation of two arrays of the same shape, in [-1, 1]; NaN where one of them is constant."""
    first, second = rankdata(one.ravel()), rankdata(other.ravel())
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def agreement(maps: Maps, again: Maps, queries: Queries, shift: tuple[int, int] = (0, 0)) -> dict[Side, np.ndarray]:
    """Rank correlation of the signed maps of each side with the maps of an altered run, float64 [B].

    Args:
        maps: the original maps.
        again: the maps to compare.
        queries: the B queries of the original maps.
        shift: how far the pictures of `again` were moved, (down, right) in pixels of the model's input. The maps are
            moved back, and only the region that both pictures show is compared.
    """
    found: dict[Side, np.ndarray] = {}
    for side in SIDES:
        values = []
        for box, one, other in zip(queries.images(side).boxes, maps[side], again[side], strict=True):
            first, second = resize_to_input(one, box), resize_to_input(other, box)
            first, second = _overlap(first, (-shift[0], -shift[1])), _overlap(second, shift)
            values.append(spearman(first[::SPACING, ::SPACING], second[::SPACING, ::SPACING]))
        found[side] = np.array(values)
    return found


def _overlap(values: np.ndarray, shift: tuple[int, int]) -> np.ndarray:
    """The part of a picture moved by (down, right) pixels that the unmoved picture shows too."""
    down, right = shift
    rows, columns = values.shape
    return values[max(down, 0) : rows + min(down, 0), max(right, 0) : columns + min(right, 0)]

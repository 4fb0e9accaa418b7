"""Whether two maps put the places of a picture in the same order."""

import numpy as np

from mmgrad.evaluation.explainers.explainers import Maps
from mmgrad.evaluation.queries import SIDES, Queries, Side, on_input

SPACING = 4  # pixels between the places that are compared: maps are smooth between cells of 16


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation of two arrays of the same shape, in [-1, 1]; equal values share their mean rank.

    nan where one of the two is the same everywhere: it puts nothing in any order.
    """
    first, second = _ranks(one), _ranks(other)
    first, second = first - first.mean(), second - second.mean()
    scale = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / scale) if scale > 0 else float("nan")


def agreement(maps: Maps, again: Maps, queries: Queries, shift: tuple[int, int] = (0, 0)) -> dict[Side, np.ndarray]:
    """Rank correlation [B] of the signed maps of each side with maps made again, over the pictures of `queries`.

    `shift` says how many pixels (down, right) the pictures of `again` were moved; its maps are moved back, and what
    left the picture is left out.
    """
    found: dict[Side, np.ndarray] = {}
    for side in SIDES:
        values = []
        for box, one, other in zip(queries.view(side).boxes, maps[side], again[side], strict=True):
            first, second = on_input(one, box), on_input(other, box)
            first, second = _overlap(first, (-shift[0], -shift[1])), _overlap(second, shift)
            values.append(spearman(first[::SPACING, ::SPACING], second[::SPACING, ::SPACING]))
        found[side] = np.array(values)
    return found


def _overlap(values: np.ndarray, shift: tuple[int, int]) -> np.ndarray:
    """The part of a moved picture, (down, right) pixels, that the picture before shows too; the other way round with
    the signs turned."""
    down, right = shift
    rows, columns = values.shape
    return values[max(down, 0) : rows + min(down, 0), max(right, 0) : columns + min(right, 0)]


def _ranks(values: np.ndarray) -> np.ndarray:
    """Mean rank of each value, float64 [P]."""
    _, group, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    ranks: np.ndarray = (counts.cumsum() - (counts - 1) / 2)[group]
    return ranks

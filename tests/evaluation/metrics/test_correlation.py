import math

import numpy as np
import pytest
import torch

from mmgrad.evaluation.explainers.explainers import Maps
from mmgrad.evaluation.metrics.correlation import agreement, spearman
from mmgrad.evaluation.queries import EncodedImages, Queries
from mmgrad.imaging.letterbox import Letterbox


def _slow_ranks(values: np.ndarray) -> list[float]:
    """Rank of each value by counting: those below, and half of its equals."""
    flat = values.ravel().tolist()
    return [sum(b < a for b in flat) + (sum(b == a for b in flat) + 1) / 2 for a in flat]


@pytest.mark.parametrize("levels", [3, 10, 1000])
def test_rank_correlation_agrees_with_pearson_of_counted_ranks(levels: int) -> None:
    rng = np.random.default_rng(levels)
    one, other = rng.integers(0, levels, (2, 6, 8)).astype(np.float32)
    expected = np.corrcoef(_slow_ranks(one), _slow_ranks(other))[0, 1]
    assert spearman(one, other) == pytest.approx(expected)


def test_only_the_order_counts() -> None:
    values = np.random.default_rng(0).normal(size=40)
    assert spearman(values, np.exp(values)) == pytest.approx(1)
    assert spearman(values, -(values**3)) == pytest.approx(-1)


def test_a_map_that_is_the_same_everywhere_has_no_rank_correlation() -> None:
    assert math.isnan(spearman(np.ones(9), np.arange(9)))


def _queries(height: int, width: int) -> Queries:
    box = Letterbox.fit(height, width, 224)
    view = EncodedImages(
        (np.zeros((height, width, 3), np.uint8),), torch.zeros(1, 3, 224, 224), (box,), torch.zeros(1, 1, 1, 1)
    )
    return Queries(view, view, ("",), torch.zeros(1, 1, 1), torch.ones(1, 1, dtype=torch.bool))


@pytest.mark.parametrize("shift", [(0, 0), (8, 0), (-8, 0), (0, 12), (-4, -16)])
def test_a_map_that_moves_with_the_picture_agrees_with_itself(shift: tuple[int, int]) -> None:
    values = np.random.default_rng(0).random((224, 224)).astype(np.float32)
    moved = np.roll(values, shift, (0, 1))
    maps: Maps = {"reference": values[None], "target": values[None]}
    again: Maps = {"reference": moved[None], "target": values[None]}
    found = agreement(maps, again, _queries(224, 224), shift)
    assert found["reference"] == pytest.approx([1])
    if any(
        shift
    ):  # the other side's map stayed where it was, and independent values do not agree with their neighbours
        assert abs(found["target"][0]) < 0.1


def test_the_padding_around_a_picture_does_not_count() -> None:
    rng = np.random.default_rng(0)
    one = rng.random((14, 14)).astype(np.float32)
    other = one.copy()
    other[:2], other[-2:] = rng.random((2, 2, 14))  # rows over the padding of a picture half as high as wide
    again: Maps = {"reference": other[None], "target": other[None]}
    found = agreement({"reference": one[None], "target": one[None]}, again, _queries(112, 224))
    assert found["reference"] == pytest.approx([1])

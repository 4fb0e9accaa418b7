import numpy as np
import pytest

from mmgrad.evaluation.metrics.localization import (
    LEVELS,
    best_level,
    dilate,
    energy_inside,
    iou_at_levels,
    localize,
    points_inside,
)


def _mask(seed: int = 0, shape: tuple[int, int] = (40, 56)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mask = np.zeros(shape, bool)
    y, x = rng.integers(5, 25, 2)
    mask[y : y + 9, x : x + 6] = True
    mask[rng.integers(0, shape[0]), rng.integers(0, shape[1])] = True
    return mask


@pytest.mark.parametrize("radius", [0, 1, 5, 15])
def test_dilation_holds_every_pixel_within_the_distance_and_no_other(radius: int) -> None:
    mask = _mask(radius)
    wide = dilate(mask, radius)
    ys, xs = np.nonzero(mask)
    for y in range(mask.shape[0]):
        for x in range(mask.shape[1]):
            assert wide[y, x] == (((ys - y) ** 2 + (xs - x) ** 2).min() <= radius**2), (y, x)


def test_an_empty_mask_stays_empty() -> None:
    assert not dilate(np.zeros((5, 5), bool)).any()


def test_the_peak_decides_the_pointing_game() -> None:
    mask = _mask()
    inside, outside = np.zeros(mask.shape), np.zeros(mask.shape)
    inside[tuple(np.argwhere(mask)[3])] = 2
    inside[0, 0] = 1.9
    outside[0, 0] = 2
    assert points_inside(inside, mask) == 1
    assert points_inside(outside, mask) == 0


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0])
def test_a_flat_map_is_a_miss_even_where_the_mask_is_everything(value: float) -> None:
    assert points_inside(np.full((8, 8), value), np.ones((8, 8), bool)) == 0


def test_a_map_of_negative_evidence_is_a_miss() -> None:
    values = -np.ones((8, 8))
    values[2, 2] = -0.5
    assert points_inside(values, np.ones((8, 8), bool)) == 0


def test_ties_are_broken_against_the_method() -> None:
    mask = np.zeros((8, 8), bool)
    mask[2, 2] = True
    values = np.zeros((8, 8))
    values[2, 2] = values[7, 7] = 1
    assert points_inside(values, mask) == 0
    values[7, 7] = 0.9
    assert points_inside(values, mask) == 1


def test_the_tolerance_is_15_pixels() -> None:
    mask = np.zeros((60, 60), bool)
    mask[30, 30] = True
    for distance, hit in ((15, 1), (16, 0)):
        values = np.zeros((60, 60))
        values[30, 30 + distance] = 1
        found = localize(values, mask, dilate(mask))
        assert (found.pointing, found.pointing_0px) == (hit, 0)


def test_a_uniform_map_gets_the_masks_share_as_energy() -> None:
    mask = _mask()
    assert energy_inside(np.ones(mask.shape), mask) == pytest.approx(mask.mean())


def test_energy_is_the_share_inside_and_zero_without_evidence() -> None:
    mask = np.zeros((4, 4), bool)
    mask[0] = True
    values = np.zeros((4, 4))
    assert energy_inside(values, mask) == 0
    values[0, 0], values[3, 3] = 3, 1
    assert energy_inside(values, mask) == 0.75


def test_iou_agrees_with_cutting_the_map_at_each_level() -> None:
    mask = _mask(3)
    values = np.random.default_rng(3).random(mask.shape).astype(np.float32) * 7
    found = iou_at_levels(values, mask)
    for level, iou in zip(LEVELS, found, strict=True):
        cut = values / values.max() >= level
        assert iou == pytest.approx((cut & mask).sum() / (cut | mask).sum())


def test_iou_does_not_depend_on_the_maps_scale() -> None:
    mask, values = _mask(), np.random.default_rng(0).random((40, 56))
    assert iou_at_levels(values, mask) == pytest.approx(iou_at_levels(values * 1024, mask))


def test_a_value_on_a_level_belongs_to_the_region() -> None:
    mask = np.array([[True, True, False]])
    assert iou_at_levels(np.array([[1.0, 0.5, 0.0]]), mask)[list(LEVELS).index(0.5)] == 1


def test_a_map_without_evidence_has_no_iou() -> None:
    assert not iou_at_levels(np.zeros((4, 4)), np.ones((4, 4), bool)).any()


def test_one_level_is_chosen_for_all_maps() -> None:
    iou = np.zeros((2, len(LEVELS)))
    iou[0, 3], iou[1, 9], iou[:, 5] = 0.9, 0.8, 0.7  # the best of each picture is elsewhere
    assert best_level(iou) == 5

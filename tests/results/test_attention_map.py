"""Attention maps: geometry of the original file, peaks, overlays, arrays."""

import numpy as np
import pytest
from PIL import Image

from mmgrad import AttentionMap
from mmgrad.imaging.letterbox import Letterbox

HEIGHT, WIDTH = 60, 80


def hill(row: int, column: int, box: Letterbox | None = None, **given) -> AttentionMap:
    values = np.full((14, 14), -0.1, np.float32)
    values[row, column] = 2.0
    return AttentionMap(values, box or Letterbox.fit(HEIGHT, WIDTH, 224), **given)


def test_the_peak_is_the_greatest_value_at_the_pixels_of_the_picture() -> None:
    shown = hill(5, 9)
    values = shown.on_original()
    assert values.shape == (HEIGHT, WIDTH)
    x, y = shown.peak_xy or (-1, -1)
    assert values[y, x] == pytest.approx(values.max())
    assert shown.peak == pytest.approx(float(values.max()))


def test_coordinates_are_those_of_the_original_of_a_reduced_picture() -> None:
    large = Letterbox.fit(HEIGHT, WIDTH, 224).for_size(50 * HEIGHT, 50 * WIDTH)
    x, y = hill(5, 9, large).peak_xy or (-1, -1)
    small_x, small_y = hill(5, 9).peak_xy or (-1, -1)
    assert (x, y) == pytest.approx((50 * (small_x + 0.5), 50 * (small_y + 0.5)), abs=50)
    assert hill(5, 9, large).on_original(max_side=40).shape == (30, 40)
    assert hill(5, 9, large).on_original(max_side=10**6).shape == (50 * HEIGHT, 50 * WIDTH)


def test_a_map_of_one_value_on_fewer_pixels_keeps_it() -> None:
    flat = AttentionMap(np.full((14, 14), 0.5, np.float32), Letterbox.fit(HEIGHT, WIDTH, 224))
    assert flat.on_original(max_side=20) == pytest.approx(0.5)
    assert flat.on_pixels(3, 5) == pytest.approx(np.full((3, 5), 0.5))


def test_a_map_below_its_threshold_is_empty() -> None:
    assert not hill(5, 9, threshold=1.9).empty
    empty = hill(5, 9, threshold=2.1)
    assert (empty.empty, empty.peak, empty.peak_xy) == (True, 0.0, None)
    assert empty.total_positive == pytest.approx(2.0)
    assert AttentionMap(np.full((4, 4), -1.0, np.float32), Letterbox.fit(9, 9, 224)).empty


def test_as_an_array_it_is_its_values() -> None:
    shown = hill(5, 9)
    assert np.array_equal(np.asarray(shown), shown.values)
    assert np.asarray(shown, dtype=np.float64).dtype == np.float64
    assert np.array(shown).base is None


def test_the_signed_map_is_that_of_the_change() -> None:
    change = np.arange(196, dtype=np.float32).reshape(14, 14)
    assert np.array_equal(hill(5, 9, change=change).signed, change)
    assert np.array_equal(hill(5, 9).signed, hill(5, 9).values)


def test_an_overlay_is_brightest_at_the_peak_and_leaves_the_rest() -> None:
    image = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
    shown = hill(5, 9, image=image)
    drawn = np.asarray(shown.overlay())
    assert isinstance(shown.overlay(), Image.Image)
    x, y = shown.peak_xy or (-1, -1)
    difference = np.abs(drawn.astype(int) - 100).sum(axis=2)
    assert difference[y, x] > 60
    assert (drawn[:5, :5] == 100).all()
    assert np.array_equal(np.asarray(shown.overlay(alpha=0)), image)
    assert difference[y, x] > np.abs(np.asarray(shown.overlay(peak=8.0)).astype(int) - 100).sum(axis=2)[y, x]


def test_an_overlay_fits_a_reduced_copy_of_the_picture() -> None:
    assert hill(5, 9).overlay(image=np.zeros((30, 40, 3), np.uint8)).size == (40, 30)


def test_an_empty_map_draws_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    assert np.array_equal(np.asarray(hill(5, 9, threshold=9, image=image).overlay()), image)


def test_without_a_picture_there_is_nothing_to_draw_on() -> None:
    with pytest.raises(ValueError, match="pass it as `image`"):
        hill(5, 9).overlay()


def test_a_placeholder_is_empty_and_says_that_it_was_not_computed() -> None:
    nothing = AttentionMap.placeholder((14, 14), Letterbox.fit(HEIGHT, WIDTH, 224))
    assert nothing.empty
    assert not nothing.computed
    assert repr(nothing) == "AttentionMap(not computed)"


def test_its_representation_is_one_short_line() -> None:
    assert repr(hill(5, 9)) == f"AttentionMap(14 x 14, peak {hill(5, 9).peak:.3g} at {hill(5, 9).peak_xy})"
    assert "no evidence" in repr(hill(5, 9, threshold=9))

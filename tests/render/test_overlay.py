import warnings

import cv2
import numpy as np
import pytest

from mmgrad.render import overlay
from mmgrad.render.overlay import blend, heat_rgba, lay_over, legend, signed_rgba


def photograph(height: int = 60, width: int = 80) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def lightness(rgb: np.ndarray) -> np.ndarray:
    """L* of CIELAB, 0 to 100."""
    return cv2.cvtColor(rgb.reshape(1, -1, 3).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0, :, 0]


def ramp() -> np.ndarray:
    return np.linspace(0, 1, 256)[None]


def test_no_evidence_is_fully_transparent() -> None:
    assert heat_rgba(np.zeros((5, 7)), peak=1.0).shape == (5, 7, 4)
    assert heat_rgba(np.zeros((5, 7)), peak=1.0)[..., 3].max() == 0


@pytest.mark.parametrize("peak", [0.0, -1.0, float("nan"), float("inf")])
def test_without_a_peak_nothing_is_drawn(peak: float) -> None:
    assert heat_rgba(np.ones((5, 7)), peak)[..., 3].max() == 0
    assert signed_rgba(-np.ones((5, 7)), peak)[..., 3].max() == 0


def test_alpha_and_lightness_grow_with_the_evidence() -> None:
    rgba = heat_rgba(ramp(), peak=1)[0]
    assert (np.diff(rgba[:, 3].astype(int)) >= 0).all()
    assert (rgba[0, 3], rgba[-1, 3]) == (0, 255)
    steps = np.diff(lightness(rgba[:, :3]))
    assert (steps > -0.5).all()  # rounding to 8 bits may lose a little, the order stays
    assert lightness(rgba[:, :3])[-1] - lightness(rgba[:, :3])[0] > 50


def test_the_peak_is_warm_and_the_channels_are_rgb() -> None:
    red, green, blue = heat_rgba(np.array([[0.6]]), peak=1)[0, 0, :3].astype(int)
    assert red > 200 > green > blue - 60
    assert red - blue > 100


def test_the_scale_is_the_callers_and_not_the_maps_own() -> None:
    weak = np.full((4, 4), 0.1)
    assert np.array_equal(heat_rgba(weak, peak=1), heat_rgba(10 * weak, peak=10))
    assert heat_rgba(weak, peak=1)[0, 0, 3] < 64 < 255 == heat_rgba(weak, peak=0.1)[0, 0, 3]


def test_what_exceeds_the_peak_looks_like_the_peak() -> None:
    assert np.array_equal(heat_rgba(np.array([[5.0]]), 1), heat_rgba(np.array([[1.0]]), 1))


def test_odd_values_are_guarded_without_a_warning() -> None:
    values = np.array([[np.nan, -3.0, -np.inf, np.inf, 1e38, 0.5]], np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        alpha = heat_rgba(values, peak=1)[0, :, 3]
        assert heat_rgba(values, peak=1e-300)[0, 5, 3] == 255
        signed_rgba(values, peak=1)
    assert alpha[:3].tolist() == [0, 0, 0]
    assert alpha[3:5].tolist() == [255, 255]
    assert 0 < alpha[5] < 255


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_any_float_type_is_taken(dtype: type) -> None:
    assert heat_rgba(np.full((2, 2), 0.5, dtype), 1)[0, 0, 3] == heat_rgba(np.full((2, 2), 0.5), 1)[0, 0, 3]


def test_signed_maps_keep_the_side_of_the_evidence() -> None:
    rgba = signed_rgba(np.array([[-1.0, -0.25, 0.0, 0.25, 1.0]]), peak=1)[0]
    assert tuple(rgba[0, :3]) == tuple(rgba[1, :3]) == overlay.NEGATIVE
    assert tuple(rgba[3, :3]) == tuple(rgba[4, :3]) == overlay.POSITIVE
    assert rgba[:, 3].tolist() == rgba[::-1, 3].tolist()
    assert (rgba[0, 3], rgba[2, 3]) == (255, 0)


def test_opacity_zero_returns_the_picture_unchanged() -> None:
    image = photograph()
    values = np.random.default_rng(1).random(image.shape[:2])
    blended = blend(image, values, peak=1, opacity=0)
    assert np.array_equal(blended, image)
    assert not np.shares_memory(blended, image)


def test_full_opacity_shows_the_pure_color_at_the_peak() -> None:
    values = np.ones((60, 80))
    assert np.array_equal(blend(photograph(), values, peak=1, opacity=1), heat_rgba(values, 1)[..., :3])


def test_a_blend_is_the_weighted_mean_of_picture_and_color() -> None:
    image = np.full((1, 1, 3), 100, np.uint8)
    rgba = np.array([[[200, 0, 101, 128]]], np.uint8)
    share = 0.5 * 128 / 255
    expected = [round(100 + (color - 100) * share) for color in (200, 0, 101)]
    assert lay_over(image, rgba, 0.5)[0, 0].tolist() == expected


def test_a_picture_without_evidence_is_not_darkened() -> None:
    image = photograph()
    assert np.array_equal(blend(image, np.zeros(image.shape[:2]), peak=1, opacity=1), image)


@pytest.mark.parametrize("opacity", [-0.1, 1.1, float("nan")])
def test_opacity_out_of_range_is_refused(opacity: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        blend(photograph(), np.zeros((60, 80)), 1, opacity)


def test_a_map_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        blend(photograph(), np.zeros((80, 60)), 1)
    with pytest.raises(ValueError, match="expected a map"):
        heat_rgba(np.zeros((1, 2, 3)), 1)


def test_the_legend_runs_from_nothing_to_the_peak() -> None:
    strip = legend(100, 8)
    assert strip.shape == (8, 100, 4)
    assert (strip[0, 0, 3], strip[0, -1, 3]) == (0, 255)
    assert np.array_equal(strip[0], strip[-1])

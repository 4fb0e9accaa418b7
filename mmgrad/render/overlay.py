"""Attention maps drawn over pictures: pure functions of arrays, RGB in and out.

The caller gives the scale of a map, `peak`: the same value gets the same color in every panel that shares the scale. A
map without evidence is invisible. No map is stretched to its own maximum.

The colors are the middle part of "inferno" (S. van der Walt and N. Smith, matplotlib): lightness rises evenly with the
value, so that the order can be read without seeing hue.
"""

import cv2
import numpy as np

POSITIVE = (230, 97, 1)
NEGATIVE = (44, 123, 182)
"""Colors of a signed map, RGB: orange and blue can be told apart with any common kind of color blindness."""

_DARKEST, _BRIGHTEST = 70, 240
"""The part of inferno that is used: it begins in black, which would darken the picture, and ends nearly white."""

_OPAQUE = 0.75
"""Exponent of the alpha channel: below 1, so that weak values are visible before they are bright."""


def heat_rgba(values: np.ndarray, peak: float) -> np.ndarray:
    """A heat map to lay over a picture.

    Args:
        values: float [H, W]. Negative values and NaN count as 0, infinity as `peak`.
        peak: the value that gets the brightest color and is opaque. Nothing is drawn unless it is above 0.

    Returns:
        uint8 [H, W, 4], RGB and a straight (not premultiplied) alpha that grows with the value.
    """
    colors: np.ndarray = _heat_table()[_steps(values, peak)]
    return colors


def signed_rgba(values: np.ndarray, peak: float) -> np.ndarray:
    """A signed map, float [H, W], as uint8 [H, W, 4]: orange above 0, blue below, opaque at plus or minus `peak`;
    otherwise as `heat_rgba`."""
    rgba = np.empty((*values.shape, 4), np.uint8)
    rgba[..., :3] = np.where((values < 0)[..., None], NEGATIVE, POSITIVE).astype(np.uint8)
    rgba[..., 3] = _alphas()[_steps(np.abs(values), peak)]
    return rgba


def blend(image: np.ndarray, values: np.ndarray, peak: float, opacity: float = 0.6) -> np.ndarray:
    """A picture, uint8 [H, W, 3], with the heat map of `values`, float [H, W], over it: uint8 [H, W, 3].

    Args:
        opacity: of the peak, from 0 (the picture as it is) to 1.
    """
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must be from 0 to 1, not {opacity}")
    return lay_over(image, heat_rgba(values, peak), opacity)


def lay_over(image: np.ndarray, rgba: np.ndarray, opacity: float = 1.0) -> np.ndarray:
    """A picture, uint8 [H, W, 3], with a layer, uint8 [H, W, 4], over it: uint8 [H, W, 3]."""
    if image.shape[:2] != rgba.shape[:2]:
        raise ValueError(f"a map of {rgba.shape[:2]} does not fit a picture of {image.shape[:2]}")
    alpha = rgba[..., 3:].astype(np.float32) * (opacity / 255)
    mixed = image + (rgba[..., :3] - image.astype(np.float32)) * alpha
    blended: np.ndarray = np.rint(mixed).astype(np.uint8)
    return blended


def legend(width: int = 256, height: int = 16) -> np.ndarray:
    """The scale of a heat map from 0 (left) to the peak (right): uint8 [height, width, 4]."""
    return heat_rgba(np.tile(np.linspace(0, 1, width), (height, 1)), peak=1)


def _steps(values: np.ndarray, peak: float) -> np.ndarray:
    """Values as a share of the peak, in steps of 1/255: uint8 [H, W]."""
    if values.ndim != 2:
        raise ValueError(f"expected a map of shape [H, W], not {values.shape}")
    if not (np.isfinite(peak) and peak > 0):
        return np.zeros(values.shape, np.uint8)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # what overflows is far above the peak
        share = values.astype(np.float32) / np.float32(peak)
    share = np.clip(np.nan_to_num(share, copy=False, nan=0.0), 0, 1, out=share)
    levels: np.ndarray = np.rint(share * 255).astype(np.uint8)
    return levels


def _alphas() -> np.ndarray:
    """Alpha of each step, uint8 [256]."""
    return np.rint(255 * (np.arange(256) / 255) ** _OPAQUE).astype(np.uint8)


def _heat_table() -> np.ndarray:
    """RGBA of each step, uint8 [256, 4]."""
    steps = np.rint(np.linspace(_DARKEST, _BRIGHTEST, 256)).astype(np.uint8)
    bgr = cv2.applyColorMap(steps[:, None], cv2.COLORMAP_INFERNO)[:, 0]
    return np.column_stack([bgr[:, ::-1], _alphas()])

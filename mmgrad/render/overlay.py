"""Attention maps drawn over pictures: pure functions of arrays, RGB in and out.

A map is drawn on a scale that the caller gives, `peak`: the same value gets the same colour in every panel that shares
it, and a map without evidence stays invisible. Nothing is stretched to its own maximum.

The colours are the middle part of "inferno" (S. van der Walt and N. Smith, matplotlib): lightness rises evenly with the
evidence, so the order can be read without seeing hue.
"""

import cv2
import numpy as np

POSITIVE = (230, 97, 1)
NEGATIVE = (44, 123, 182)
"""Colours of a signed map, RGB: orange and blue are told apart with any common kind of colour blindness."""

_DARKEST, _BRIGHTEST = 70, 240
"""Inferno begins in black, which would only darken the picture, and ends in a yellow that is nearly white."""

_OPAQUE = 0.75
"""Exponent of the alpha channel: below 1, so that weak evidence is seen before it is bright."""


def heat_rgba(values: np.ndarray, peak: float) -> np.ndarray:
    """A heat map to lay over a picture.

    Args:
        values: float [H, W]; evidence, 0 for none. Negative values and NaN count as none, infinity as `peak`.
        peak: the value that gets the brightest colour and is opaque. Where it is not above 0 nothing is drawn.

    Returns:
        uint8 [H, W, 4], RGB and a straight (not premultiplied) alpha that grows with the evidence.
    """
    return _heat_table()[_steps(values, peak)]


def signed_rgba(values: np.ndarray, peak: float) -> np.ndarray:
    """Evidence for and against, float [H, W], as uint8 [H, W, 4]: orange above 0, blue below, opaque at plus or minus
    `peak`; otherwise as `heat_rgba`."""
    rgba = np.empty((*values.shape, 4), np.uint8)
    rgba[..., :3] = np.where((values < 0)[..., None], NEGATIVE, POSITIVE).astype(np.uint8)
    rgba[..., 3] = _alphas()[_steps(np.abs(values), peak)]
    return rgba


def blend(image: np.ndarray, values: np.ndarray, peak: float, opacity: float = 0.6) -> np.ndarray:
    """A picture, uint8 [H, W, 3], with the heat map of `values`, float [H, W], over it: uint8 [H, W, 3].

    Args:
        opacity: of the strongest evidence, from 0 (the picture as it is) to 1.
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
    return np.rint(mixed).astype(np.uint8)


def contour(image: np.ndarray, values: np.ndarray, level: float) -> np.ndarray:
    """A picture, uint8 [H, W, 3], with a line around the region where `values`, float [H, W], reach `level`.

    The line is white on black, so that it shows on any picture, and its width follows the size of the picture. Where
    the level is not above 0, or nothing reaches it, the picture is returned as it is.
    """
    if image.shape[:2] != values.shape:
        raise ValueError(f"a map of {values.shape} does not fit a picture of {image.shape[:2]}")
    drawn = np.ascontiguousarray(image).copy()
    if not level > 0:
        return drawn
    region = (values >= level).astype(np.uint8)  # NaN reaches nothing
    outlines, _ = cv2.findContours(region, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    width = max(1, round(max(image.shape[:2]) / 250))
    cv2.drawContours(drawn, outlines, -1, (0, 0, 0), 3 * width, cv2.LINE_AA)
    cv2.drawContours(drawn, outlines, -1, (255, 255, 255), width, cv2.LINE_AA)
    return drawn


def legend(width: int = 256, height: int = 16) -> np.ndarray:
    """The scale of a heat map from no evidence (left) to the peak (right): uint8 [height, width, 4]."""
    return heat_rgba(np.tile(np.linspace(0, 1, width), (height, 1)), peak=1)


def _steps(values: np.ndarray, peak: float) -> np.ndarray:
    """Evidence as a share of the peak, in steps of 1/255: uint8 [H, W]."""
    if values.ndim != 2:
        raise ValueError(f"expected a map of shape [H, W], not {values.shape}")
    if not (np.isfinite(peak) and peak > 0):
        return np.zeros(values.shape, np.uint8)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # what overflows is far above the peak
        share = values.astype(np.float32) / np.float32(peak)
    share = np.clip(np.nan_to_num(share, copy=False, nan=0.0), 0, 1, out=share)
    return np.rint(share * 255).astype(np.uint8)


def _alphas() -> np.ndarray:
    """Alpha of each step, uint8 [256]."""
    return np.rint(255 * (np.arange(256) / 255) ** _OPAQUE).astype(np.uint8)


def _heat_table() -> np.ndarray:
    """RGBA of each step, uint8 [256, 4]."""
    steps = np.rint(np.linspace(_DARKEST, _BRIGHTEST, 256)).astype(np.uint8)
    bgr = cv2.applyColorMap(steps[:, None], cv2.COLORMAP_INFERNO)[:, 0]
    return np.column_stack([bgr[:, ::-1], _alphas()])

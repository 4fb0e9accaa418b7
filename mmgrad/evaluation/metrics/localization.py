"""Whether a map falls on the region that a text changes, measured at the pixels of the picture.

Maps are float [H, W], the positive part of an attribution map at the picture's own pixels; masks are bool [H, W]. All
metrics are shares from 0 to 1, and higher is better.
"""

from dataclasses import dataclass

import cv2
import numpy as np

TOLERANCE = 15
"""Tolerance of the pointing game in pixels, for pictures whose long side is 224 pixels."""
LEVELS = np.round(
    np.concatenate([np.arange(0.005, 0.05, 0.005), np.arange(0.05, 0.1, 0.01), np.arange(0.1, 1.0, 0.05)]), 3
)
"""Thresholds of the IoU, relative to the peak of the map."""
_TIE = 1e-6  # relative; float32 interpolation cannot tell closer values apart


@dataclass(frozen=True)
class Localization:
    """Metrics of one map.

    Attributes:
        pointing: hit of the pointing game with TOLERANCE, 0 or 1.
        pointing_0px: hit of the pointing game without tolerance, 0 or 1.
        energy: share of the positive map inside the mask.
        iou: intersection over union at each of LEVELS, float64 [L].
    """

    pointing: float
    pointing_0px: float
    energy: float
    iou: np.ndarray


def localize(values: np.ndarray, mask: np.ndarray, wide: np.ndarray) -> Localization:
    """All metrics of one map; `wide` is `dilate(mask)`, computed once per picture."""
    exact, tolerant = points_inside(values, mask), points_inside(values, wide)
    return Localization(tolerant, exact, energy_inside(values, mask), iou_at_levels(values, mask))


def dilate(mask: np.ndarray, radius: float = TOLERANCE) -> np.ndarray:
    """All pixels whose center is at most `radius` pixels from the center of a mask pixel, bool [H, W]."""
    if not mask.any():
        return np.zeros(mask.shape, bool)
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance <= radius + 1e-4)


def points_inside(values: np.ndarray, region: np.ndarray) -> float:
    """Pointing game (Zhang et al., arXiv 1608.00507): 1 where the map's maximum lies in the region, else 0.

    Ties count against the method: all pixels that share the maximum must lie inside. A constant map and a map without
    positive values are misses.
    """
    peak, least = float(values.max()), float(values.min())
    if not peak > 0 or least >= peak * (1 - _TIE):
        return 0.0
    return float(region[values >= peak * (1 - _TIE)].all())


def energy_inside(values: np.ndarray, mask: np.ndarray) -> float:
    """Energy-based pointing game (Wang et al., arXiv 1910.01279): share of the map's sum inside the mask.

    A map without positive values has 0.
    """
    total = float(values.sum(dtype=np.float64))
    return float(values[mask].sum(dtype=np.float64)) / total if total > 0 else 0.0


def iou_at_levels(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Intersection over union of the mask and {value >= level x peak}, for each of LEVELS: float64 [L].

    Choose one level for all maps of a method (`best_level`), never one per picture. A map without positive values has 0
    at every level.
    """
    peak = float(values.max())
    if not peak > 0:
        return np.zeros(len(LEVELS))
    reached = np.searchsorted(LEVELS, values.ravel() / peak + _TIE, side="right")  # number of levels per pixel
    bins = len(LEVELS) + 1
    everywhere = np.bincount(reached, minlength=bins)
    inside = np.bincount(reached[mask.ravel()], minlength=bins)
    area = everywhere[::-1].cumsum()[::-1][1:]  # pixels that reach each level
    overlap = inside[::-1].cumsum()[::-1][1:]
    return np.asarray(overlap / (area + np.count_nonzero(mask) - overlap))


def best_level(iou: np.ndarray) -> int:
    """Index of the level with the highest mean of `iou` [Q, L]; choose it on the validation split."""
    return int(iou.mean(axis=0).argmax()) if len(iou) else len(LEVELS) // 2

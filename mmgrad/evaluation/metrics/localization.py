"""Whether a map falls on the region that a text changes, at the pixels of the picture.

Maps here are float [H, W], the positive evidence (>= 0) at the picture's own pixels; masks are bool [H, W]. All four
figures are of the category localization; higher is better.
"""

from dataclasses import dataclass

import cv2
import numpy as np

TOLERANCE = 15  # pixels, where the picture's long side is 224
LEVELS = np.round(
    np.concatenate([np.arange(0.005, 0.05, 0.005), np.arange(0.05, 0.1, 0.01), np.arange(0.1, 1.0, 0.05)]), 3
)
_TIE = 1e-6  # relative: values closer to the peak than interpolation in float32 can tell apart


@dataclass(frozen=True)
class Localisation:
    """The figures of one map: hits of the pointing game with and without tolerance, energy, IoU at each of LEVELS."""

    pointing: float
    pointing_exact: float
    energy: float
    iou: np.ndarray


def localise(values: np.ndarray, mask: np.ndarray, wide: np.ndarray) -> Localisation:
    """All figures of one map; `wide` is `dilate(mask)`, which the methods on one picture share."""
    exact, tolerant = points_inside(values, mask), points_inside(values, wide)
    return Localisation(tolerant, exact, energy_inside(values, mask), iou_at_levels(values, mask))


def dilate(mask: np.ndarray, radius: float = TOLERANCE) -> np.ndarray:
    """All pixels whose center is at most `radius` pixels from that of a pixel of the mask: bool [H, W]."""
    if not mask.any():
        return np.zeros(mask.shape, bool)
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance <= radius + 1e-4)


def points_inside(values: np.ndarray, region: np.ndarray) -> float:
    """Pointing game (Zhang et al., arXiv 1608.00507): 1 where the map's maximum lies in the region, else 0.

    Where several pixels share the maximum all of them must lie inside: ties are broken against the method. A map
    without evidence or the same everywhere points at nothing and is a miss.
    """
    peak, least = float(values.max()), float(values.min())
    if not peak > 0 or least >= peak * (1 - _TIE):
        return 0.0
    return float(region[values >= peak * (1 - _TIE)].all())


def energy_inside(values: np.ndarray, mask: np.ndarray) -> float:
    """Energy-based pointing game (Wang et al., arXiv 1910.01279): share of the map's sum that lies in the mask.

    A uniform map gets the mask's share of the picture; a map without evidence gets 0.
    """
    total = float(values.sum(dtype=np.float64))
    return float(values[mask].sum(dtype=np.float64)) / total if total > 0 else 0.0


def iou_at_levels(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Intersection over union of the mask and {value >= level x peak of the map}, for each of LEVELS: float64 [L].

    One level is chosen for all maps of a method (`best_level`), never one for each picture. A map without evidence gets
    0 at every level.
    """
    peak = float(values.max())
    if not peak > 0:
        return np.zeros(len(LEVELS))
    passed = np.searchsorted(LEVELS, values.ravel() / peak + _TIE, side="right")  # how many levels each pixel reaches
    bins = len(LEVELS) + 1
    everywhere = np.bincount(passed, minlength=bins)
    inside = np.bincount(passed[mask.ravel()], minlength=bins)
    area = everywhere[::-1].cumsum()[::-1][1:]  # pixels that reach each level
    overlap = inside[::-1].cumsum()[::-1][1:]
    return np.asarray(overlap / (area + np.count_nonzero(mask) - overlap))


def best_level(iou: np.ndarray) -> int:
    """Which of LEVELS has the greatest mean of `iou` [Q, L]; to be chosen on the validation split."""
    return int(iou.mean(axis=0).argmax()) if len(iou) else len(LEVELS) // 2


def evidence_threshold(defined: np.ndarray, undefined: np.ndarray) -> float:
    """The sum of evidence below which a map is best called empty, chosen on the validation split.

    `defined` and `undefined` hold the positive sums of maps that have a region to show and of maps that have none. Of
    all cuts between two observed sums the one with the greatest mean of (share of undefined below, share of defined
    above): balanced accuracy. 0 where one of the two is missing.
    """
    if not len(defined) or not len(undefined):
        return 0.0
    sums = np.unique(np.concatenate([defined, undefined]))
    cuts = np.concatenate([[0.0], (sums[:-1] + sums[1:]) / 2])
    below_undefined = np.searchsorted(np.sort(undefined), cuts, side="left") / len(undefined)
    below_defined = np.searchsorted(np.sort(defined), cuts, side="left") / len(defined)
    return float(cuts[int((below_undefined - below_defined).argmax())])

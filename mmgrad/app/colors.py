"""Color tables of the page, and the choice of one that shows on the pictures beneath it.

A heat map in warm colors cannot be seen on a warm picture. The page has two tables whose lightness rises alike; one
answer uses one of them in all its panels, so that the same color stays the same evidence.
"""

import base64
from collections.abc import Iterable

import cv2
import numpy as np

from mmgrad.render.overlay import heat_rgba, lay_over, signed_rgba
from mmgrad.results import AttentionMap

DEFAULT = "ember"
OPACITY = 0.8
"""Of the overlay when the page opens."""

ENOUGH = 25.0
"""CIE 1976 color difference inside the hot area from which the default table is kept."""

_SIDE = 96
_HOT = 0.5


def heat_tables() -> dict[str, np.ndarray]:
    """Tables by name, uint8 [256, 4], from no evidence to the peak: "ember" is that of `mmgrad.render.overlay`, "ice"
    the same with red and blue exchanged."""
    ember = heat_rgba(np.linspace(0, 1, 256)[None], peak=1)[0]
    return {DEFAULT: ember, "ice": ember[:, [2, 1, 0, 3]]}


def color_view() -> dict[str, str]:
    """RGBA bytes in base 64: each heat table, and "signed", 511 steps from all against to all for."""
    tables = heat_tables() | {"signed": signed_rgba(np.linspace(-1, 1, 511)[None], peak=1)[0]}
    return {name: base64.b64encode(table.tobytes()).decode("ascii") for name, table in tables.items()}


def choose_table(panels: Iterable[tuple[np.ndarray, AttentionMap, float]]) -> str:
    """The name of the table that shows best on the picture where it shows worst.

    Args:
        panels: pictures, uint8 [H, W, 3], with their maps and the peaks of their scales.
    """
    small = [(_shrunk(image), attention, peak) for image, attention, peak in panels if not attention.empty]
    worst = {
        name: min((_median(image, attention, peak, table) for image, attention, peak in small), default=np.inf)
        for name, table in heat_tables().items()
    }
    return DEFAULT if worst[DEFAULT] >= ENOUGH else max(worst, key=lambda name: worst[name])


def contrast(image: np.ndarray, values: np.ndarray, peak: float, table: np.ndarray) -> float:
    """The median CIE 1976 difference that an overlay makes inside the hot area, where `values`, [H, W], reach half of
    `peak`; infinite where nothing does."""
    hot = values >= _HOT * peak
    if not hot.any() or not peak > 0:
        return float("inf")
    steps = np.rint(np.clip(values / peak, 0, 1) * 255).astype(np.uint8)
    over = lay_over(image, table[steps], OPACITY)
    return float(np.median(np.linalg.norm(_lab(over) - _lab(image), axis=2)[hot]))


def _median(image: np.ndarray, attention: AttentionMap, peak: float, table: np.ndarray) -> float:
    values = attention.letterbox.restore(np.maximum(attention.values, 0), image.shape[:2])
    return contrast(image, values, peak, table)


def _shrunk(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    share = min(1.0, _SIDE / max(height, width))
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _lab(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor((image / 255).astype(np.float32), cv2.COLOR_RGB2LAB)

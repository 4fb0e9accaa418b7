"""Lay a thing that was cut out of one photograph into another: size, light, edges and shadow."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

COLORS = {
    "black": (22.0, 0.0, 0.0),
    "white": (88.0, 0.0, 2.0),
    "gray": (55.0, 0.0, 0.0),
    "brown": (34.0, 9.0, 15.0),
    "red": (45.0, 60.0, 38.0),
    "orange": (65.0, 38.0, 58.0),
    "yellow": (82.0, 4.0, 68.0),
    "green": (50.0, -38.0, 34.0),
    "blue": (42.0, 8.0, -48.0),
    "purple": (40.0, 38.0, -38.0),
    "pink": (70.0, 42.0, 2.0),
}
"""Names of colors and their values in CIE Lab: L from 0 to 100."""


@dataclass(frozen=True)
class Cut:
    """A thing without its background: colors uint8 [h, w, 3], alpha float32 [h, w] from 0 to 1.

    `light` is the mean color in Lab of what surrounded it.
    """

    colors: np.ndarray
    alpha: np.ndarray
    light: np.ndarray


@dataclass(frozen=True)
class Place:
    """Where a thing goes: the middle of its lower edge, and its height, in pixels of the picture."""

    x: float
    y: float
    height: float


def cut_out(image: np.ndarray, alpha: np.ndarray) -> tuple[Cut, Place]:
    """The thing that `alpha` (float32 [H, W]) marks, and its place in the picture."""
    alpha = _firm(alpha)
    rows, columns = np.nonzero(alpha > 0.5)
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    ring = cv2.dilate((alpha > 0.1).astype(np.uint8), np.ones((41, 41), np.uint8)).astype(bool) & (alpha < 0.05)
    light = lab(image)[ring].mean(0) if ring.any() else lab(image).reshape(-1, 3).mean(0)
    clean = _clean_edges(image, alpha)
    cut = Cut(clean[top:bottom, left:right], alpha[top:bottom, left:right], light)
    return cut, Place((left + right) / 2, float(bottom), float(bottom - top))


def _clean_edges(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colors at the outline taken from the opaque pixels beside them, so that no old background shows."""
    solid = alpha >= 0.95
    if not solid.any():
        return image
    near_outside = cv2.dilate((alpha < 0.05).astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    border = near_outside & ~solid & (alpha > 0.02)
    blank = image.copy()
    blank[alpha <= 0.02] = image[solid].mean(0)  # a neutral color that only pixels outside of the thing take
    return cv2.inpaint(blank, border.astype(np.uint8), 3, cv2.INPAINT_TELEA)


def _firm(alpha: np.ndarray) -> np.ndarray:
    """The outline without soft spots in its inside: only the border of a thing is half transparent."""
    inside = cv2.erode((alpha > 0.35).astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    return np.where(inside, np.float32(1), alpha)


def lab(image: np.ndarray) -> np.ndarray:
    """uint8 RGB to float32 Lab with L from 0 to 100."""
    return cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def rgb(values: np.ndarray) -> np.ndarray:
    """Float32 Lab to uint8 RGB."""
    colors = cv2.cvtColor(values.astype(np.float32), cv2.COLOR_LAB2RGB)
    rounded: np.ndarray = np.clip(colors * 255 + 0.5, 0, 255).astype(np.uint8)
    return rounded


def mirrored(cut: Cut) -> Cut:
    return replace(cut, colors=cut.colors[:, ::-1].copy(), alpha=cut.alpha[:, ::-1].copy())


def rotated(cut: Cut, degrees: float) -> Cut:
    """The thing turned counterclockwise, in a frame that just holds it."""
    height, width = cut.alpha.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cosine, sine = abs(turn[0, 0]), abs(turn[0, 1])
    wide, high = int(height * sine + width * cosine) + 2, int(height * cosine + width * sine) + 2
    turn[:, 2] += (wide / 2 - width / 2, high / 2 - height / 2)
    alpha = cv2.warpAffine(cut.alpha, turn, (wide, high), flags=cv2.INTER_LINEAR)
    colors = cv2.warpAffine(cut.colors, turn, (wide, high), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    rows, columns = np.nonzero(alpha > 0.3)
    frame = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return replace(cut, colors=colors[frame], alpha=alpha[frame])


def recolored(cut: Cut, name: str, only_colorful: bool = False) -> Cut:
    """The thing in another color. Its light and shade stay. `only_colorful` leaves gray parts, such as metal, alone."""
    values = lab(cut.colors)
    solid = cut.alpha > 0.5
    target = np.array(COLORS[name], np.float32)
    chroma = np.hypot(values[..., 1], values[..., 2])
    weight = np.clip((chroma - 12) / 12, 0, 1)[..., None] if only_colorful else np.float32(1)
    chosen = solid & (chroma > 18) if only_colorful else solid
    lightness = values[..., 0][chosen] if chosen.any() else values[..., 0][solid]
    mean, spread = lightness.mean(), max(lightness.std(), 1.0)
    goal = 0.3 * mean + 0.7 * target[0]
    scale = min(1.0, 20.0 / spread, (goal if goal < 50 else 100 - goal) / (1.3 * spread) + 0.25)
    new = np.empty_like(values)
    new[..., 0] = np.clip(goal + (values[..., 0] - mean) * scale, 2, 98)
    fade = np.clip(np.minimum(new[..., 0], 104 - new[..., 0]) / 30, 0, 1)  # very dark and very light parts stay pale
    own = values[..., 1:] - values[..., 1:][solid].mean(0)
    new[..., 1:] = target[1:] * fade[..., None] + 0.25 * own
    return replace(cut, colors=rgb(values + weight * (new - values)))


def lit(cut: Cut, light: np.ndarray, strength: float = 1.0) -> Cut:
    """The thing in the light of another picture, whose mean color in Lab at that place is `light`."""
    difference = (light - cut.light) * np.array([0.3, 0.3, 0.3], np.float32) * strength
    difference = np.clip(difference, [-16, -8, -10], [12, 8, 10])
    values = lab(cut.colors) + difference
    values[..., 0] = np.clip(values[..., 0], 0, 100)
    return replace(cut, colors=rgb(values), light=light)


def light_at(image: np.ndarray, place: Place, width: float) -> np.ndarray:
    """The mean color in Lab of the picture around a place."""
    height, span = image.shape[:2]
    top, bottom = int(max(0, place.y - 1.1 * place.height)), int(min(height, place.y + 0.15 * place.height))
    left, right = int(max(0, place.x - 0.7 * width)), int(min(span, place.x + 0.7 * width))
    mean: np.ndarray = lab(image[top:bottom, left:right]).reshape(-1, 3).mean(0)
    return mean


def width_of(cut: Cut, height: float) -> float:
    """The width of the thing in pixels when it is `height` pixels high."""
    width: float = height * cut.alpha.shape[1] / cut.alpha.shape[0]
    return width


def lay(
    image: np.ndarray, cut: Cut, place: Place, shadow: str = "ground", grass: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The picture with the thing in it, and the thing's alpha in the picture (float32 [H, W]).

    Args:
        shadow: "ground" below a standing thing, "flat" around a lying one, or "none".
        grass: the height of the blades that cover the feet, as a share of the thing's height.
    """
    height, width = image.shape[:2]
    tall = max(4, round(place.height))
    wide = max(4, round(width_of(cut, place.height)))
    method = cv2.INTER_AREA if tall < cut.alpha.shape[0] else cv2.INTER_CUBIC
    premultiplied = np.dstack([cut.colors.astype(np.float32) * cut.alpha[..., None], cut.alpha])
    scaled = cv2.resize(premultiplied, (wide, tall), interpolation=method)
    shift = np.array([[1, 0, place.x - wide / 2], [0, 1, place.y - tall]], np.float32)
    moved = cv2.warpAffine(scaled, shift, (width, height), flags=cv2.INTER_LINEAR)
    alpha = np.clip(moved[..., 3], 0, 1)
    colors = moved[..., :3] / np.maximum(moved[..., 3:], 1e-3)
    if grass:
        alpha = alpha * _above_blades(height, width, place.y, grass * tall, seed)
    shade = _shade(alpha, place, tall, shadow)
    below = image.astype(np.float32) * (1 - shade[..., None])
    result = below * (1 - alpha[..., None]) + colors * alpha[..., None]
    return np.clip(result + 0.5, 0, 255).astype(np.uint8), alpha


def _shade(alpha: np.ndarray, place: Place, tall: int, shadow: str) -> np.ndarray:
    if shadow == "flat":
        far = np.roll(cv2.GaussianBlur(alpha, (0, 0), 5), (4, 3), (0, 1))
        near = np.roll(cv2.GaussianBlur(alpha, (0, 0), 1.6), (2, 1), (0, 1))
        return 0.28 * far + 0.25 * near
    if shadow != "ground":
        return np.zeros_like(alpha)
    height, width = alpha.shape
    flat = 0.13
    squash = np.array([[1, 0, 0], [0, flat, place.y * (1 - flat) - 0.02 * tall]], np.float32)
    far = cv2.GaussianBlur(cv2.warpAffine(alpha, squash, (width, height)), (0, 0), max(1.5, 0.03 * tall))
    feet = alpha.copy()
    feet[: int(max(0, place.y - 0.05 * tall))] = 0
    near = np.roll(cv2.GaussianBlur(feet, (0, 0), max(1.0, 0.012 * tall)), 1, 0)
    return np.clip(0.42 * far + 0.55 * near, 0, 0.75)


def _above_blades(height: int, width: int, ground: float, blades: float, seed: int) -> np.ndarray:
    """1 where blades of grass that grow from the ground line leave a thing visible, 0 where they cover it."""
    random = np.random.default_rng(seed)
    coarse = cv2.resize(random.random((1, width // 3 + 1)).astype(np.float32), (width, 1))
    fine = random.random((1, width)).astype(np.float32)
    tips = ground - blades * np.clip(0.25 + 0.6 * coarse[0] + 0.3 * (fine[0] - 0.5), 0, 1)
    rows = np.arange(height, dtype=np.float32)[:, None]
    share: np.ndarray = np.clip((tips[None, :] - rows) / 2 + 0.5, 0, 1)
    return share

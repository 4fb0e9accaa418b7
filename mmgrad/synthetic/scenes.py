"""Scenes: photographic cut-outs composited on a background, with the exact visible mask of each."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from mmgrad.synthetic.asset_library import AssetLibrary, Background, Cutout

COLORS: dict[str, tuple[int, int, int]] = {
    "red": (200, 30, 35),
    "orange": (242, 130, 20),
    "yellow": (245, 215, 35),
    "green": (45, 150, 55),
    "blue": (35, 80, 205),
    "purple": (120, 50, 165),
    "pink": (245, 125, 180),
    "brown": (112, 66, 32),
    "black": (30, 30, 32),
    "white": (240, 240, 240),
    "grey": (128, 128, 128),
}
"""The colors a thing can be given, by name: RGB uint8."""


@dataclass(frozen=True, slots=True)
class Item:
    """One cut-out in a scene.

    Attributes:
        key: identity of the object, the same in every scene of a family.
        cutout: id of the cut-out.
        cx, cy: center of its box in fractions of the canvas.
        scale: its long side relative to the short side of the canvas.
        flip: whether it is mirrored.
        recolor: a name of `COLORS`, or None for its own colors.
    """

    key: str
    cutout: str
    cx: float
    cy: float
    scale: float
    flip: bool = False
    recolor: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """Layout of a picture.

    Attributes:
        background: id of the background.
        items: objects from back to front.
        height, width: size of the canvas in pixels.
        crop: (x, y, share): position of the background's crop, 0 to 1 of the free room, and its size relative to the
            largest possible crop.
        light: factors of the items' red, green and blue.
        shadow: strength of the items' soft shadow, 0 to 1.
    """

    background: str
    items: tuple[Item, ...]
    height: int
    width: int
    crop: tuple[float, float, float] = (0.5, 0.5, 1.0)
    light: tuple[float, float, float] = (1.0, 1.0, 1.0)
    shadow: float = 0.0

    def find(self, key: str) -> Item | None:
        """The item with this key, or None."""
        return next((item for item in self.items if item.key == key), None)


class Rendered(NamedTuple):
    """A drawn scene.

    Attributes:
        rgb: the picture, uint8 [H, W, 3].
        masks: visible pixels of each item, uint8 {0, 1} [n, H, W].
        visible: share of each item's pixels that is neither hidden nor outside the frame, float [n].
    """

    rgb: np.ndarray
    masks: np.ndarray
    visible: np.ndarray


def render(scene: Scene, library: AssetLibrary) -> Rendered:
    """Draw one scene; the same scene always gives the same pixels."""
    return renderer(library).render(scene)


def renderer(library: AssetLibrary) -> "Renderer":
    """The renderer of an asset library; one is created per library."""
    found = _RENDERERS.get(id(library))
    if found is None:
        found = _RENDERERS[id(library)] = Renderer(library)
    return found


class Renderer:
    """Draws the scenes of one asset library and caches decoded, recolored and resized pictures."""

    def __init__(self, library: AssetLibrary) -> None:
        self.library = library
        self.cutouts: dict[str, Cutout] = {cutout.id: cutout for cutout in library.cutouts}
        self.backgrounds: dict[str, Background] = {background.id: background for background in library.backgrounds}
        self._sprites: OrderedDict[tuple[str, str | None], np.ndarray] = OrderedDict()
        self._photos: dict[str, np.ndarray] = {}
        self._backdrops: OrderedDict[tuple[str, tuple[float, float, float], int, int], np.ndarray] = OrderedDict()
        self._fill: dict[str, float] = {}
        self._haze: dict[str, float] = {}
        self._strange: dict[str, tuple[str, ...]] = {}

    def sprite(self, cutout: str, recolor: str | None = None) -> np.ndarray:
        """The cut-out trimmed to its pixels, uint8 [h,w,4], color multiplied by alpha."""
        name = (cutout, recolor)
        if name in self._sprites:
            self._sprites.move_to_end(name)
            return self._sprites[name]
        rgba = self.cutouts[cutout].rgba()
        rows = np.flatnonzero((rgba[..., 3] > 24).any(axis=1))
        columns = np.flatnonzero((rgba[..., 3] > 24).any(axis=0))
        rgba = rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
        if recolor is not None:
            rgba[..., :3] = recolored(rgba, recolor)
        alpha = rgba[..., 3:].astype(np.uint16)
        rgba[..., :3] = (rgba[..., :3] * alpha + 127) // 255
        self._sprites[name] = rgba
        if len(self._sprites) > 600:
            self._sprites.popitem(last=False)
        return rgba

    def fill(self, cutout: str) -> float:
        """The opaque area of a cut-out as a share of the square of its long side, 0 to 1."""
        if cutout not in self._fill:
            sprite = self.sprite(cutout)
            self._fill[cutout] = float((sprite[..., 3] > 127).sum()) / max(sprite.shape[:2]) ** 2
        return self._fill[cutout]

    def haze(self, cutout: str) -> float:
        """Half-transparent area of a cut-out (a glow, smoke) relative to its opaque area."""
        if cutout not in self._haze:
            alpha = self.sprite(cutout)[..., 3]
            self._haze[cutout] = float(((alpha > 12) & (alpha < 128)).sum()) / max(1, int((alpha > 127).sum()))
        return self._haze[cutout]

    def unnatural_colors(self, cutout: str) -> tuple[str, ...]:
        """Names of the colors that differ clearly from the cut-out's own."""
        if cutout not in self._strange:
            own, rgba = self.cutouts[cutout].colors, self.cutouts[cutout].rgba()
            mean = rgba[rgba[..., 3] > 127].mean(axis=0)[None, None]
            mean[..., 3] = 255
            self._strange[cutout] = tuple(
                name for name in COLORS if name not in own and color_distance(mean, name) > 30
            )
        return self._strange[cutout]

    def extent(self, item: Item, scene: Scene) -> tuple[int, int]:
        """Width and height in pixels of the item's box, its hidden parts included."""
        height, width = self.sprite(item.cutout).shape[:2]
        factor = item.scale * min(scene.height, scene.width) / max(height, width)
        return max(2, round(width * factor)), max(2, round(height * factor))

    def contrast(self, scene: Scene, drawn: Rendered) -> np.ndarray:
        """Share of each item's visible pixels that differ from the background behind them, float [n]."""
        step = differing(drawn.rgb, self._backdrop(scene))
        areas = [max(1, cv2.countNonZero(mask)) for mask in drawn.masks]
        return np.array([cv2.countNonZero(cv2.bitwise_and(mask, step)) for mask in drawn.masks]) / areas

    def mean_light(self, scene: Scene) -> np.ndarray:
        """The mean RGB of the scene's background, float [3] in 0 to 255."""
        mean: np.ndarray = self._backdrop(scene).reshape(-1, 3).mean(axis=0)
        return mean

    def render(self, scene: Scene) -> Rendered:
        """Draw one scene."""
        canvas = self._backdrop(scene).astype(np.float32)
        shape = (scene.height, scene.width)
        shown = np.zeros((len(scene.items), *shape), np.float32)
        whole = np.ones(len(scene.items), np.float32)
        light = np.asarray(scene.light, np.float32)
        for index, item in enumerate(scene.items):
            width, height = self.extent(item, scene)
            sprite = self.sprite(item.cutout, item.recolor)
            shrinks = height < sprite.shape[0]
            sprite = cv2.resize(sprite, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
            if item.flip:
                sprite = sprite[:, ::-1]
            whole[index] = max(1, int((sprite[..., 3] > 127).sum()))
            left = round(item.cx * scene.width - width / 2)
            top = round(item.cy * scene.height - height / 2)
            x0, y0 = max(0, left), max(0, top)
            x1, y1 = min(scene.width, left + width), min(scene.height, top + height)
            if x1 <= x0 or y1 <= y0:
                continue
            if scene.shadow > 0:
                _cast_shadow(canvas, sprite[..., 3], left, top, scene.shadow)
            part = sprite[y0 - top : y1 - top, x0 - left : x1 - left].astype(np.float32)
            alpha = part[..., 3] * np.float32(1 / 255)
            through = 1 - alpha
            area = canvas[y0:y1, x0:x1]
            area *= through[..., None]
            area += part[..., :3] * light
            shown[:index, y0:y1, x0:x1] *= through
            shown[index, y0:y1, x0:x1] = alpha
        masks = (shown > 0.5).view(np.uint8)
        visible = np.array([cv2.countNonZero(mask) for mask in masks]) / whole
        return Rendered(np.clip(canvas + 0.5, 0, 255).astype(np.uint8), masks, visible)

    def _backdrop(self, scene: Scene) -> np.ndarray:
        """The background's crop at the size of the canvas, uint8 [H,W,3]."""
        name = (scene.background, scene.crop, scene.height, scene.width)
        if name in self._backdrops:
            self._backdrops.move_to_end(name)
            return self._backdrops[name]
        if scene.background not in self._photos:
            self._photos[scene.background] = self.backgrounds[scene.background].rgb()
        photo = self._photos[scene.background]
        x, y, share = scene.crop
        factor = min(photo.shape[0] / scene.height, photo.shape[1] / scene.width) * share
        height, width = round(scene.height * factor), round(scene.width * factor)
        top, left = round((photo.shape[0] - height) * y), round((photo.shape[1] - width) * x)
        part = photo[top : top + height, left : left + width]
        shrinks = height > scene.height
        backdrop = cv2.resize(
            part, (scene.width, scene.height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        )
        self._backdrops[name] = backdrop
        if len(self._backdrops) > 32:
            self._backdrops.popitem(last=False)
        return backdrop


def differing(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where two pictures, uint8 [H, W, 3], differ by more than 24 in some channel: uint8 {0, 255} [H, W]."""
    return cv2.bitwise_not(cv2.inRange(cv2.absdiff(one, other), (0, 0, 0), (24, 24, 24)))


def recolored(rgba: np.ndarray, color: str) -> np.ndarray:
    """The RGB pixels of a cut-out moved to a named color: uint8 [h, w, 4] -> uint8 [h, w, 3].

    In CIE Lab, the mean lightness moves to that of the color, the variation around it is kept up to a bound, and the
    chroma follows the lightness, so that shadows stay dark and highlights pale.
    """
    lab = cv2.cvtColor(np.ascontiguousarray(rgba[..., :3]).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    target = cv2.cvtColor(np.array([[COLORS[color]]], np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0]
    opaque = rgba[..., 3] > 127
    mean = lab[opaque].mean(axis=0)
    spread = float(lab[opaque][:, 0].std()) + 1e-3
    bound = {"black": 8.0, "white": 7.0, "yellow": 9.0, "brown": 10.0}.get(color, 13.0)
    lightness = target[0] + (lab[..., 0] - mean[0]) * min(1.0, bound / spread)
    lightness = np.clip(lightness, 4, 98)
    follow = np.clip(lightness / max(float(target[0]), 1.0), 0.45, 1.15)
    out = np.empty_like(lab)
    out[..., 0] = lightness
    out[..., 1:] = target[1:] * follow[..., None] + 0.06 * (lab[..., 1:] - mean[1:])
    rgb = cv2.cvtColor(out, cv2.COLOR_LAB2RGB)
    rounded: np.ndarray = np.clip(rgb * 255 + 0.5, 0, 255).astype(np.uint8)
    return rounded


def color_distance(rgba: np.ndarray, color: str) -> float:
    """Distance in CIE Lab between the mean color of a cut-out (uint8 [h,w,4]) and a named color."""
    pixel = rgba[rgba[..., 3] > 127][:, :3].mean(axis=0)
    pair = np.array([[pixel, COLORS[color]]], np.float32) / 255
    lab = cv2.cvtColor(pair, cv2.COLOR_RGB2LAB)[0]
    return float(np.linalg.norm(lab[0] - lab[1]))


def _cast_shadow(canvas: np.ndarray, alpha: np.ndarray, left: int, top: int, strength: float) -> None:
    """Darken the canvas (float32 [H, W, 3], in place) with the blurred shadow of an item."""
    pad = min(max(3, max(alpha.shape) // 14), max(4, max(canvas.shape) // 28))
    shadow = cv2.copyMakeBorder(alpha, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    shadow = cv2.blur(shadow, (pad, pad))
    left, top = left - pad, top - pad + pad // 2
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(canvas.shape[1], left + shadow.shape[1]), min(canvas.shape[0], top + shadow.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    part = shadow[y0 - top : y1 - top, x0 - left : x1 - left].astype(np.float32)
    canvas[y0:y1, x0:x1] *= (1 - part * np.float32(strength / 255))[..., None]


_RENDERERS: dict[int, Renderer] = {}

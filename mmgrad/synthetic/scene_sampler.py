"""Random layouts of scenes: objects, colors, sizes and positions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from mmgrad.synthetic import phrases
from mmgrad.synthetic.asset_library import AssetLibrary, Cutout
from mmgrad.synthetic.held_out import held_out
from mmgrad.synthetic.places import ABSOLUTE, RELATIVE, Place, clamp_center, holds, sample_position
from mmgrad.synthetic.scenes import Item, Rendered, Renderer, Scene, renderer

T = TypeVar("T")
LAYOUT_SIZE = 224
"""The long side at which a family is laid out and checked, whatever the size it is drawn at."""
LEAST_CONTRAST = 0.35
"""The share of a thing's visible pixels that stand out from the background, so that a person sees it."""
MOST_HAZE = 0.45
"""The half-transparent area over the opaque one, above which a cut-out has no clear outline and is not used."""
PAINTED = 0.14
"""The share of the base's things that are given a color, as far as they can be."""


@dataclass(frozen=True, eq=False)
class Base:
    """The first picture of a family: its layout, its rendering, and the cut-outs present in it."""

    scene: Scene
    picture: Rendered
    present: tuple[Cutout, ...]


def shape(width: int, height: int, size: int) -> tuple[int, int]:
    """Height and width with this aspect ratio and the long side `size`."""
    return round(size * height / max(width, height)), round(size * width / max(width, height))


class SceneSampler:
    """Samples scenes from the cut-outs of a split; `rng` is the only source of randomness."""

    def __init__(self, library: AssetLibrary, split: str, rng: np.random.Generator) -> None:
        self.library, self.split, self.rng = library, split, rng
        self.draw: Renderer = renderer(library)
        self.held_out = held_out(library)
        self.pool = [cutout for cutout in library.cutouts if cutout.id not in self.held_out]
        self.rare: list[Cutout] = []
        if split == "test" and rng.random() < 0.2:
            self.rare = [cutout for cutout in library.cutouts if cutout.id in self.held_out]

    def sample_scene(self) -> Base | None:
        """A base picture of one to four clearly visible objects; None if there is no room for them."""
        rng = self.rng
        width, height = self.pick(((1, 1), (4, 3), (3, 4)), (0.7, 0.17, 0.13))
        height, width = shape(width, height, LAYOUT_SIZE)
        background = self.choose(self.library.backgrounds)
        empty = Scene(background.id, (), height, width, self.crop(), shadow=float(rng.choice((0.0, 0.2, 0.35))))
        tint = np.clip((self.draw.mean_light(empty) + 60) / 180, 0.6, 1.4) ** 0.22 * rng.uniform(0.88, 1.1)
        light = np.clip(tint, 0.75, 1.15)
        empty = replace(empty, light=(float(light[0]), float(light[1]), float(light[2])))
        for _ in range(12):
            count = int(rng.choice((1, 2, 3, 4), p=(0.2, 0.37, 0.28, 0.15)))
            low, high = {1: (0.42, 0.95), 2: (0.34, 0.62), 3: (0.28, 0.5), 4: (0.24, 0.42)}[count]
            items: list[Item] = []
            present: list[Cutout] = []
            for number in range(count):
                cutout = self.cutout(present)
                if cutout is None:
                    break
                color = self.color(cutout) if rng.random() < PAINTED else None
                scale, flip = self.scale(cutout, low, high), bool(rng.random() < 0.5)
                item = Item(f"thing{number}", cutout.id, 0.5, 0.5, scale, flip, color)
                placed = self.find_room(item, replace(empty, items=tuple(items)))
                if placed is None:
                    break
                items.append(placed)
                present.append(cutout)
            if len(items) < count:
                continue
            items.sort(key=lambda item: item.cy + rng.uniform(-0.1, 0.1))
            scene = replace(empty, items=tuple(items))
            picture = self.draw.render(scene)
            clear = bool((self.draw.contrast(scene, picture) > LEAST_CONTRAST).all())
            if clear and (picture.visible > 0.6).all() and (picture.masks.mean(axis=(1, 2)) > 0.012).all():
                return Base(scene, picture, tuple(present))
        return None

    def pick(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        """One of the options, with probabilities proportional to `weights`."""
        shares = None if weights is None else np.asarray(weights) / sum(weights)
        return options[int(self.rng.choice(len(options), p=shares))]

    def choose(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[int(self.rng.integers(len(options)))]

    def cutout(self, present: Sequence[Cutout], category: str | None = None) -> Cutout | None:
        """A cut-out whose noun differs from the names of those present; None if none was found."""
        for _ in range(20):
            pool = self.rare if self.rare and self.rng.random() < 0.5 else self.pool
            if category is not None:
                pool = [cutout for cutout in pool if cutout.category == category] or pool
            cutout = self.choose(pool)
            if self.draw.haze(cutout.id) > MOST_HAZE:
                continue
            if not any(cutout.noun in other.names or other.noun in cutout.names for other in present):
                return cutout
        return None

    def scale(self, cutout: Cutout, low: float, high: float) -> float:
        """A scale between the bounds, larger for thin objects so that they cover enough of the canvas."""
        scale = float(self.rng.uniform(low, high))
        least: float = (0.03 / max(self.draw.fill(cutout.id), 1e-3)) ** 0.5
        return min(max(scale, least), 0.97)

    def crop(self) -> tuple[float, float, float]:
        """A random crop of a background, as `Scene.crop`."""
        return (float(self.rng.random()), float(self.rng.random()), float(self.rng.uniform(0.72, 1.0)))

    def half(self, item: Item, scene: Scene) -> tuple[float, float]:
        """Half the item's width and height, as fractions of the canvas."""
        width, height = self.draw.extent(item, scene)
        return width / scene.width / 2, height / scene.height / 2

    def find_room(self, item: Item, scene: Scene) -> Item | None:
        """The item at a position with little overlap, sometimes partly outside the frame; None if there is none."""
        half = self.half(item, scene)
        share = 0.5 if self.rng.random() < 0.12 else 0.95
        for _ in range(25):
            x = clamp_center(float(self.rng.uniform(0.1, 0.9)), half[0], share)
            y = clamp_center(float(self.rng.uniform(0.12, 0.88)), half[1], share)
            tried = replace(item, cx=x, cy=y)
            if self.crowding(tried, scene) < 0.22:
                return tried
        return None

    def crowding(self, item: Item, scene: Scene) -> float:
        """The largest overlap of the item's box with another's, as a share of the smaller one."""
        worst = 0.0
        half = self.half(item, scene)
        for other in scene.items:
            if other.key == item.key:
                continue
            around = self.half(other, scene)
            across = half[0] + around[0] - abs(item.cx - other.cx)
            down = half[1] + around[1] - abs(item.cy - other.cy)
            if across > 0 and down > 0:
                small = min(4 * half[0] * half[1], 4 * around[0] * around[1])
                worst = max(worst, across * down / small)
        return worst

    def place(self, scene: Scene, mover: str | None = None) -> Place:
        """A random place of the canvas, or relative to an object other than `mover`."""
        anchors = [item for item in scene.items if item.key != mover]
        if anchors and self.rng.random() < 0.33:
            return Place(self.choose(RELATIVE), self.choose(anchors).key)
        return Place(self.pick(ABSOLUTE, (2, 2, 1.2, 1.2, 1.6, 0.8, 0.8, 0.8, 0.8)))

    def place_at(self, item: Item, place: Place, scene: Scene) -> Item | None:
        """The item at the place; None if it is too large for it."""
        anchor = scene.find(place.anchor) if place.anchor else None
        if place.anchor and anchor is None:
            return None
        half = self.half(item, scene)
        where = (anchor.cx, anchor.cy) if anchor else None
        around = self.half(anchor, scene) if anchor else (0.0, 0.0)
        x, y = sample_position(place.name, half, self.rng, where, around)
        return replace(item, cx=x, cy=y) if holds(place.name, x, y, where) else None

    def color(self, cutout: Cutout, besides: str | None = None) -> str | None:
        """A color that the object does not naturally have, other than `besides`; None if there is none, or if one of
        its nouns already contains a color ("red apple").
        """
        if not all(phrases.can_be_painted(word) for word in cutout.names):
            return None
        far = [name for name in self.draw.unnatural_colors(cutout.id) if name != besides]
        return self.choose(far) if far else None

    def word(self, item: Item, present: Sequence[Cutout]) -> str:
        """A noun for the item, sometimes a synonym that fits no other object present."""
        cutout = self.draw.cutouts[item.cutout]
        others = [other for other in present if other.id != cutout.id]
        free = [word for word in cutout.synonyms if not any(word in other.names for other in others)]
        return self.choose(free) if free and self.rng.random() < 0.25 else cutout.noun

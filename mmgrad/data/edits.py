"""Families of edited scenes: one reference picture, its edited variants, and sentences that ask for one of the others.

The variants of a family are each other's hard distractors: the same change of another thing, another change of the same
thing, the same thing put elsewhere. Every sentence fits exactly one picture of its family, to a generous reader.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

import cv2
import numpy as np

from mmgrad.data import phrases
from mmgrad.data.atlas import Atlas, Cutout
from mmgrad.data.changes import Change, apply, fits
from mmgrad.data.phrases import Name
from mmgrad.data.places import ABSOLUTE, RELATIVE, Place, holds, inside, somewhere
from mmgrad.data.scenes import COLOURS, Item, Rendered, Renderer, Scene, colour_distance, renderer

TRAIN_FAMILIES = 9000
VALIDATION_FAMILIES = 250
TEST_FAMILIES = 1450
T = TypeVar("T")
SPLITS = ("train", "validation", "test")
KINDS = ("replace", "remove", "add", "recolour", "resize", "move", "background", "combined")
SCENES = 7
"""Pictures of a family, its reference the first."""
LAYOUT_SIZE = 224
"""The long side at which a family is laid out and checked, whatever the size it is drawn at."""

LEAST_CHANGE = 0.02
"""The share of pixels that differ, by more than 24 of 255, between any two pictures of a family."""
LEAST_CONTRAST = 0.35
"""The share of a thing's visible pixels that stand out from the background, so that a person sees it."""
LEAST_MOVE = 0.25
"""How far a thing is moved, as a share of the canvas."""
MOST_HAZE = 0.45
"""The half-transparent area over the opaque one, above which a cut-out has no clear outline and is not used."""


@dataclass(frozen=True, eq=False)
class Triplet:
    """A reference picture, a sentence, and the picture it asks for; both pictures are indices into the family.

    `reference_mask` and `target_mask` are uint8 {0,1} [H,W]: the visible pixels of what changes, in each picture; None
    where there is none (the reference of an addition, the target of a removal). `removed` and `added` are the nouns of
    the text that vanish and appear: `removed` is at the reference mask, `added` at the target mask. `nouns` are all
    nouns that the text can use for what changes.
    """

    reference: int
    target: int
    text: str
    edit: str
    pattern: str
    unseen_photo: bool
    unseen_pattern: bool
    unseen_noun: bool
    reference_mask: np.ndarray | None
    target_mask: np.ndarray | None
    removed: str | None
    added: str | None
    nouns: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, eq=False)
class Family:
    """Pictures uint8 [H,W,3], RGB; the triplets among them; a caption of each; how each was laid out."""

    scenes: tuple[np.ndarray, ...]
    triplets: tuple[Triplet, ...]
    captions: tuple[str, ...]
    layouts: tuple[Scene, ...]


def make_family(atlas: Atlas, split: str, index: int, size: int = 224) -> Family:
    """The family of this number: the same for the same atlas, split, index and size.

    `size` is the long side of the pictures in pixels; layout and sentences do not depend on it. Raises
    ValueError for an unknown split.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {SPLITS}, not {split!r}")
    for attempt in range(50):
        seed = np.random.SeedSequence([20_268, SPLITS.index(split), index, attempt])
        family = _Builder(atlas, split, np.random.default_rng(seed)).build(size)
        if family is not None:
            return family
    raise RuntimeError(f"no family could be laid out for {split} {index}; the atlas is too small")


def families(atlas: Atlas, split: str, start: int, stop: int, size: int = 224) -> Iterator[Family]:
    """The families numbered start to stop - 1."""
    return (make_family(atlas, split, index, size) for index in range(start, stop))


@lru_cache(maxsize=4)
def _held_out(pairs: tuple[tuple[str, str, str], ...]) -> frozenset[str]:
    nouns = [noun for _, noun, _ in pairs]
    categories = [category for _, _, category in pairs]
    kept: set[str] = set()
    for identity, noun, category in pairs:
        number = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:6], "big") / 2**48
        several = nouns.count(noun) > 1
        share = 0.3 if several else 0.1 if categories.count(category) >= 8 else 0.0
        if number < share:
            kept.add(identity)
    return frozenset(kept)


def held_out(atlas: Atlas) -> frozenset[str]:
    """The ids of the cut-outs kept for the test split, by a stable hash of the id."""
    return _held_out(tuple((cutout.id, cutout.noun, cutout.category) for cutout in atlas.cutouts))


_THEMES: dict[str, tuple[float, str, int]] = {
    # name: (weight, kind, things needed in the base)
    "replace one by two": (2.0, "replace", 1),
    "replace two by one": (1.2, "replace", 2),
    "remove two": (2.2, "remove", 2),
    "add at two places": (1.2, "add", 0),
    "add two": (1.3, "add", 0),
    "recolour in two colours": (1.2, "recolour", 1),
    "recolour two": (1.1, "recolour", 2),
    "resize one": (1.1, "resize", 1),
    "resize two": (1.1, "resize", 2),
    "move to two places": (1.6, "move", 1),
    "move two": (1.0, "move", 2),
    "two backgrounds": (0.8, "background", 0),
}


def _shape(width: int, height: int, size: int) -> tuple[int, int]:
    """Height and width of that proportion with the long side `size`."""
    return round(size * height / max(width, height)), round(size * width / max(width, height))


def _says(text: str, word: str) -> bool:
    """Whether the text has the word, whole, in any case."""
    return bool(word) and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


class _Builder:
    """Lays out one family; everything random comes from `rng`."""

    def __init__(self, atlas: Atlas, split: str, rng: np.random.Generator) -> None:
        self.atlas, self.split, self.rng = atlas, split, rng
        self.draw: Renderer = renderer(atlas)
        self.held_out = held_out(atlas)
        seen = [cutout for cutout in atlas.cutouts if cutout.id not in self.held_out]
        self.seen_nouns = {cutout.noun for cutout in seen}
        self.pool = seen
        self.rare: list[Cutout] = []
        if split == "test" and rng.random() < 0.2:
            self.rare = [cutout for cutout in atlas.cutouts if cutout.id in self.held_out]
        self.layouts: list[Scene] = []
        self.pictures: list[Rendered] = []
        self.changes: list[tuple[Change, ...]] = [()]
        self.there: list[Cutout] = []

    # -- the whole -----------------------------------------------------------------------------------------------

    def build(self, size: int) -> Family | None:
        if not self._base():
            return None
        count = len(self.layouts[0].items)
        fitting = [name for name, (_, _, need) in _THEMES.items() if need <= count]
        singles: set[str] = set()
        for _ in range(6):
            if len(self.layouts) >= 5 or not fitting:
                break
            name = self._pick(fitting, [_THEMES[n][0] for n in fitting])
            fitting = [other for other in fitting if _THEMES[other][1] != _THEMES[name][1]]
            singles.add(_THEMES[name][1])
            for change in self._theme(name):
                if len(self.layouts) < 6:
                    self._insert((change,))
        combined = 2 if self.rng.random() < 0.35 else 1
        for _ in range(60):
            if len(self.layouts) == SCENES:
                break
            if len(self.layouts) + combined >= SCENES:
                pair = self._pair()
                if pair is not None and self._insert(pair):
                    combined -= 1
                continue
            kind = self._pick([kind for kind in KINDS[:-1] if kind not in singles])
            another = self._single(kind)
            if another is not None and self._insert((another,)):
                singles.add(kind)
        if len(self.layouts) < SCENES:
            return None
        if size != LAYOUT_SIZE:
            shape = _shape(self.layouts[0].width, self.layouts[0].height, size)
            self.layouts = [replace(scene, height=shape[0], width=shape[1]) for scene in self.layouts]
            self.pictures = [self.draw.render(scene) for scene in self.layouts]
        triplets = self._triplets()
        return Family(
            tuple(picture.rgb for picture in self.pictures),
            tuple(triplets),
            tuple(self._caption(scene) for scene in self.layouts),
            tuple(self.layouts),
        )

    def _base(self) -> bool:
        rng = self.rng
        width, height = self._pick(((1, 1), (4, 3), (3, 4)), (0.7, 0.17, 0.13))
        height, width = _shape(width, height, LAYOUT_SIZE)
        background = self._choose(self.atlas.backgrounds)
        empty = Scene(background.id, (), height, width, self._crop(), shadow=float(rng.choice((0.0, 0.2, 0.35))))
        tint = np.clip((self.draw.mean_light(empty) + 60) / 180, 0.6, 1.4) ** 0.22 * rng.uniform(0.88, 1.1)
        light = np.clip(tint, 0.75, 1.15)
        empty = replace(empty, light=(float(light[0]), float(light[1]), float(light[2])))
        for _ in range(12):
            count = int(rng.choice((1, 2, 3, 4), p=(0.2, 0.37, 0.28, 0.15)))
            low, high = {1: (0.42, 0.95), 2: (0.34, 0.62), 3: (0.28, 0.5), 4: (0.24, 0.42)}[count]
            items: list[Item] = []
            there: list[Cutout] = []
            for number in range(count):
                cutout = self._cutout(there)
                if cutout is None:
                    break
                item = Item(
                    f"thing{number}", cutout.id, 0.5, 0.5, self._scale(cutout, low, high), bool(rng.random() < 0.5)
                )
                placed = self._settle(item, replace(empty, items=tuple(items)))
                if placed is None:
                    break
                items.append(placed)
                there.append(cutout)
            if len(items) < count:
                continue
            items.sort(key=lambda item: item.cy + rng.uniform(-0.1, 0.1))
            scene = replace(empty, items=tuple(items))
            picture = self.draw.render(scene)
            clear = bool((self.draw.contrast(scene, picture) > LEAST_CONTRAST).all())
            if clear and (picture.visible > 0.6).all() and (picture.masks.mean(axis=(1, 2)) > 0.012).all():
                self.layouts.append(scene)
                self.pictures.append(picture)
                self.there = there
                return True
        return False

    # -- choosing ------------------------------------------------------------------------------------------------

    def _pick(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        shares = None if weights is None else np.asarray(weights) / sum(weights)
        return options[int(self.rng.choice(len(options), p=shares))]

    def _choose(self, options: Sequence[T]) -> T:
        return options[int(self.rng.integers(len(options)))]

    def _cutout(self, there: list[Cutout], category: str | None = None) -> Cutout | None:
        """A cut-out that its noun tells apart from those there."""
        for _ in range(20):
            pool = self.rare if self.rare and self.rng.random() < 0.5 else self.pool
            if category is not None:
                pool = [cutout for cutout in pool if cutout.category == category] or pool
            cutout = self._choose(pool)
            if self.draw.haze(cutout.id) > MOST_HAZE:
                continue
            if not any(cutout.noun in other.names or other.noun in cutout.names for other in there):
                return cutout
        return None

    def _scale(self, cutout: Cutout, low: float, high: float) -> float:
        """A scale between the bounds, raised for thin things so that they cover enough of the canvas."""
        scale = float(self.rng.uniform(low, high))
        least = (0.03 / max(self.draw.fill(cutout.id), 1e-3)) ** 0.5
        return min(max(scale, least), 0.97)

    def _crop(self) -> tuple[float, float, float]:
        return (float(self.rng.random()), float(self.rng.random()), float(self.rng.uniform(0.72, 1.0)))

    def _half(self, item: Item, scene: Scene) -> tuple[float, float]:
        width, height = self.draw.extent(item, scene)
        return width / scene.width / 2, height / scene.height / 2

    def _settle(self, item: Item, scene: Scene) -> Item | None:
        """The item at a place where it overlaps the scene's others little; now and then partly outside the frame."""
        half = self._half(item, scene)
        share = 0.5 if self.rng.random() < 0.12 else 0.95
        for _ in range(25):
            x = inside(float(self.rng.uniform(0.1, 0.9)), half[0], share)
            y = inside(float(self.rng.uniform(0.12, 0.88)), half[1], share)
            tried = replace(item, cx=x, cy=y)
            if self._crowding(tried, scene) < 0.22:
                return tried
        return None

    def _crowding(self, item: Item, scene: Scene) -> float:
        """The largest overlap of the item's box with another's, as a share of the smaller one."""
        worst = 0.0
        half = self._half(item, scene)
        for other in scene.items:
            if other.key == item.key:
                continue
            around = self._half(other, scene)
            across = half[0] + around[0] - abs(item.cx - other.cx)
            down = half[1] + around[1] - abs(item.cy - other.cy)
            if across > 0 and down > 0:
                small = min(4 * half[0] * half[1], 4 * around[0] * around[1])
                worst = max(worst, across * down / small)
        return worst

    # -- single changes of the base ------------------------------------------------------------------------------

    def _theme(self, name: str) -> list[Change]:
        base = self.layouts[0]
        order = [base.items[int(i)] for i in self.rng.permutation(len(base.items))]
        kind = _THEMES[name][1]
        made: list[Change | None]
        if name == "replace one by two":
            first = self._replace(order[0])
            like = self.draw.cutouts[first.item.cutout].category if first and first.item else None
            made = [first, self._replace(order[0], category=like)]
        elif name == "replace two by one":
            first = self._replace(order[0])
            cutout = self.draw.cutouts[first.item.cutout] if first and first.item else None
            made = [first, self._replace(order[1], cutout=cutout)]
        elif name == "add at two places":
            first = self._add(placed=True)
            made = [first, self._add(placed=True, like=first.item if first else None)]
        elif name == "add two":
            placed = bool(self.rng.random() < 0.4)
            made = [self._add(placed), self._add(placed)]
        elif name == "recolour two":
            first = self._recolour(order[0])
            colour = first.item.recolour if first and first.item else None
            made = [first, self._recolour(order[1], colour)]
        elif name == "resize one":
            made = [self._resize(order[0], True), self._resize(order[0], False)]
        elif name == "resize two":
            grows = bool(self.rng.random() < 0.5)
            made = [self._resize(order[0], grows), self._resize(order[1], grows)]
        elif name == "move two":
            first = self._move(order[0])
            place = first.place if first and first.place and first.place.anchor is None else None
            made = [first, self._move(order[1], place)]
        else:
            same = order[0].key if name in ("recolour in two colours", "move to two places") else None
            second = order[1].key if len(order) > 1 else None
            made = [self._single(kind, same or (order[0].key if order else None)), self._single(kind, same or second)]
        return [change for change in made if change is not None]

    def _single(self, kind: str, key: str | None = None) -> Change | None:
        base = self.layouts[0]
        if kind == "add":
            return self._add(placed=bool(self.rng.random() < 0.6))
        if kind == "background":
            return self._background()
        if not base.items:
            return None
        item = (base.find(key) if key else None) or self._choose(base.items)
        if kind == "replace":
            return self._replace(item)
        if kind == "remove":
            return Change("remove", item.key, old_word=self._word(item))
        if kind == "recolour":
            return self._recolour(item)
        if kind == "resize":
            return self._resize(item, bool(self.rng.random() < 0.5))
        return self._move(item)

    def _pair(self) -> tuple[Change, Change] | None:
        """Two changes of different things for one sentence, mostly ones that the family also shows alone."""
        alone = [changes[0] for changes in self.changes if len(changes) == 1]
        if not alone:
            return None
        first = self._choose(alone)
        if self.rng.random() < 0.6:
            second: Change | None = self._choose(alone)
        else:
            second = self._single(self._choose(KINDS[:-1]))
        if second is None or first.touches & second.touches:
            return None
        new = [change for change in (first, second) if change.item and change.kind in ("add", "replace")]
        for one, other in zip(new, reversed(new), strict=True):
            if one is not other and other.item and one.new_word in self.draw.cutouts[other.item.cutout].names:
                return None
        return (first, second)

    def _replace(self, item: Item, cutout: Cutout | None = None, category: str | None = None) -> Change | None:
        if category is None and self.rng.random() < 0.3:
            category = self.draw.cutouts[item.cutout].category
        cutout = cutout or self._cutout(self.there, category)
        if cutout is None:
            return None
        scene = self.layouts[0]
        width, height = self.draw.extent(item, scene)
        trial = replace(item, cutout=cutout.id, recolour=None, key=f"{item.key}>{cutout.id}")
        new_width, new_height = self.draw.extent(trial, scene)
        scale = item.scale * (width * height / (new_width * new_height)) ** 0.5 * self.rng.uniform(0.92, 1.12)
        new = replace(trial, scale=min(max(scale, self._scale(cutout, 0.2, 0.2)), 0.95))
        half = self._half(new, scene)
        new = replace(new, cx=inside(item.cx, half[0], 0.8), cy=inside(item.cy, half[1], 0.8))
        if abs(new.cx - item.cx) > 0.1 or abs(new.cy - item.cy) > 0.1:
            return None
        return Change("replace", item.key, new, self._word(item), self._word(new))

    def _add(self, placed: bool, like: Item | None = None) -> Change | None:
        scene = self.layouts[0]
        cutout = self.draw.cutouts[like.cutout] if like else self._cutout(self.there)
        if cutout is None:
            return None
        scale = like.scale if like else self._scale(cutout, 0.25, 0.48)
        flip = like.flip if like else bool(self.rng.random() < 0.5)
        item = Item(f"new>{cutout.id}", cutout.id, 0.5, 0.5, scale, flip)
        if not placed:
            settled = self._settle(item, scene)
            if settled is None:
                return None
            return Change("add", None, settled, new_word=self._word(settled))
        for _ in range(12):
            place = self._place(scene)
            put = self._put(item, place, scene)
            if put is not None and self._crowding(put, scene) < 0.45:
                return Change("add", None, put, new_word=self._word(put), place=place)
        return None

    def _recolour(self, item: Item, colour: str | None = None) -> Change | None:
        cutout = self.draw.cutouts[item.cutout]
        own = set(cutout.colours)
        far = [
            name
            for name in COLOURS
            if name not in own and colour_distance(self.draw.cutouts[item.cutout].rgba(), name) > 30
        ]
        if colour is not None:
            far = [name for name in far if name == colour]
        if not far:
            return None
        return Change("recolour", item.key, replace(item, recolour=self._choose(far)), self._word(item))

    def _resize(self, item: Item, grows: bool) -> Change | None:
        factor = float(self.rng.uniform(1.45, 1.75) if grows else self.rng.uniform(0.5, 0.63))
        scale = item.scale * factor
        if not 0.13 <= scale <= 1.05:
            return None
        new = replace(item, scale=scale)
        half = self._half(new, self.layouts[0])
        new = replace(new, cx=inside(item.cx, half[0], 0.8), cy=inside(item.cy, half[1], 0.8))
        return Change("resize", item.key, new, self._word(item), grows=grows)

    def _move(self, item: Item, place: Place | None = None) -> Change | None:
        scene = self.layouts[0]
        for _ in range(15):
            where = place or self._place(scene, item.key)
            put = self._put(item, where, scene)
            if put is None or self._crowding(put, scene) > 0.45:
                continue
            if np.hypot(put.cx - item.cx, put.cy - item.cy) >= LEAST_MOVE:
                return Change("move", item.key, put, self._word(item), place=where)
        return None

    def _background(self) -> Change | None:
        old = self.draw.backgrounds[self.layouts[0].background]
        others = [b for b in self.atlas.backgrounds if not b.names & old.names]
        if not others:
            return None
        new = self._choose(others)
        synonyms = [word for word in new.synonyms if phrases.can_name_backdrop(word)]
        word = self._choose(synonyms) if synonyms and self.rng.random() < 0.3 else new.name
        return Change("background", new_word=word, background=new.id, crop=self._crop())

    def _place(self, scene: Scene, mover: str | None = None) -> Place:
        anchors = [item for item in scene.items if item.key != mover]
        if anchors and self.rng.random() < 0.33:
            return Place(self._choose(RELATIVE), self._choose(anchors).key)
        return Place(self._pick(ABSOLUTE, (2, 2, 1.2, 1.2, 1.6, 0.8, 0.8, 0.8, 0.8)))

    def _put(self, item: Item, place: Place, scene: Scene) -> Item | None:
        anchor = scene.find(place.anchor) if place.anchor else None
        if place.anchor and anchor is None:
            return None
        half = self._half(item, scene)
        where = (anchor.cx, anchor.cy) if anchor else None
        around = self._half(anchor, scene) if anchor else (0.0, 0.0)
        x, y = somewhere(place.name, half, self.rng, where, around)
        return replace(item, cx=x, cy=y) if holds(place.name, x, y, where) else None

    def _word(self, item: Item) -> str:
        """A noun for the item: now and then a synonym that fits no other thing of the base."""
        cutout = self.draw.cutouts[item.cutout]
        others = [other for other in self.there if other.id != cutout.id]
        free = [word for word in cutout.synonyms if not any(word in other.names for other in others)]
        return self._choose(free) if free and self.rng.random() < 0.25 else cutout.noun

    # -- checking ------------------------------------------------------------------------------------------------

    def _insert(self, changes: tuple[Change, ...]) -> bool:
        """Add the variant that these changes of the base give, if it is clear to see and to name."""
        base = self.layouts[0]
        scene = apply(base, changes)
        if not self._sayable(base, changes):
            return False
        before = {item.key: share for item, share in zip(base.items, self.pictures[0].visible, strict=True)}
        changed = {change.item.key for change in changes if change.item}
        picture = self.draw.render(scene)
        for item, share, mask in zip(scene.items, picture.visible, picture.masks, strict=True):
            if share < (0.55 if item.key in changed else min(0.45, before.get(item.key, 1.0))):
                return False
            if item.key in changed and mask.mean() < 0.008:
                return False
        if (self.draw.contrast(scene, picture) < LEAST_CONTRAST).any():
            return False
        for other in self.pictures:
            if (cv2.absdiff(picture.rgb, other.rgb).max(axis=2) > 24).mean() < LEAST_CHANGE:
                return False
        layouts, said = [*self.layouts, scene], [*self.changes, changes]
        for number in range(1, len(layouts)):
            meant = [i for i, candidate in enumerate(layouts) if self._fits(candidate, base, said[number])]
            if meant != [number]:
                return False
        self.layouts, self.changes = layouts, said
        self.pictures.append(picture)
        return True

    def _fits(self, candidate: Scene, reference: Scene, changes: tuple[Change, ...]) -> bool:
        return fits(candidate, reference, changes, self.draw.cutouts, self.draw.backgrounds)

    def _sayable(self, reference: Scene, changes: tuple[Change, ...]) -> bool:
        """Whether each old thing's word names one thing of the reference only, no new thing is there already, and
        what moves goes far enough."""
        for change in changes:
            named = [item for item in reference.items if change.old_word in self.draw.cutouts[item.cutout].names]
            if change.key and len(named) != 1:
                return False
            old, new = set(change.old_word.split()), set(change.new_word.split())
            if old and new and (old <= new or new <= old):  # "the armchair with a blue armchair"
                return False
            start = reference.find(change.key) if change.key and change.kind == "move" else None
            if start and change.item and np.hypot(start.cx - change.item.cx, start.cy - change.item.cy) < LEAST_MOVE:
                return False
            if change.kind in ("add", "replace") and any(
                change.new_word in self.draw.cutouts[item.cutout].names for item in reference.items
            ):
                return False
            if change.place and change.place.anchor and self._anchor(reference, change.place) is None:
                return False
        return True

    def _anchor(self, reference: Scene, place: Place) -> Name | None:
        item = reference.find(place.anchor or "")
        if item is None:
            return None
        noun = self.draw.cutouts[item.cutout].noun
        alike = [other for other in reference.items if noun in self.draw.cutouts[other.cutout].names]
        return self._name(noun, item) if len(alike) == 1 else None

    # -- sentences -----------------------------------------------------------------------------------------------

    def _triplets(self) -> list[Triplet]:
        asked = [(0, number, self.changes[number]) for number in range(1, SCENES)]
        extra = [*self._backwards(), *self._across()]
        order = self.rng.permutation(len(extra))
        for number in order:
            reference, target, changes = extra[int(number)]
            if len(asked) == 12:
                break
            scene = self.layouts[reference]
            if changes[0].kind == "background" and self.rng.random() < 0.5:
                continue
            if self._sayable(scene, changes):
                meant = [i for i, candidate in enumerate(self.layouts) if self._fits(candidate, scene, changes)]
                if meant == [target]:
                    asked.append((reference, target, changes))
        return [self._triplet(*one) for one in asked]

    def _backwards(self) -> Iterator[tuple[int, int, tuple[Change, ...]]]:
        """The single changes undone: from the variant to the base."""
        base = self.layouts[0]
        for number in range(1, SCENES):
            if len(self.changes[number]) != 1:
                continue
            change = self.changes[number][0]
            old = base.find(change.key) if change.key else None
            undo: Change | None = None
            if change.kind == "replace" and old and change.item:
                undo = Change("replace", change.item.key, old, change.new_word, self._word(old))
            elif change.kind == "remove" and old:
                place = self._named_place(old) if self.rng.random() < 0.6 else None
                undo = Change("add", None, old, new_word=self._word(old), place=place)
            elif change.kind == "add" and change.item:
                undo = Change("remove", change.item.key, old_word=change.new_word)
            elif change.kind == "resize" and old:
                undo = Change("resize", old.key, old, change.old_word, grows=not change.grows)
            elif change.kind == "move" and old:
                place = self._named_place(old)
                if place is not None:
                    undo = Change("move", old.key, old, change.old_word, place=place)
            elif change.kind == "background":
                word = self.draw.backgrounds[base.background].name
                undo = Change("background", new_word=word, background=base.background, crop=base.crop)
            if undo is not None:
                yield number, 0, (undo,)

    def _across(self) -> Iterator[tuple[int, int, tuple[Change, ...]]]:
        """From one variant to another where the same thing was changed in two ways."""
        for start in range(1, SCENES):
            for end in range(1, SCENES):
                if start == end or len(self.changes[start]) != 1 or len(self.changes[end]) != 1:
                    continue
                one, two = self.changes[start][0], self.changes[end][0]
                if one.kind != two.kind or one.key != two.key:
                    continue
                if one.kind == "background":
                    yield start, end, (two,)
                elif one.item is None or two.item is None:
                    continue
                elif one.kind == "replace":
                    yield start, end, (Change("replace", one.item.key, two.item, one.new_word, two.new_word),)
                elif one.kind in ("recolour", "move"):
                    yield start, end, (replace(two, old_word=one.old_word),)
                elif one.kind == "add" and one.item.key == two.item.key and two.place is not None:
                    yield start, end, (Change("move", one.item.key, two.item, one.new_word, place=two.place),)

    def _named_place(self, item: Item) -> Place | None:
        """The narrowest place of the canvas where the item stands."""
        for name in reversed(ABSOLUTE):
            if holds(name, item.cx, item.cy):
                return Place(name)
        return None

    def _triplet(self, reference: int, target: int, changes: tuple[Change, ...]) -> Triplet:
        scene = self.layouts[reference]
        unseen = self.split == "test" and self.rng.random() < 0.3
        single = len(scene.items) == 1
        parts = [self._slots(scene, change) for change in changes]
        if len(parts) == 1:
            said = phrases.say(*parts[0], self.rng, unseen, single)
        else:
            said = phrases.say_both(parts[0], parts[1], self.rng, unseen)
        involved = self._involved(scene, changes)
        held_out = [cutout for cutout in involved if cutout.id in self.held_out]
        change = changes[0]
        alone = len(changes) == 1
        removed = change.old_word if alone and change.kind in ("replace", "remove") else ""
        added = change.new_word if alone and change.kind in ("replace", "add") else ""
        return Triplet(
            reference=reference,
            target=target,
            text=said.text,
            edit=change.kind if alone else "combined",
            pattern=said.pattern,
            unseen_photo=bool(held_out),
            unseen_pattern=said.unseen,
            unseen_noun=any(cutout.noun not in self.seen_nouns for cutout in held_out),
            reference_mask=self._mask(reference, changes, after=False),
            target_mask=self._mask(target, changes, after=True),
            removed=removed if _says(said.text, removed) else None,
            added=added if _says(said.text, added) else None,
            nouns=tuple(word for each in changes for word in (each.old_word, each.new_word) if word),
            changes=changes,
        )

    def _slots(self, scene: Scene, change: Change) -> tuple[str, dict[str, str]]:
        """The kind of sentence, and its slots."""
        old_item = scene.find(change.key) if change.key else None
        plain = self._name(change.old_word) if old_item else None
        old = plain
        if plain and old_item and old_item.recolour:
            painted = replace(plain, adjective=old_item.recolour)
            old = painted if self.rng.random() < 0.5 or plain.word not in painted.bare else plain
        if change.kind == "background":
            return "background", phrases.backdrop_slots(change.new_word)
        new = self._name(change.new_word, change.item) if change.item and change.new_word else None
        slots = phrases.thing_slots(old, new)
        kind = change.kind
        if change.place is not None:
            anchor = self._anchor(scene, change.place) if change.place.anchor else None
            slots |= phrases.place_slots(change.place.name, anchor, self.rng)
            kind = "add_at" if kind == "add" else kind
        if kind == "recolour" and change.item and change.item.recolour and plain:
            colour = change.item.recolour
            if colour == "grey" and self.rng.random() < 0.5:
                colour = "gray"
            coloured = replace(plain, adjective=colour)
            slots |= {"colour": colour, "coloured": coloured.bare, "a_coloured": coloured.indefinite}
        if kind == "resize" and plain:
            size = self._choose(("bigger", "larger")) if change.grows else "smaller"
            slots["a_sized"] = replace(plain, adjective=size).indefinite
            kind = "bigger" if change.grows else "smaller"
        return kind, slots

    def _name(self, word: str, item: Item | None = None) -> Name:
        """The noun as said of the item, with the colour that it was given."""
        return Name(word, phrases.is_plural(word), (item.recolour or "") if item else "")

    def _involved(self, scene: Scene, changes: tuple[Change, ...]) -> list[Cutout]:
        ids = [item.cutout for change in changes if (item := scene.find(change.key or "")) is not None]
        ids += [change.item.cutout for change in changes if change.item is not None]
        return [self.draw.cutouts[name] for name in ids]

    def _mask(self, number: int, changes: tuple[Change, ...], after: bool) -> np.ndarray | None:
        scene, picture = self.layouts[number], self.pictures[number]
        found = np.zeros(picture.rgb.shape[:2], bool)
        defined = False
        for change in changes:
            if change.kind == "background":
                found |= ~picture.masks.any(axis=0) if len(picture.masks) else True
                defined = True
                continue
            key = (change.item.key if change.item else None) if after else change.key
            for item, mask in zip(scene.items, picture.masks, strict=True):
                if key is not None and item.key == key:
                    found |= mask.astype(bool)
                    defined = True
        return found.astype(np.uint8) if defined else None

    def _caption(self, scene: Scene) -> str:
        names = []
        for item in scene.items:
            names.append(self._name(self.draw.cutouts[item.cutout].noun, item).indefinite)
        where = phrases.backdrop_slots(self.draw.backgrounds[scene.background].name)
        return f"{phrases.listing(names)} {where['on_bg']}" if names else where["a_bg"]

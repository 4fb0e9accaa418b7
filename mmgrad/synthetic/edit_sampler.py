"""Random changes of a scene: single ones, themes of two similar ones, and pairs for one sentence."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmgrad.synthetic import phrases
from mmgrad.synthetic.asset_library import Cutout
from mmgrad.synthetic.changes import LEAST_MOVE, Change
from mmgrad.synthetic.places import Place, clamp_center
from mmgrad.synthetic.scene_sampler import Base, SceneSampler
from mmgrad.synthetic.scenes import Item

KINDS = ("replace", "remove", "add", "recolor", "resize", "move", "background", "combined")
NEW_COLOR = 0.25
"""How often a new thing is given a color, as far as it can be; its twin in another color comes on top."""

THEMES: dict[str, tuple[float, str, int]] = {
    # name: (weight, kind, things needed in the base)
    "replace one by two": (2.0, "replace", 1),
    "replace two by one": (1.2, "replace", 2),
    "remove two": (2.2, "remove", 2),
    "add at two places": (1.2, "add", 0),
    "add two": (1.3, "add", 0),
    "recolor in two colors": (1.2, "recolor", 1),
    "recolor two": (1.1, "recolor", 2),
    "resize one": (1.1, "resize", 1),
    "resize two": (1.1, "resize", 2),
    "move to two places": (1.6, "move", 1),
    "move two": (1.0, "move", 2),
    "two backgrounds": (0.8, "background", 0),
}
"""Changes that come together: how often, their kind, and the things that the base must have."""


class EditSampler:
    """Samples changes of one base scene."""

    def __init__(self, sampler: SceneSampler, base: Base) -> None:
        self.sampler, self.rng, self.draw, self.library = sampler, sampler.rng, sampler.draw, sampler.library
        self.base, self.present = base.scene, base.present

    def theme(self, name: str) -> list[Change]:
        """The changes of a theme of `THEMES`; fewer if there is no room for them."""
        base = self.base
        order = [base.items[int(i)] for i in self.rng.permutation(len(base.items))]
        kind = THEMES[name][1]
        made: list[Change | None]
        if name == "replace one by two":
            first = self._replace(order[0])
            like = self.draw.cutouts[first.item.cutout].category if first and first.item else None
            made = [first, self._replace(order[0], category=like)]
        elif name == "replace two by one":
            first = self._replace(order[0])
            cutout = self.draw.cutouts[first.item.cutout] if first and first.item else None
            color = first.item.recolor if first and first.item else None
            made = [first, self._replace(order[1], cutout=cutout, color=color)]
        elif name == "add at two places":
            first = self._add(placed=True)
            made = [first, self._add(placed=True, like=first.item if first else None)]
        elif name == "add two":
            placed = bool(self.rng.random() < 0.4)
            made = [self._add(placed), self._add(placed)]
        elif name == "recolor two":
            first = self._recolor(order[0])
            color = first.item.recolor if first and first.item else None
            made = [first, self._recolor(order[1], color)]
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
            same = order[0].key if name in ("recolor in two colors", "move to two places") else None
            second = order[1].key if len(order) > 1 else None
            made = [self.single(kind, same or (order[0].key if order else None)), self.single(kind, same or second)]
        return [change for change in made if change is not None]

    def single(self, kind: str, key: str | None = None) -> Change | None:
        """A change of one kind, of the object `key` or of any object; None if none is possible."""
        base = self.base
        if kind == "add":
            return self._add(placed=bool(self.rng.random() < 0.6))
        if kind == "background":
            return self._background()
        if not base.items:
            return None
        item = (base.find(key) if key else None) or self.sampler.choose(base.items)
        if kind == "replace":
            return self._replace(item)
        if kind == "remove":
            return Change("remove", item.key, old_word=self.sampler.word(item, self.present))
        if kind == "recolor":
            return self._recolor(item)
        if kind == "resize":
            return self._resize(item, bool(self.rng.random() < 0.5))
        return self._move(item)

    def pair(self, alone: Sequence[Change]) -> tuple[Change, Change] | None:
        """Two changes of different objects for one sentence, mostly from the family's single changes `alone`; None if
        they conflict.
        """
        if not alone:
            return None
        first = self.sampler.choose(alone)
        if self.rng.random() < 0.6:
            second: Change | None = self.sampler.choose(alone)
        else:
            second = self.single(self.sampler.choose(KINDS[:-1]))
        if second is None or first.touches & second.touches:
            return None
        new = [change for change in (first, second) if change.item and change.kind in ("add", "replace")]
        for one, other in zip(new, reversed(new), strict=True):
            if one is not other and other.item and one.new_word in self.draw.cutouts[other.item.cutout].names:
                return None
        return (first, second)

    def _replace(
        self, item: Item, cutout: Cutout | None = None, category: str | None = None, color: str | None = None
    ) -> Change | None:
        if category is None and self.rng.random() < 0.3:
            category = self.draw.cutouts[item.cutout].category
        if cutout is None:
            cutout = self.sampler.cutout(self.present, category)
            color = self._new_color(cutout)
        if cutout is None:
            return None
        scene = self.base
        width, height = self.draw.extent(item, scene)
        trial = replace(item, cutout=cutout.id, recolor=color, key=f"{item.key}>{cutout.id}")
        new_width, new_height = self.draw.extent(trial, scene)
        scale = item.scale * (width * height / (new_width * new_height)) ** 0.5 * self.rng.uniform(0.92, 1.12)
        new = replace(trial, scale=min(max(scale, self.sampler.scale(cutout, 0.2, 0.2)), 0.95))
        half = self.sampler.half(new, scene)
        new = replace(new, cx=clamp_center(item.cx, half[0], 0.8), cy=clamp_center(item.cy, half[1], 0.8))
        if abs(new.cx - item.cx) > 0.1 or abs(new.cy - item.cy) > 0.1:
            return None
        return Change(
            "replace", item.key, new, self.sampler.word(item, self.present), self.sampler.word(new, self.present)
        )

    def _add(self, placed: bool, like: Item | None = None) -> Change | None:
        scene = self.base
        cutout = self.draw.cutouts[like.cutout] if like else self.sampler.cutout(self.present)
        if cutout is None:
            return None
        scale = like.scale if like else self.sampler.scale(cutout, 0.25, 0.48)
        color = like.recolor if like else self._new_color(cutout)
        flip = like.flip if like else bool(self.rng.random() < 0.5)
        item = Item(f"new>{cutout.id}", cutout.id, 0.5, 0.5, scale, flip, color)
        if not placed:
            settled = self.sampler.find_room(item, scene)
            if settled is None:
                return None
            return Change("add", None, settled, new_word=self.sampler.word(settled, self.present))
        for _ in range(12):
            place = self.sampler.place(scene)
            moved = self.sampler.place_at(item, place, scene)
            if moved is not None and self.sampler.crowding(moved, scene) < 0.45:
                return Change("add", None, moved, new_word=self.sampler.word(moved, self.present), place=place)
        return None

    def _recolor(self, item: Item, color: str | None = None) -> Change | None:
        far = [name for name in self.draw.unnatural_colors(item.cutout) if name != item.recolor]
        if color is not None:
            far = [name for name in far if name == color]
        if not far:
            return None
        return Change(
            "recolor", item.key, replace(item, recolor=self.sampler.choose(far)), self.sampler.word(item, self.present)
        )

    def _resize(self, item: Item, grows: bool) -> Change | None:
        factor = float(self.rng.uniform(1.45, 1.75) if grows else self.rng.uniform(0.5, 0.63))
        scale = item.scale * factor
        if not 0.13 <= scale <= 1.05:
            return None
        new = replace(item, scale=scale)
        half = self.sampler.half(new, self.base)
        new = replace(new, cx=clamp_center(item.cx, half[0], 0.8), cy=clamp_center(item.cy, half[1], 0.8))
        return Change("resize", item.key, new, self.sampler.word(item, self.present), grows=grows)

    def _move(self, item: Item, place: Place | None = None) -> Change | None:
        scene = self.base
        for _ in range(15):
            where = place or self.sampler.place(scene, item.key)
            moved = self.sampler.place_at(item, where, scene)
            if moved is None or self.sampler.crowding(moved, scene) > 0.45:
                continue
            if np.hypot(moved.cx - item.cx, moved.cy - item.cy) >= LEAST_MOVE:
                return Change("move", item.key, moved, self.sampler.word(item, self.present), place=where)
        return None

    def _background(self) -> Change | None:
        old = self.draw.backgrounds[self.base.background]
        others = [b for b in self.library.backgrounds if not b.names & old.names]
        if not others:
            return None
        new = self.sampler.choose(others)
        synonyms = [word for word in new.synonyms if phrases.can_name_backdrop(word)]
        word = self.sampler.choose(synonyms) if synonyms and self.rng.random() < 0.3 else new.name
        return Change("background", new_word=word, background=new.id, crop=self.sampler.crop())

    def _new_color(self, cutout: Cutout | None) -> str | None:
        """A color for a new object, with probability NEW_COLOR."""
        return self.sampler.color(cutout) if cutout is not None and self.rng.random() < NEW_COLOR else None

    def in_another_color(self, change: Change) -> Change | None:
        """The same change with its colored new object in another color; None if it has no color."""
        if change.kind not in ("replace", "add") or change.item is None or change.item.recolor is None:
            return None
        color = self.sampler.color(self.draw.cutouts[change.item.cutout], besides=change.item.recolor)
        return replace(change, item=replace(change.item, recolor=color)) if color else None

"""Devising changes of a picture: alone, as themes of two that are easily taken for each other, and in pairs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmgrad.lexicon import phrases
from mmgrad.synthetic.asset_library import Cutout
from mmgrad.synthetic.changes import LEAST_MOVE, Change
from mmgrad.synthetic.places import Place, inside
from mmgrad.synthetic.scene_sampler import Base, Stage
from mmgrad.synthetic.scenes import Item

KINDS = ("replace", "remove", "add", "recolour", "resize", "move", "background", "combined")
NEW_COLOUR = 0.25
"""How often a new thing is given a colour, as far as it can be; its twin in another colour comes on top."""

THEMES: dict[str, tuple[float, str, int]] = {
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
"""Changes that come together: how often, their kind, and the things that the base must have."""


class Deviser:
    """Devises changes of one base picture."""

    def __init__(self, stage: Stage, base: Base) -> None:
        self.stage, self.rng, self.draw, self.atlas = stage, stage.rng, stage.draw, stage.atlas
        self.base, self.there = base.scene, base.there

    def theme(self, name: str) -> list[Change]:
        """The changes that a theme of `THEMES` asks for, as far as there is room for them."""
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
            colour = first.item.recolour if first and first.item else None
            made = [first, self._replace(order[1], cutout=cutout, colour=colour)]
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
            made = [self.single(kind, same or (order[0].key if order else None)), self.single(kind, same or second)]
        return [change for change in made if change is not None]

    def single(self, kind: str, key: str | None = None) -> Change | None:
        """A change of that kind, of the thing with this key or of any."""
        base = self.base
        if kind == "add":
            return self._add(placed=bool(self.rng.random() < 0.6))
        if kind == "background":
            return self._background()
        if not base.items:
            return None
        item = (base.find(key) if key else None) or self.stage.choose(base.items)
        if kind == "replace":
            return self._replace(item)
        if kind == "remove":
            return Change("remove", item.key, old_word=self.stage.word(item, self.there))
        if kind == "recolour":
            return self._recolour(item)
        if kind == "resize":
            return self._resize(item, bool(self.rng.random() < 0.5))
        return self._move(item)

    def pair(self, alone: Sequence[Change]) -> tuple[Change, Change] | None:
        """Two changes of different things for one sentence, mostly ones that the family also shows `alone`."""
        if not alone:
            return None
        first = self.stage.choose(alone)
        if self.rng.random() < 0.6:
            second: Change | None = self.stage.choose(alone)
        else:
            second = self.single(self.stage.choose(KINDS[:-1]))
        if second is None or first.touches & second.touches:
            return None
        new = [change for change in (first, second) if change.item and change.kind in ("add", "replace")]
        for one, other in zip(new, reversed(new), strict=True):
            if one is not other and other.item and one.new_word in self.draw.cutouts[other.item.cutout].names:
                return None
        return (first, second)

    def _replace(
        self, item: Item, cutout: Cutout | None = None, category: str | None = None, colour: str | None = None
    ) -> Change | None:
        if category is None and self.rng.random() < 0.3:
            category = self.draw.cutouts[item.cutout].category
        if cutout is None:
            cutout = self.stage.cutout(self.there, category)
            colour = self._new_colour(cutout)
        if cutout is None:
            return None
        scene = self.base
        width, height = self.draw.extent(item, scene)
        trial = replace(item, cutout=cutout.id, recolour=colour, key=f"{item.key}>{cutout.id}")
        new_width, new_height = self.draw.extent(trial, scene)
        scale = item.scale * (width * height / (new_width * new_height)) ** 0.5 * self.rng.uniform(0.92, 1.12)
        new = replace(trial, scale=min(max(scale, self.stage.scale(cutout, 0.2, 0.2)), 0.95))
        half = self.stage.half(new, scene)
        new = replace(new, cx=inside(item.cx, half[0], 0.8), cy=inside(item.cy, half[1], 0.8))
        if abs(new.cx - item.cx) > 0.1 or abs(new.cy - item.cy) > 0.1:
            return None
        return Change("replace", item.key, new, self.stage.word(item, self.there), self.stage.word(new, self.there))

    def _add(self, placed: bool, like: Item | None = None) -> Change | None:
        scene = self.base
        cutout = self.draw.cutouts[like.cutout] if like else self.stage.cutout(self.there)
        if cutout is None:
            return None
        scale = like.scale if like else self.stage.scale(cutout, 0.25, 0.48)
        colour = like.recolour if like else self._new_colour(cutout)
        flip = like.flip if like else bool(self.rng.random() < 0.5)
        item = Item(f"new>{cutout.id}", cutout.id, 0.5, 0.5, scale, flip, colour)
        if not placed:
            settled = self.stage.settle(item, scene)
            if settled is None:
                return None
            return Change("add", None, settled, new_word=self.stage.word(settled, self.there))
        for _ in range(12):
            place = self.stage.place(scene)
            put = self.stage.put(item, place, scene)
            if put is not None and self.stage.crowding(put, scene) < 0.45:
                return Change("add", None, put, new_word=self.stage.word(put, self.there), place=place)
        return None

    def _recolour(self, item: Item, colour: str | None = None) -> Change | None:
        far = [name for name in self.draw.strange_colours(item.cutout) if name != item.recolour]
        if colour is not None:
            far = [name for name in far if name == colour]
        if not far:
            return None
        return Change(
            "recolour", item.key, replace(item, recolour=self.stage.choose(far)), self.stage.word(item, self.there)
        )

    def _resize(self, item: Item, grows: bool) -> Change | None:
        factor = float(self.rng.uniform(1.45, 1.75) if grows else self.rng.uniform(0.5, 0.63))
        scale = item.scale * factor
        if not 0.13 <= scale <= 1.05:
            return None
        new = replace(item, scale=scale)
        half = self.stage.half(new, self.base)
        new = replace(new, cx=inside(item.cx, half[0], 0.8), cy=inside(item.cy, half[1], 0.8))
        return Change("resize", item.key, new, self.stage.word(item, self.there), grows=grows)

    def _move(self, item: Item, place: Place | None = None) -> Change | None:
        scene = self.base
        for _ in range(15):
            where = place or self.stage.place(scene, item.key)
            put = self.stage.put(item, where, scene)
            if put is None or self.stage.crowding(put, scene) > 0.45:
                continue
            if np.hypot(put.cx - item.cx, put.cy - item.cy) >= LEAST_MOVE:
                return Change("move", item.key, put, self.stage.word(item, self.there), place=where)
        return None

    def _background(self) -> Change | None:
        old = self.draw.backgrounds[self.base.background]
        others = [b for b in self.atlas.backgrounds if not b.names & old.names]
        if not others:
            return None
        new = self.stage.choose(others)
        synonyms = [word for word in new.synonyms if phrases.can_name_backdrop(word)]
        word = self.stage.choose(synonyms) if synonyms and self.rng.random() < 0.3 else new.name
        return Change("background", new_word=word, background=new.id, crop=self.stage.crop())

    def _new_colour(self, cutout: Cutout | None) -> str | None:
        """Now and then a colour for a new thing."""
        return self.stage.colour(cutout) if cutout is not None and self.rng.random() < NEW_COLOUR else None

    def in_another_colour(self, change: Change) -> Change | None:
        """The same change with its new, coloured thing in another colour; None where there is no such thing."""
        if change.kind not in ("replace", "add") or change.item is None or change.item.recolour is None:
            return None
        colour = self.stage.colour(self.draw.cutouts[change.item.cutout], besides=change.item.recolour)
        return replace(change, item=replace(change.item, recolour=colour)) if colour else None

"""Changes of a scene: their effect, and which pictures a sentence that asks for them could mean."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from mmgrad.synthetic.asset_library import Background, Cutout
from mmgrad.synthetic.places import Place, holds
from mmgrad.synthetic.scenes import Item, Scene

SLACK = 0.07
"""How far outside a named place a reader may still see a thing in it, as a share of the canvas."""
LEAST_MOVE = 0.25
"""How far a thing is moved, as a share of the canvas."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a scene.

    Attributes:
        kind: "replace", "remove", "add", "recolor", "resize", "move" or "background".
        key: the object that changes; None for add and background.
        item: the object after the change; None for remove and background.
        old_word: noun of the sentence for the present object.
        new_word: noun of the sentence for the new object or background.
        place: place that the sentence names for the object.
        grows: whether a resized object becomes larger.
        background: id of the new background.
        crop: crop of the new background, as `Scene.crop`.
    """

    kind: str
    key: str | None = None
    item: Item | None = None
    old_word: str = ""
    new_word: str = ""
    place: Place | None = None
    grows: bool = False
    background: str = ""
    crop: tuple[float, float, float] = (0.5, 0.5, 1.0)

    @property
    def touches(self) -> frozenset[str]:
        """Keys that the change is about; two changes can be combined if these are disjoint."""
        keys = {self.key, self.item.key if self.item else None, self.place.anchor if self.place else None}
        return frozenset(key for key in keys if key) | ({"background"} if self.kind == "background" else frozenset())


def apply(scene: Scene, changes: tuple[Change, ...]) -> Scene:
    """The scene after the changes, applied in order."""
    for change in changes:
        items = scene.items
        if change.kind == "background":
            scene = replace(scene, background=change.background, crop=change.crop)
        elif change.kind == "add":
            assert change.item is not None
            scene = replace(scene, items=(*items, change.item))
        elif change.kind == "remove":
            scene = replace(scene, items=tuple(item for item in items if item.key != change.key))
        else:
            assert change.item is not None
            scene = replace(scene, items=tuple(change.item if item.key == change.key else item for item in items))
    return scene


def satisfies(
    candidate: Scene,
    reference: Scene,
    changes: tuple[Change, ...],
    cutouts: Mapping[str, Cutout],
    backgrounds: Mapping[str, Background],
) -> bool:
    """Whether a generous reader could accept `candidate` as the result of these changes of `reference`.

    Objects are identified by the words used, places and sizes have tolerances, and everything that the sentence does
    not mention must be unchanged. A new object with a color is named with it ("a red car") and must have that color;
    without one, any color is accepted.
    """
    swap = next((change for change in changes if change.kind == "background"), None)
    if swap is None:
        if candidate.background != reference.background or candidate.crop != reference.crop:
            return False
    elif swap.new_word not in backgrounds[candidate.background].names:
        return False
    by_key = {change.key: change for change in changes if change.key}
    wanted: list[tuple[Item | None, Change | None]] = [
        (item, by_key.get(item.key))
        for item in reference.items
        if getattr(by_key.get(item.key), "kind", "") != "remove"
    ]
    wanted += [(None, change) for change in changes if change.kind == "add"]
    if len(wanted) != len(candidate.items):
        return False

    def suits(item: Item, before: Item | None, change: Change | None) -> bool:
        if change is not None and change.kind in ("replace", "add"):
            if not _answers(item, change):
                return False
            if before is not None:
                return _near(item, before, 0.12)
            return change.place is None or _is_at(item, change.place)
        assert before is not None
        if item.cutout != before.cutout:
            return False
        ratio = item.scale / before.scale
        same_size = 0.88 < ratio < 1.14
        if change is None:
            return same_size and _near(item, before, 0.1) and item.recolor == before.recolor
        if change.kind == "recolor":
            assert change.item is not None
            return same_size and _near(item, before, 0.1) and item.recolor == change.item.recolor
        if item.recolor != before.recolor:
            return False
        if change.kind == "resize":
            return _near(item, before, 0.2) and (ratio > 1.08 if change.grows else ratio < 0.93)
        assert change.place is not None
        return same_size and not _near(item, before, 0.1) and _is_at(item, change.place)

    def _answers(item: Item, change: Change) -> bool:
        """Whether the item can be called by the new word, and has the color that goes with it."""
        names, colors = cutouts[item.cutout].names, cutouts[item.cutout].colors
        color = change.item.recolor if change.item else None
        said = f"{color} {change.new_word}" if color else change.new_word
        if said in names or said in {f"{item.recolor} {name}" for name in names}:
            return True
        shown = color is None or (item.recolor == color if item.recolor else color in colors)
        return shown and change.new_word in names

    def _is_at(item: Item, place: Place) -> bool:
        anchor = None
        if place.anchor is not None:
            present = candidate.find(place.anchor)
            if present is None:
                return False
            anchor = (present.cx, present.cy)
        return holds(place.name, item.cx, item.cy, anchor, SLACK)

    def match(left: tuple[Item, ...], index: int) -> bool:
        if index == len(wanted):
            return True
        before, change = wanted[index]
        return any(
            suits(item, before, change) and match(left[:spot] + left[spot + 1 :], index + 1)
            for spot, item in enumerate(left)
        )

    return match(candidate.items, 0)


def is_expressible(reference: Scene, changes: tuple[Change, ...], cutouts: Mapping[str, Cutout]) -> bool:
    """Whether a sentence can ask for the changes unambiguously.

    Each word for a present object must name exactly one object of the reference, new objects must not be there already,
    and a moved object must move far enough.
    """
    for change in changes:
        named = [item for item in reference.items if change.old_word in cutouts[item.cutout].names]
        if change.key and len(named) != 1:
            return False
        old, new = set(change.old_word.split()), set(change.new_word.split())
        if old and new and (old <= new or new <= old):  # "the armchair with a blue armchair"
            return False
        start = reference.find(change.key) if change.key and change.kind == "move" else None
        if start and change.item and np.hypot(start.cx - change.item.cx, start.cy - change.item.cy) < LEAST_MOVE:
            return False
        if change.kind in ("add", "replace") and any(
            change.new_word in cutouts[item.cutout].names for item in reference.items
        ):
            return False
        if change.place and change.place.anchor and anchor_word(reference, change.place, cutouts) is None:
            return False
    return True


def anchor_word(reference: Scene, place: Place, cutouts: Mapping[str, Cutout]) -> str | None:
    """Noun of the object that the place is relative to; None if it is missing or its name is ambiguous."""
    item = reference.find(place.anchor or "")
    if item is None:
        return None
    noun = cutouts[item.cutout].noun
    return noun if sum(noun in cutouts[other.cutout].names for other in reference.items) == 1 else None


def _near(one: Item, other: Item, distance: float) -> bool:
    return abs(one.cx - other.cx) <= distance and abs(one.cy - other.cy) <= distance

"""Families of edit scenes: a reference picture, edited variants, and sentences that ask for one picture of the family.

The variants are hard negatives for each other: the same change of another object, another change of the same object,
the same object in another place. Every sentence fits exactly one picture of its family, even for a generous reader.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from mmgrad.synthetic.asset_library import AssetLibrary
from mmgrad.synthetic.changes import Change, apply, is_expressible, satisfies
from mmgrad.synthetic.edit_sampler import KINDS, THEMES, EditSampler
from mmgrad.synthetic.held_out import held_out
from mmgrad.synthetic.scene_sampler import LAYOUT_SIZE, LEAST_CONTRAST, Base, SceneSampler, shape
from mmgrad.synthetic.scenes import Rendered, Scene, differing
from mmgrad.synthetic.triplets import Triplet, TripletBuilder

__all__ = [
    "KINDS",
    "SCENES",
    "SPLITS",
    "TEST_FAMILIES",
    "TRAIN_FAMILIES",
    "VALIDATION_FAMILIES",
    "Family",
    "Triplet",
    "families",
    "held_out",
    "make_family",
]

TRAIN_FAMILIES = 14_500
VALIDATION_FAMILIES = 600
TEST_FAMILIES = 1450
SPLITS = ("train", "validation", "test")
SCENES = 7
"""Pictures of a family, its reference the first."""
LEAST_CHANGE = 0.02
"""The share of pixels that differ, by more than 24 of 255, between any two pictures of a family."""


@dataclass(frozen=True, eq=False)
class Family:
    """A family of pictures.

    Attributes:
        scenes: pictures, RGB uint8 [H, W, 3].
        triplets: the triplets among them.
        captions: caption of each picture.
        layouts: layout of each picture; empty for families of photographs.
    """

    scenes: tuple[np.ndarray, ...]
    triplets: tuple[Triplet, ...]
    captions: tuple[str, ...]
    layouts: tuple[Scene, ...]


def make_family(library: AssetLibrary, split: str, index: int, size: int = 224) -> Family:
    """Family number `index` of a split; it depends on nothing but these arguments.

    Args:
        library: the cut-outs and backgrounds.
        split: one of SPLITS.
        index: number of the family.
        size: long side of the pictures in pixels; layout and sentences do not depend on it.

    Raises:
        ValueError: unknown split.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {SPLITS}, not {split!r}")
    for attempt in range(50):
        seed = np.random.SeedSequence([20_268, SPLITS.index(split), index, attempt])
        family = _build(SceneSampler(library, split, np.random.default_rng(seed)), size)
        if family is not None:
            return family
    raise RuntimeError(f"no family could be laid out for {split} {index}; the atlas is too small")


def families(library: AssetLibrary, split: str, start: int, stop: int, size: int = 224) -> Iterator[Family]:
    """Families number `start` to `stop` - 1."""
    return (make_family(library, split, index, size) for index in range(start, stop))


def _build(sampler: SceneSampler, size: int) -> Family | None:
    """A base picture and its variants, drawn at `size`; None if too few of them are clear."""
    base = sampler.sample_scene()
    if base is None:
        return None
    variants = _VariantBuilder(sampler, base)
    if not variants.build():
        return None
    layouts, pictures = variants.layouts, variants.pictures
    if size != LAYOUT_SIZE:
        height, width = shape(base.scene.width, base.scene.height, size)
        layouts = [replace(scene, height=height, width=width) for scene in layouts]
        pictures = [sampler.draw.render(scene) for scene in layouts]
    builder = TripletBuilder(sampler, base, layouts, pictures, variants.changes)
    return Family(
        tuple(picture.rgb for picture in pictures),
        tuple(builder.triplets()),
        tuple(builder.caption(scene) for scene in layouts),
        tuple(layouts),
    )


class _VariantBuilder:
    """Adds variants to a base picture as long as each is clearly visible and unambiguous."""

    def __init__(self, sampler: SceneSampler, base: Base) -> None:
        self.sampler, self.draw, self.edits = sampler, sampler.draw, EditSampler(sampler, base)
        self.layouts: list[Scene] = [base.scene]
        self.pictures: list[Rendered] = [base.picture]
        self.changes: list[tuple[Change, ...]] = [()]

    def build(self) -> bool:
        """Fill the family with themes, single changes and one or two combined changes; whether it is full."""
        rng = self.sampler.rng
        count = len(self.layouts[0].items)
        fitting = [name for name, (_, _, need) in THEMES.items() if need <= count]
        singles: set[str] = set()
        for _ in range(6):
            if len(self.layouts) >= 5 or not fitting:
                break
            name = self.sampler.pick(fitting, [THEMES[n][0] for n in fitting])
            fitting = [other for other in fitting if THEMES[other][1] != THEMES[name][1]]
            singles.add(THEMES[name][1])
            for change in self.edits.theme(name):
                self._insert_with_twin(change, 6)
        combined = 2 if rng.random() < 0.35 else 1
        for _ in range(60):
            if len(self.layouts) == SCENES:
                break
            if len(self.layouts) + combined >= SCENES:
                pair = self.edits.pair([changes[0] for changes in self.changes if len(changes) == 1])
                if pair is not None and self._insert(pair):
                    combined -= 1
                continue
            kind = self.sampler.pick([kind for kind in KINDS[:-1] if kind not in singles])
            another = self.edits.single(kind)
            if another is not None and self._insert_with_twin(another, SCENES - combined):
                singles.add(kind)
        return len(self.layouts) == SCENES

    def _insert_with_twin(self, change: Change, most: int) -> bool:
        """Add a variant and, if it has a colored new object, one in another color; at most `most` pictures."""
        if len(self.layouts) >= most or not self._insert((change,)):
            return False
        twin = self.edits.in_another_color(change)
        if twin is not None and len(self.layouts) < most:
            self._insert((twin,))
        return True

    def _insert(self, changes: tuple[Change, ...]) -> bool:
        """Add the variant of the base with these changes if it is clear; whether it was added."""
        base = self.layouts[0]
        scene = apply(base, changes)
        if not is_expressible(base, changes, self.draw.cutouts):
            return False
        before = {item.key: share for item, share in zip(base.items, self.pictures[0].visible, strict=True)}
        changed = {change.item.key for change in changes if change.item}
        picture = self.draw.render(scene)
        for item, share, mask in zip(scene.items, picture.visible, picture.masks, strict=True):
            if share < (0.55 if item.key in changed else min(0.45, before.get(item.key, 1.0))):
                return False
            if item.key in changed and cv2.countNonZero(mask) < 0.008 * mask.size:
                return False
        if (self.draw.contrast(scene, picture) < LEAST_CONTRAST).any():
            return False
        pixels = scene.height * scene.width
        for other in self.pictures:
            if cv2.countNonZero(differing(picture.rgb, other.rgb)) < LEAST_CHANGE * pixels:
                return False
        layouts, said = [*self.layouts, scene], [*self.changes, changes]
        for number in range(1, len(layouts)):
            meant = [i for i, candidate in enumerate(layouts) if self._satisfies(candidate, base, said[number])]
            if meant != [number]:
                return False
        self.layouts, self.changes = layouts, said
        self.pictures.append(picture)
        return True

    def _satisfies(self, candidate: Scene, reference: Scene, changes: tuple[Change, ...]) -> bool:
        return satisfies(candidate, reference, changes, self.draw.cutouts, self.draw.backgrounds)

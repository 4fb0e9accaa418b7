"""Triplets of a family: reference, target, the sentence between them, and the masks of what it changes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmgrad.lexicon.nouns import Name, is_plural
from mmgrad.synthetic import phrases
from mmgrad.synthetic.asset_library import Cutout
from mmgrad.synthetic.changes import Change, is_expressible, satisfies
from mmgrad.synthetic.phrases import Sentence
from mmgrad.synthetic.places import ABSOLUTE, Place, holds
from mmgrad.synthetic.scene_sampler import Base, SceneSampler
from mmgrad.synthetic.scenes import Item, Rendered, Scene
from mmgrad.synthetic.templates import EVERY, TRAIN


@dataclass(frozen=True, eq=False)
class Triplet:
    """A reference, a sentence, and the picture that it asks for.

    Attributes:
        reference, target: indices of the pictures in the family.
        text: the sentence.
        edit: edit type, or "combined" for two changes.
        template: id of the sentence's template.
        unseen_photo, unseen_template, unseen_noun: whether the cut-out, template or noun is not used in training.
        reference_mask, target_mask: visible pixels of what changes in each picture, uint8 {0, 1} [H, W]; None where
            there is none (the reference of an addition, the target of a removal).
        removed: noun in the text of the object that disappears, at the reference mask.
        added: noun in the text of the object that appears, at the target mask.
        nouns: all nouns that the text may use for what changes.
        color: color word of the text for the added object.
        changes: the changes of the reference's layout.
        reference_class, target_class: ImageNet rows of the photographs under the masks, where known.
        others: further sentences with the same meaning, in the training split only.
    """

    reference: int
    target: int
    text: str
    edit: str
    template: str
    unseen_photo: bool
    unseen_template: bool
    unseen_noun: bool
    reference_mask: np.ndarray | None
    target_mask: np.ndarray | None
    removed: str | None
    added: str | None
    nouns: tuple[str, ...]
    color: str | None
    changes: tuple[Change, ...]
    reference_class: int | None = None
    target_class: int | None = None
    others: tuple[str, ...] = ()


OTHERS = 5
"""Further ways to say each sentence of the training split."""
UNSEEN = 0.3
"""How many sentences of validation and test are in wordings kept for them."""


def mentions(text: str, word: str) -> bool:
    """Whether the text contains the word as a whole word, in any case."""
    return bool(word) and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


def _spellings(color: str | None) -> tuple[str, ...]:
    return ("grey", "gray") if color == "grey" else (color,) if color else ()


def _choice(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def _spelt(color: str, rng: np.random.Generator) -> str:
    return _choice(_spellings(color), rng)


class TripletBuilder:
    """Builds the triplets and captions of a family; `changes` says how each layout differs from the first."""

    def __init__(
        self,
        sampler: SceneSampler,
        base: Base,
        layouts: Sequence[Scene],
        pictures: Sequence[Rendered],
        changes: Sequence[tuple[Change, ...]],
    ) -> None:
        self.sampler, self.draw, self.present = sampler, sampler.draw, base.present
        self.layouts, self.pictures, self.changes = layouts, pictures, changes
        self.free = sampler.rng.spawn(1)[0]  # of its own: what the other splits draw does not depend on it
        self.seen_nouns = {cutout.noun for cutout in sampler.pool}

    def triplets(self) -> list[Triplet]:
        """One triplet from the base to each variant, and further unambiguous ones; 12 at most."""
        asked = [(0, number, self.changes[number]) for number in range(1, len(self.layouts))]
        extra = [*self._backwards(), *self._across()]
        order = self.sampler.rng.permutation(len(extra))
        for number in order:
            reference, target, changes = extra[int(number)]
            if len(asked) == 12:
                break
            scene = self.layouts[reference]
            if changes[0].kind == "background" and self.sampler.rng.random() < 0.5:
                continue
            if is_expressible(scene, changes, self.draw.cutouts):
                meant = [
                    i
                    for i, candidate in enumerate(self.layouts)
                    if satisfies(candidate, scene, changes, self.draw.cutouts, self.draw.backgrounds)
                ]
                if meant == [target]:
                    asked.append((reference, target, changes))
        return [self._triplet(*one) for one in asked]

    def _backwards(self) -> Iterator[tuple[int, int, tuple[Change, ...]]]:
        """Single changes undone: from a variant to the base."""
        base = self.layouts[0]
        for number in range(1, len(self.layouts)):
            if len(self.changes[number]) != 1:
                continue
            change = self.changes[number][0]
            old = base.find(change.key) if change.key else None
            undo: Change | None = None
            if change.kind == "replace" and old and change.item:
                undo = Change("replace", change.item.key, old, change.new_word, self.sampler.word(old, self.present))
            elif change.kind == "remove" and old:
                place = self._named_place(old) if self.sampler.rng.random() < 0.6 else None
                undo = Change("add", None, old, new_word=self.sampler.word(old, self.present), place=place)
            elif change.kind == "add" and change.item:
                undo = Change("remove", change.item.key, old_word=change.new_word)
            elif change.kind == "recolor" and old and old.recolor:
                undo = Change("recolor", old.key, old, change.old_word)
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
        """From one variant to another in which the same object was changed differently."""
        for start in range(1, len(self.layouts)):
            for end in range(1, len(self.layouts)):
                if start == end or len(self.changes[start]) != 1 or len(self.changes[end]) != 1:
                    continue
                one, two = self.changes[start][0], self.changes[end][0]
                if one.kind != two.kind or one.key != two.key:
                    continue
                if one.kind == "background":
                    yield start, end, (two,)
                elif one.item is None or two.item is None:
                    continue
                elif one.item.key == two.item.key and one.item.recolor != two.item.recolor:
                    if one.kind == "recolor":
                        yield start, end, (replace(two, old_word=one.old_word),)
                    elif two.item.recolor and one.place == two.place:
                        yield start, end, (Change("recolor", one.item.key, two.item, one.new_word),)
                elif one.kind == "replace":
                    yield start, end, (Change("replace", one.item.key, two.item, one.new_word, two.new_word),)
                elif one.kind == "move":
                    yield start, end, (replace(two, old_word=one.old_word),)
                elif one.kind == "add" and one.item.key == two.item.key and two.place is not None:
                    yield start, end, (Change("move", one.item.key, two.item, one.new_word, place=two.place),)

    def _named_place(self, item: Item) -> Place | None:
        """The narrowest place of the canvas that the item is at."""
        for name in reversed(ABSOLUTE):
            if holds(name, item.cx, item.cy):
                return Place(name)
        return None

    def _triplet(self, reference: int, target: int, changes: tuple[Change, ...]) -> Triplet:
        scene = self.layouts[reference]
        split = self.sampler.split
        unseen = split != TRAIN and self.sampler.rng.random() < UNSEEN
        said = self._said(scene, changes, self.sampler.rng, (split if unseen else EVERY,))
        others = []
        if split == TRAIN:
            others = [self._said(scene, changes, self.free, (EVERY, TRAIN)).text for _ in range(OTHERS)]
        involved = self._involved(scene, changes)
        held_out = [cutout for cutout in involved if cutout.id in self.sampler.held_out]
        change = changes[0]
        alone = len(changes) == 1
        removed = change.old_word if alone and change.kind in ("replace", "remove") else ""
        added = change.new_word if alone and change.kind in ("replace", "add") else ""
        painted = change.item.recolor if added and change.item else None
        return Triplet(
            reference=reference,
            target=target,
            text=said.text,
            edit=change.kind if alone else "combined",
            template=said.template,
            unseen_photo=bool(held_out),
            unseen_template=said.of != EVERY,
            unseen_noun=any(cutout.noun not in self.seen_nouns for cutout in held_out),
            reference_mask=self._mask(reference, changes, after=False),
            target_mask=self._mask(target, changes, after=True),
            removed=removed if mentions(said.text, removed) else None,
            added=added if mentions(said.text, added) else None,
            nouns=tuple(word for each in changes for word in (each.old_word, each.new_word) if word),
            color=next((color for color in _spellings(painted) if mentions(said.text, color)), None),
            changes=changes,
            others=tuple(others),
        )

    def _said(
        self, scene: Scene, changes: tuple[Change, ...], rng: np.random.Generator, of: tuple[str, ...]
    ) -> Sentence:
        parts = [self._slots(scene, change, rng) for change in changes]
        if len(parts) == 1:
            return phrases.render(*parts[0], rng, single=len(scene.items) == 1, of=of)
        return phrases.render_combined(parts[0], parts[1], rng, of)

    def _slots(self, scene: Scene, change: Change, rng: np.random.Generator) -> tuple[str, dict[str, str]]:
        """The kind of sentence and its slots."""
        old_item = scene.find(change.key) if change.key else None
        plain = self._name(change.old_word, rng) if old_item else None
        old = plain
        if plain and old_item and old_item.recolor:
            painted = self._name(change.old_word, rng, old_item)
            old = painted if rng.random() < 0.5 or plain.word not in painted.bare else plain
        if change.kind == "background":
            return "background", phrases.backdrop_slots(change.new_word)
        new = self._name(change.new_word, rng, change.item) if change.item and change.new_word else None
        slots = phrases.thing_slots(old, new)
        kind = change.kind
        if change.place is not None:
            beside = scene.find(change.place.anchor) if change.place.anchor else None
            anchor = self._name(self.draw.cutouts[beside.cutout].noun, rng, beside) if beside else None
            slots |= phrases.place_slots(change.place.name, anchor, rng)
            kind = "add_at" if kind == "add" else kind
        if kind == "recolor" and change.item and change.item.recolor and plain:
            color = _spelt(change.item.recolor, rng)
            colored = replace(plain, adjective=color)
            slots |= {"color": color, "colored": colored.bare, "a_colored": colored.indefinite}
        if kind == "resize" and plain:
            size = _choice(("bigger", "larger"), rng) if change.grows else "smaller"
            slots["a_sized"] = replace(plain, adjective=size).indefinite
            kind = "bigger" if change.grows else "smaller"
        return kind, slots

    def _name(self, word: str, rng: np.random.Generator, item: Item | None = None) -> Name:
        """The noun phrase for the item, with the color that it was given."""
        return Name(word, is_plural(word), _spelt(item.recolor, rng) if item and item.recolor else "")

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

    def caption(self, scene: Scene) -> str:
        """Names of all objects in the picture, and its background."""
        names = []
        for item in scene.items:
            names.append(self._name(self.draw.cutouts[item.cutout].noun, self.sampler.rng, item).indefinite)
        where = phrases.backdrop_slots(self.draw.backgrounds[scene.background].name)
        return f"{phrases.listing(names)} {where['on_bg']}" if names else where["a_bg"]

"""Paraphrases of a triplet's sentence."""

import numpy as np

from mmgrad.lexicon.nouns import Name, is_plural
from mmgrad.synthetic import phrases
from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.synthetic.changes import Change
from mmgrad.synthetic.families import Triplet
from mmgrad.synthetic.scenes import Item, Scene

TRIES = 50


def paraphrase(triplet: Triplet, scene: Scene, rng: np.random.Generator) -> str:
    """A sentence from another template with the same nouns.

    Args:
        triplet: a triplet with a single change of an object.
        scene: layout of its reference.
        rng: source of randomness.

    Raises:
        ValueError: the triplet has several changes, or it changes the background.
    """
    if len(triplet.changes) != 1 or triplet.changes[0].kind == "background":
        raise ValueError(f"only a single change of an object can be paraphrased, not {triplet.edit!r}")
    change = triplet.changes[0]
    for _ in range(TRIES):
        kind, slots = _slots(change, scene, rng)
        sentence = phrases.render(kind, slots, rng, single=len(scene.items) == 1)
        if sentence.template != triplet.template:
            return sentence.text
    raise RuntimeError(f"there is only one template for {triplet.text!r}")


def _slots(change: Change, scene: Scene, rng: np.random.Generator) -> tuple[str, dict[str, str]]:
    """The kind of sentence and its slots, with the triplet's nouns and colors."""
    there = scene.find(change.key) if change.key else None
    repainted = change.kind == "recolor"  # "make the car red", whatever its color now
    old = _name(change.old_word, None if repainted else there) if there else None
    new = _name(change.new_word, change.item) if change.item and change.new_word else None
    slots, kind = phrases.thing_slots(old, new), change.kind
    if change.place is not None:
        beside = scene.find(change.place.anchor) if change.place.anchor else None
        anchor = _name(_noun(beside), beside) if beside else None
        slots |= phrases.place_slots(change.place.name, anchor, rng)
        kind = "add_at" if kind == "add" else kind
    if repainted:
        painted = _name(change.old_word, change.item)
        slots |= {"color": painted.adjective, "colored": painted.bare, "a_colored": painted.indefinite}
    if kind == "resize":
        size = "bigger" if change.grows else "smaller"
        slots["a_sized"] = Name(change.old_word, is_plural(change.old_word), size).indefinite
        kind = size
    return kind, slots


def _name(word: str, item: Item | None = None) -> Name:
    return Name(word, is_plural(word), item.recolor or "" if item else "")


def _noun(item: Item) -> str:
    return next(cutout.noun for cutout in load_asset_library().cutouts if cutout.id == item.cutout)

"""Edits between two pictures of one canvas: what changed, how a sentence asks for it, and what it could mean."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from mmgrad.lexicon import imagenet
from mmgrad.lexicon.imagenet import is_called
from mmgrad.synthetic import phrases
from mmgrad.synthetic.changes import SLACK
from mmgrad.synthetic.mosaics import Canvas, PhotoCrop
from mmgrad.synthetic.phrases import Sentence
from mmgrad.synthetic.places import ABSOLUTE, RELATIVE, holds
from mmgrad.synthetic.templates import EVERY, load_templates

State = tuple[PhotoCrop | None, ...]
"""What each cell of a board shows; None where it is empty."""

HYPERNYMS = 0.35
"""How often a thing is called by a wider word ("dog"), as far as that is clear."""


@dataclass(frozen=True)
class Edit:
    """One change of a picture.

    Attributes:
        kind: "replace", "remove", "add", "move" or "swap".
        before: cell that changes in the reference.
        after: cell that changes in the target; for a swap, the other cell.
    """

    kind: str
    before: int | None
    after: int | None


@dataclass(frozen=True)
class EditRequest:
    """An edit as a sentence asks for it.

    Attributes:
        edit: the edit.
        old_word: word for the present object; may be empty.
        new_word: word for the new object, or for the other object of a swap; may be empty.
        place: named place; may be empty.
        anchor: cell that a relative place refers to.
    """

    edit: Edit
    old_word: str = ""
    new_word: str = ""
    place: str = ""
    anchor: int | None = None


def difference(reference: State, target: State) -> Edit | None:
    """The one edit that leads from one picture to the other; None if several are needed."""
    cells = [i for i, (a, b) in enumerate(zip(reference, target, strict=True)) if a is not b]
    if len(cells) == 1:
        cell = cells[0]
        if reference[cell] is None:
            return Edit("add", None, cell)
        return Edit("remove", cell, None) if target[cell] is None else Edit("replace", cell, cell)
    if len(cells) == 2:
        for one, other in (cells, cells[::-1]):
            if reference[one] is not None and reference[one] is target[other] and target[one] is reference[other]:
                return Edit("move" if reference[other] is None else "swap", one, other)
    return None


def satisfies(asked: EditRequest, canvas: Canvas, reference: State, candidate: State) -> bool:
    """Whether a generous reader could accept `candidate` as the result of the request."""
    edit = difference(reference, candidate)
    if edit is None or edit.kind != asked.edit.kind:
        return False
    if edit.kind == "swap":
        return {edit.before, edit.after} == {asked.edit.before, asked.edit.after}
    if edit.before != asked.edit.before:
        return False
    comes = candidate[edit.after] if edit.after is not None else None
    if asked.new_word and (comes is None or not is_called(comes.index, asked.new_word)):
        return False
    return not asked.place or edit.after is None or _is_at(canvas, edit.after, asked.place, asked.anchor, SLACK)


def ask(edit: Edit, canvas: Canvas, reference: State, target: State, rng: np.random.Generator) -> EditRequest | None:
    """Unambiguous words and a place for an edit; None if none were found."""
    old, new, place, anchor = "", "", "", None
    leaves = reference[edit.before] if edit.before is not None else None
    comes = target[edit.after] if edit.after is not None else None
    others = [photo_crop for i, photo_crop in enumerate(reference) if photo_crop is not None and i != edit.before]
    if leaves is not None:
        avoid = [*others, comes] if edit.kind == "replace" and comes is not None else others
        old = _word(leaves, avoid, rng)
        if not old:
            return None
    if edit.kind in ("replace", "add") and comes is not None:
        new = _word(comes, [*others, leaves] if leaves is not None else others, rng)
        if not new:
            return None
    if edit.kind == "swap" and edit.after is not None:
        present = reference[edit.after]
        assert present is not None
        new = _word(
            present,
            [photo_crop for photo_crop in reference if photo_crop is not None and photo_crop is not present],
            rng,
        )
        return EditRequest(edit, old, new) if new else None
    if edit.after is not None and (edit.kind == "move" or (edit.kind == "add" and rng.random() < 0.6)):
        place, anchor = _place(canvas, edit, reference, rng)
        if not place:
            return None
    return EditRequest(edit, old, new, place, anchor)


def write_sentence(
    asked: EditRequest, canvas: Canvas, reference: State, rng: np.random.Generator, of: Collection[str] = (EVERY,)
) -> tuple[Sentence, bool]:
    """A sentence for a request, and whether it contains the word for the present object.

    A single object, or an object in a place of its own, needs no name. `of` is that of `phrases.render`.
    """
    old = imagenet.noun(asked.old_word) if asked.old_word else None
    new = imagenet.noun(asked.new_word) if asked.new_word else None
    slots = phrases.thing_slots(old, new)
    kind, cell = asked.edit.kind, asked.edit.before
    if kind == "swap" and new is not None:
        return phrases.render_one_of(_SWAP, slots | {"the_new": new.definite}, rng, of), True
    if canvas.kind == "single" and rng.random() < 0.3:
        return phrases.render_one_of(_WHOLE, slots, rng, of), False
    if kind in ("replace", "remove") and canvas.kind != "single" and cell is not None and rng.random() < 0.15:
        names = [name for name in _places(canvas, cell) if _only_one_at(canvas, reference, cell, name)]
        if names:
            slots |= phrases.place_slots(names[int(rng.integers(len(names)))], None, rng)
            return phrases.render_one_of(_REPLACE_AT if kind == "replace" else _REMOVE_AT, slots, rng, of), False
    if asked.place:
        beside = reference[asked.anchor] if asked.anchor is not None else None
        word = imagenet.noun(_anchor_word(asked, reference)) if beside is not None else None
        slots |= phrases.place_slots(asked.place, word, rng)
        kind = "add_at" if kind == "add" else kind
    alone = sum(photo_crop is not None for photo_crop in reference) == 1
    said = phrases.render(kind, slots, rng, single=alone, of=of)
    return said, True


def _word(photo_crop: PhotoCrop, others: Sequence[PhotoCrop], rng: np.random.Generator) -> str:
    """A word for the crop that fits none of the others; empty if there is none."""
    one = imagenet.classes()[photo_crop.index]
    names, wider = (
        [word for word in words if not any(is_called(other.index, word) for other in others)]
        for words in (one.names, one.hypernyms)
    )
    if wider and (not names or rng.random() < HYPERNYMS):
        return wider[0] if rng.random() < 0.6 else wider[int(rng.integers(len(wider)))]
    if not names:
        return ""
    return names[0] if rng.random() < 0.5 else names[int(rng.integers(len(names)))]


def _anchor_word(asked: EditRequest, reference: State) -> str:
    """The first word for the anchor that fits nothing else in the reference; empty if there is none."""
    anchor = reference[asked.anchor] if asked.anchor is not None else None
    if anchor is None:
        return ""
    others = [photo_crop for photo_crop in reference if photo_crop is not None and photo_crop is not anchor]
    words = imagenet.words_for(anchor.index)
    return next((word for word in words if not any(is_called(other.index, word) for other in others)), "")


def _place(canvas: Canvas, edit: Edit, reference: State, rng: np.random.Generator) -> tuple[str, int | None]:
    """An unambiguous place for the changed cell, at times relative to another object; empty if there is none."""
    assert edit.after is not None
    anchors = [
        i for i, photo_crop in enumerate(reference) if photo_crop is not None and i not in (edit.before, edit.after)
    ]
    if anchors and rng.random() < 0.3:
        anchor = anchors[int(rng.integers(len(anchors)))]
        names = [name for name in RELATIVE if _is_at(canvas, edit.after, name, anchor, 0.0)]
        if edit.before is not None:
            names = [name for name in names if not _is_at(canvas, edit.before, name, anchor, SLACK)]
        trial = EditRequest(edit, anchor=anchor)
        if names and _anchor_word(trial, reference):
            name = names[int(rng.integers(len(names)))]
            return name, anchor
    names = _places(canvas, edit.after)
    if edit.before is not None:
        names = [name for name in names if not _is_at(canvas, edit.before, name, None, SLACK)]
    return (names[int(rng.integers(len(names)))] if names else ""), None


def _places(canvas: Canvas, cell: int) -> list[str]:
    return [name for name in ABSOLUTE if _is_at(canvas, cell, name, None, 0.0)]


def _only_one_at(canvas: Canvas, state: State, cell: int, name: str) -> bool:
    """Whether, for a generous reader, no other filled cell is at that place."""
    return not any(
        photo_crop is not None and other != cell and _is_at(canvas, other, name, None, SLACK)
        for other, photo_crop in enumerate(state)
    )


def _is_at(canvas: Canvas, cell: int, name: str, anchor: int | None, slack: float) -> bool:
    beside = (canvas.cells[anchor].x, canvas.cells[anchor].y) if anchor is not None else None
    return holds(name, canvas.cells[cell].x, canvas.cells[cell].y, beside, slack)


_WHOLE = load_templates("whole")
_SWAP = load_templates("swap")
_REPLACE_AT = load_templates("replace_at")
_REMOVE_AT = load_templates("remove_at")

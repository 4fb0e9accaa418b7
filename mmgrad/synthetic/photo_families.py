"""Families of real photographs: single photographs, mosaics, and photographs on a background.

As in `mmgrad.synthetic.families`, the pictures of a family are hard negatives for each other, and every sentence fits
exactly one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mmgrad.errors import InputError
from mmgrad.lexicon import imagenet
from mmgrad.lexicon.imagenet import is_called, look_alike
from mmgrad.synthetic import phrases
from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.synthetic.families import SCENES, Family
from mmgrad.synthetic.mosaics import Canvas, PhotoCrop, mosaic, sample_crop, scattered, single
from mmgrad.synthetic.photo_edits import EditRequest, State, ask, difference, satisfies, write_sentence
from mmgrad.synthetic.photo_folder import Photograph, is_for_validation, load_photographs
from mmgrad.synthetic.templates import EVERY, TRAIN
from mmgrad.synthetic.triplets import OTHERS, Triplet, mentions

__all__ = ["SPLITS", "Photograph", "is_for_validation", "load_photographs", "make_photograph_family"]

SPLITS = ("train", "validation")
TRIPLETS = 12
"""Triplets of a family, at most."""
LEAST_CLASSES = 12
"""Classes of a split that a family can be made from."""
_KINDS = (("single", 0.3), ("mosaic", 0.5), ("scattered", 0.2))


def make_photograph_family(photographs: tuple[Photograph, ...], split: str, index: int, size: int = 224) -> Family:
    """Family number `index` of photographs; it depends on nothing but these arguments.

    Every triplet knows the ImageNet row of the photograph under each mask. A mask covers its photograph whole; for a
    swap it covers both, and there is no row. The family has no layouts.

    Args:
        photographs: labelled photographs.
        split: one of SPLITS.
        index: number of the family.
        size: long side of the pictures in pixels; sentences do not depend on it.

    Raises:
        ValueError: unknown split.
        InputError: the photographs have too few classes for the split.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {SPLITS}, not {split!r}")
    pool = _pool(photographs, split)
    for attempt in range(50):
        rng = np.random.default_rng(np.random.SeedSequence([20_271, SPLITS.index(split), index, attempt]))
        family = _FamilyBuilder(pool, rng, OTHERS if split == "train" else 0).family(size)
        if family is not None:
            return family
    raise RuntimeError(f"no family could be laid out for {split} {index}; the photographs are too few")


@dataclass(frozen=True, eq=False)
class _Pool:
    """The photographs of a split by class, and its classes by hypernym."""

    by_class: dict[int, tuple[Photograph, ...]]
    by_word: dict[str, tuple[int, ...]]


@lru_cache(maxsize=8)
def _pool(photographs: tuple[Photograph, ...], split: str) -> _Pool:
    found: dict[int, list[Photograph]] = {}
    for photo in photographs:
        if is_for_validation(photo.wnid) == (split == "validation"):
            found.setdefault(photo.index, []).append(photo)
    if len(found) < LEAST_CLASSES:
        raise InputError(
            f"The photographs hold {len(found)} classes for {split}; at least {LEAST_CLASSES} are needed, "
            "so please give a folder with more classes (a sixth of them is for validation)."
        )
    words: dict[str, list[int]] = {}
    for row in found:
        for word in imagenet.classes()[row].hypernyms:
            words.setdefault(word, []).append(row)
    return _Pool(
        {row: tuple(photos) for row, photos in found.items()}, {word: tuple(rows) for word, rows in words.items()}
    )


class _FamilyBuilder:
    """Builds one family: a canvas, its first state, variants, and the sentences between them."""

    def __init__(self, pool: _Pool, rng: np.random.Generator, others: int) -> None:
        self.pool, self.rng, self.library = pool, rng, load_asset_library()
        self.free = rng.spawn(1)[0]  # of its own: what the other split draws does not depend on it
        self.others = others
        self.rows = tuple(pool.by_class)
        self.used: list[int] = []
        self.ground: frozenset[str] = frozenset()
        self.kind = _KINDS[int(rng.choice(len(_KINDS), p=[share for _, share in _KINDS]))][0]

    def family(self, size: int) -> Family | None:
        """The family with pictures drawn at `size`; None if it is not complete."""
        rng = self.rng
        if self.kind == "single":
            canvas, states = single(), self._singles()
        else:
            canvas = mosaic(self.library, rng) if self.kind == "mosaic" else scattered(self.library, rng)
            self.ground = self._ground_words(canvas)
            states = self._variants(canvas)
        if len(states) < SCENES:
            return None
        asked = self._asked(canvas, states)
        if len(asked) < SCENES - 1:
            return None
        pictures = [canvas.draw(state, self.library, size) for state in states]
        triplets = [self._triplet(canvas, states, pictures, *one) for one in asked]
        return Family(tuple(pictures), tuple(triplets), tuple(_caption(state) for state in states), ())

    def _ground_words(self, canvas: Canvas) -> frozenset[str]:
        """Names of the background; no photograph with such a name is placed on it."""
        names = {name for one in self.library.backgrounds if one.id == canvas.background for name in one.names}
        return frozenset(names | {name.split()[-1] for name in names})

    def _shot(self, like: PhotoCrop | None = None) -> PhotoCrop:
        """A crop of a class that is new to the family and has no lookalike in it; related to `like` if given."""
        rng = self.rng
        rows: Sequence[int] = self.rows
        words = [] if like is None else list(imagenet.classes()[like.index].hypernyms)
        if words:
            word = words[0] if rng.random() < 0.6 else words[int(rng.integers(len(words)))]
            rows = self.pool.by_word[word]
        for attempt in range(40):
            if attempt == 8:
                rows = self.rows
            row = int(rows[int(rng.integers(len(rows)))])
            shown = any(is_called(row, word) for word in self.ground)
            if not shown and not any(look_alike(row, other) for other in self.used):
                break
        self.used.append(row)
        photos = self.pool.by_class[row]
        return sample_crop(photos[int(rng.integers(len(photos)))], rng, 0.55 if self.kind == "single" else 0.75)

    def _singles(self) -> list[State]:
        """Seven single photographs, several of them related to the first."""
        first = self._shot()
        photo_crops = [first, *(self._shot(first if self.rng.random() < 0.5 else None) for _ in range(SCENES - 1))]
        return [(photo_crop,) for photo_crop in photo_crops]

    def _variants(self, canvas: Canvas) -> list[State]:
        """The first state of the canvas and six similar variants."""
        rng, count = self.rng, len(canvas.cells)
        most_empty = min(count - 1, 2) if canvas.kind == "mosaic" else count - 1
        least_empty = 0 if canvas.kind == "mosaic" else max(0, count - 2)
        empty = int(rng.integers(least_empty, most_empty + 1)) if rng.random() < 0.6 else least_empty
        order = [int(i) for i in rng.permutation(count)]
        filled, free = order[empty:], order[:empty]
        base: list[PhotoCrop | None] = [None] * count
        for cell in filled:
            base[cell] = self._shot()
        first, second = filled[0], filled[min(1, len(filled) - 1)]
        new = self._shot(base[first] if rng.random() < 0.5 else None)
        other = self._shot(new if rng.random() < 0.5 else None)
        changes: list[dict[int, PhotoCrop | None]] = [{first: new}, {first: other}]
        changes.append({second: new} if second != first else {first: self._shot(base[first])})
        changes.append({(first if rng.random() < 0.7 else second): None})
        if free:
            added = new if rng.random() < 0.5 else self._shot(new)
            changes.append({free[0]: added})
            changes.append({first: None, free[0]: base[first]})
            more: list[dict[int, PhotoCrop | None]] = [{free[0]: other}, {second: None, free[0]: base[second]}]
            more += [{free[-1]: added}, {first: None, free[-1]: base[first]}, {second: other}, {second: None}]
        else:
            more = [{second: other}, {first: None}, {second: None}, {filled[-1]: new}, {filled[-1]: None}]
            if second != first:
                changes.append({first: base[second], second: base[first]})
        more += [{first: self._shot(base[first])}, {first: self._shot()}, {first: self._shot()}]
        changes += [more[int(i)] for i in rng.permutation(len(more))]
        states: list[State] = [tuple(base)]
        for change in changes:
            state = tuple(change.get(cell, photo_crop) for cell, photo_crop in enumerate(base))
            if len(states) < SCENES and state not in states:
                states.append(state)
        return states

    def _asked(self, canvas: Canvas, states: list[State]) -> list[tuple[int, int, EditRequest]]:
        """Unambiguous requests (reference, target, request): from the first picture to each other one, then any."""
        pairs = [(0, j) for j in range(1, len(states))]
        rest = [(i, j) for i in range(1, len(states)) for j in range(len(states)) if i != j]
        found: list[tuple[int, int, EditRequest]] = []
        for i, j in [*pairs, *(rest[int(k)] for k in self.rng.permutation(len(rest)))]:
            if len(found) == TRIPLETS:
                break
            edit = difference(states[i], states[j])
            for _ in range(4 if edit else 0):
                assert edit is not None
                asked = ask(edit, canvas, states[i], states[j], self.rng)
                if asked and [k for k, state in enumerate(states) if satisfies(asked, canvas, states[i], state)] == [j]:
                    found.append((i, j, asked))
                    break
        return found

    def _triplet(
        self,
        canvas: Canvas,
        states: list[State],
        pictures: list[np.ndarray],
        reference: int,
        target: int,
        asked: EditRequest,
    ) -> Triplet:
        said, names_old = write_sentence(asked, canvas, states[reference], self.rng)
        others = [
            write_sentence(asked, canvas, states[reference], self.free, (EVERY, TRAIN))[0].text
            for _ in range(self.others)
        ]
        edit, swap = asked.edit, asked.edit.kind == "swap"
        gone = names_old and edit.kind in ("replace", "remove")
        masks, rows = [], []
        for number, cell, other in ((reference, edit.before, edit.after), (target, edit.after, edit.before)):
            photo_crop = states[number][cell] if cell is not None else None
            mask = canvas.mask(cell, pictures[number]) if cell is not None else None
            if swap and mask is not None and other is not None:
                mask = mask | canvas.mask(other, pictures[number])
            masks.append(mask)
            rows.append(photo_crop.index if photo_crop is not None and not swap else None)
        return Triplet(
            reference=reference,
            target=target,
            text=said.text,
            edit="move" if swap else edit.kind,
            template=said.template,
            unseen_photo=False,
            unseen_template=False,
            unseen_noun=False,
            reference_mask=masks[0],
            target_mask=masks[1],
            removed=asked.old_word if gone and mentions(said.text, asked.old_word) else None,
            added=asked.new_word if edit.kind in ("replace", "add") else None,
            nouns=tuple(word for word in (asked.old_word if names_old else "", asked.new_word) if word),
            color=None,
            changes=(),
            reference_class=rows[0],
            target_class=rows[1],
            others=tuple(others),
        )


def _caption(state: State) -> str:
    """The names of all photographs in the picture."""
    names = [
        imagenet.noun(imagenet.classes()[photo_crop.index].names[0]).indefinite
        for photo_crop in state
        if photo_crop is not None
    ]
    return phrases.listing(names) if names else "nothing"

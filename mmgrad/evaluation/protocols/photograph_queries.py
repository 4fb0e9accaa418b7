"""Queries about real photographs with a known region: mosaics of four photographs, and crops with an object off
center."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmgrad.lexicon import imagenet
from mmgrad.lexicon.imagenet import is_called, look_alike
from mmgrad.lexicon.nouns import Name
from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.synthetic.mosaics import PhotoCrop, grid
from mmgrad.synthetic.photo_boxes import Box, off_center
from mmgrad.synthetic.photo_families import Photograph

SIDE = 224
EDITS = ("remove", "replace")


@dataclass(frozen=True, eq=False)
class Question:
    """A reference, a text about one object in it, and a target; pictures are uint8 [H, W, 3].

    Attributes:
        edit: "remove" or "replace".
        text: the request.
        reference: the picture that the text is about.
        target: the picture that it asks for.
        removed_mask: where the named object is in the reference, bool [H, W].
        added_mask: where the new object is in the target, bool [H, W]; None where there is none.
    """

    edit: str
    text: str
    reference: np.ndarray
    target: np.ndarray
    removed_mask: np.ndarray
    added_mask: np.ndarray | None


def mosaics(pool: Sequence[Photograph], count: int, seed: int) -> Iterator[Question]:
    """Mosaics of two by two photographs, with a text that removes or replaces one of them."""
    rng = np.random.default_rng([seed, 1])
    canvas, library = grid(2, 2), load_asset_library()
    for number in range(count):
        *shown, other = different(pool, 5, rng)
        photo_crops = [PhotoCrop.plain(photo) for photo in shown]
        cell = int(rng.integers(4))
        edit = EDITS[number % 2]
        after = [*photo_crops[:cell], None if edit == "remove" else PhotoCrop.plain(other), *photo_crops[cell + 1 :]]
        reference, target = (canvas.draw(tuple(state), library, SIDE) for state in (photo_crops, after))
        clamp_center = canvas.mask(cell, reference).astype(bool)
        added_mask = clamp_center if edit == "replace" else None
        yield Question(edit, wording(edit, shown[cell], other), reference, target, clamp_center, added_mask)


def crops(pool: Sequence[Photograph], boxes: Mapping[str, tuple[Box, ...]], seed: int) -> Iterator[Question]:
    """Photographs cropped so that the object is off center, with texts that remove it or replace it by another one.

    Photographs without boxes, and those without such a crop, are skipped. The target of a removal is the reference
    itself, because there is no picture without the object.
    """
    rng = np.random.default_rng([seed, 3])
    cut = [
        (photo, *found)
        for photo in pool
        if photo.path.name in boxes and (found := off_center(photo.rgb(), boxes[photo.path.name], SIDE)) is not None
    ]
    for photo, picture, clamp_center in cut:
        others = [one for one in cut if not confused(one[0], photo)]
        if not others:
            continue
        other, target, added_mask = others[int(rng.integers(len(others)))]
        yield Question("remove", wording("remove", photo, other), picture, picture, clamp_center, None)
        yield Question("replace", wording("replace", photo, other), picture, target, clamp_center, added_mask)


def different(pool: Sequence[Photograph], count: int, rng: np.random.Generator) -> list[Photograph]:
    """Photographs of classes that are not easily confused, and whose names fit none of the others."""
    chosen: list[Photograph] = []
    for row in rng.permutation(len(pool)):
        photo = pool[int(row)]
        if not any(confused(photo, one) or confused(one, photo) for one in chosen):
            chosen.append(photo)
        if len(chosen) == count:
            break
    return chosen


def confused(one: Photograph, other: Photograph) -> bool:
    """Whether the classes are easily confused, or the name of the first fits the class of the other."""
    return look_alike(one.index, other.index) or is_called(other.index, name(one).word)


def wording(edit: str, old: Photograph, new: Photograph) -> str:
    """ "remove the X" or "replace the X with a Y"."""
    removed_mask = name(old).definite
    return f"remove {removed_mask}" if edit == "remove" else f"replace {removed_mask} with {name(new).indefinite}"


def name(photo: Photograph) -> Name:
    """The first name of the photograph's class."""
    return imagenet.noun(imagenet.classes()[photo.index].names[0])

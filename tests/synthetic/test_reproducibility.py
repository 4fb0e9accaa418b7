"""Families are bit-identical from version to version; trained models and published results depend on that."""

import platform
import sys
from collections.abc import Iterable
from hashlib import sha256

import numpy as np
import pytest

from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.synthetic.families import SPLITS, Family, make_family
from mmgrad.synthetic.negative_texts import negative_text
from mmgrad.synthetic.photo_families import Photograph, make_photograph_family

COUNT = 20
TEXTS = {"train": "9e92d1a2bc7bebb2", "validation": "ba1dbe15849a102c", "test": "f725dcab558f9d90"}
PIXELS = {"train": "8325986e5bf272f9", "validation": "83fb7e6708e1a4e7", "test": "bd6eb6adb1f979e6"}
PHOTOGRAPH_TEXTS = {"train": "4f0a1e4f5d59b474", "validation": "f3a49f29ec8c85a0"}
PHOTOGRAPH_PIXELS = {"train": "8f4533edc8ef64b1", "validation": "caa785761bef378a"}
NEGATIVE_TEXTS = "c79def8917c5203e"

same_arithmetic = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="OpenCV rounds differently on other processors",
)


@pytest.fixture(scope="module")
def families() -> dict[str, list[Family]]:
    return {split: [make_family(load_asset_library(), split, index) for index in range(COUNT)] for split in SPLITS}


@pytest.fixture(scope="module")
def photograph_families(photographs: tuple[Photograph, ...]) -> dict[str, list[Family]]:
    return {
        split: [make_photograph_family(photographs, split, index, size=96) for index in range(COUNT)]
        for split in PHOTOGRAPH_TEXTS
    }


def test_texts_of_scene_families_do_not_change(families: dict[str, list[Family]]) -> None:
    assert {split: texts_digest(made) for split, made in families.items()} == TEXTS


@same_arithmetic
def test_pixels_and_masks_of_scene_families_do_not_change(families: dict[str, list[Family]]) -> None:
    assert {split: pixels_digest(made) for split, made in families.items()} == PIXELS


def test_texts_of_photograph_families_do_not_change(photograph_families: dict[str, list[Family]]) -> None:
    assert {split: texts_digest(made) for split, made in photograph_families.items()} == PHOTOGRAPH_TEXTS


@same_arithmetic
def test_pixels_and_masks_of_photograph_families_do_not_change(photograph_families: dict[str, list[Family]]) -> None:
    assert {split: pixels_digest(made) for split, made in photograph_families.items()} == PHOTOGRAPH_PIXELS


def test_texts_that_ask_for_no_change_do_not_change() -> None:
    rng = np.random.default_rng(0)
    assert digest(negative_text(rng).encode() for _ in range(500)) == NEGATIVE_TEXTS


def texts_digest(families: list[Family]) -> str:
    """Digest of the captions and of the triplets: their rows, sentences and nouns."""
    lines: list[str] = []
    for family in families:
        lines += family.captions
        for triplet in family.triplets:
            flags = (triplet.unseen_photo, triplet.unseen_noun, triplet.unseen_template)
            lines += [triplet.text, *triplet.others, *triplet.nouns, str(triplet.removed), str(triplet.added)]
            lines.append(f"{triplet.reference} {triplet.target} {flags}")
            lines.append(f"{triplet.reference_class} {triplet.target_class}")
    return digest(line.encode() for line in lines)


def pixels_digest(families: list[Family]) -> str:
    """Digest of the pictures and of the masks."""
    arrays: list[np.ndarray] = []
    for family in families:
        arrays += family.scenes
        masks = (mask for triplet in family.triplets for mask in (triplet.reference_mask, triplet.target_mask))
        arrays += [np.zeros(0, np.uint8) if mask is None else mask for mask in masks]
    return digest(part for array in arrays for part in (repr((array.shape, array.dtype.str)).encode(), array.tobytes()))


def digest(parts: Iterable[bytes]) -> str:
    """First 16 hex digits of the SHA-256 of some byte strings, each followed by a zero byte."""
    found = sha256()
    for part in parts:
        found.update(part + b"\0")
    return found.hexdigest()[:16]

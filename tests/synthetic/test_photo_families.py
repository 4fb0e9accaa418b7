"""Families of photographs: a small labelled folder of pictures stands in for real ones."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmgrad.errors import InputError
from mmgrad.lexicon.imagenet import classes, is_called, look_alike
from mmgrad.synthetic.families import SCENES, Family
from mmgrad.synthetic.photo_families import (
    LEAST_CLASSES,
    Photograph,
    is_for_validation,
    load_photographs,
    make_photograph_family,
)

FAMILIES = 40
Photographs = tuple[Photograph, ...]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise of one mean color for each of 200 classes, so that every picture can be told apart by its pixels."""
    place = tmp_path_factory.mktemp("photographs")
    rng = np.random.default_rng(1)
    rows = [["file", "wnid", "name"]]
    for one in classes()[::5]:
        height, width = ((60, 80), (80, 60), (72, 72))[one.index % 3]
        coarse = rng.integers(0, 256, (4, 4, 3), np.uint8)
        pixels = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        Image.fromarray(pixels).save(place / f"{one.wnid}.png")
        rows.append([f"{one.wnid}.png", one.wnid, one.names[0]])
    with (place / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return place


@pytest.fixture(scope="module")
def photographs(folder: Path) -> Photographs:
    return load_photographs(folder)


@pytest.fixture(scope="module")
def families(photographs: Photographs) -> list[Family]:
    return [make_photograph_family(photographs, "train", number, size=96) for number in range(FAMILIES)]


def test_the_folder_is_read_by_its_table(photographs: Photographs) -> None:
    assert len(photographs) == 200
    assert all(classes()[photo.index].wnid == photo.wnid == photo.path.stem for photo in photographs)
    assert photographs[0].rgb().dtype == np.uint8


def write(folder: Path, text: str) -> Path:
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    return folder


def test_a_folder_that_cannot_be_used_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"labels\.csv.*columns file and wnid"):
        load_photographs(tmp_path)
    with pytest.raises(InputError, match="must have the columns"):
        load_photographs(write(tmp_path, "picture,class\na.png,n01440764\n"))
    with pytest.raises(InputError, match=r"none of ImageNet's.*'n99999999'"):
        load_photographs(write(tmp_path, "file,wnid\na.png,n99999999\n"))
    with pytest.raises(InputError, match=r"'a\.png'"):
        load_photographs(write(tmp_path, "file,wnid\na.png,n01440764\n"))


def test_a_broken_photograph_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    (photo,) = load_photographs(write(tmp_path, "file,wnid\na.png,n01440764\n"))
    with pytest.raises(InputError, match=r"a\.png.*cannot be read"):
        photo.rgb()


def test_too_few_classes_are_refused(photographs: Photographs) -> None:
    few = [photo for photo in photographs if not is_for_validation(photo.wnid)][: LEAST_CLASSES - 1]
    with pytest.raises(InputError, match=f"{LEAST_CLASSES - 1} classes for train"):
        make_photograph_family(tuple(few), "train", 0)


def test_an_unknown_split_is_refused(photographs: Photographs) -> None:
    with pytest.raises(ValueError, match="split"):
        make_photograph_family(photographs, "test", 0)


def test_about_a_sixth_of_the_classes_is_for_validation_only(photographs: Photographs, families: list[Family]) -> None:
    share = sum(is_for_validation(one.wnid) for one in classes()) / len(classes())
    assert 0.13 < share < 0.2
    validation = [make_photograph_family(photographs, "validation", number, size=48) for number in range(10)]
    for wanted, made in ((True, validation), (False, families)):
        rows = {row for f in made for t in f.triplets for row in (t.reference_class, t.target_class) if row is not None}
        assert rows
        assert {is_for_validation(classes()[row].wnid) for row in rows} == {wanted}


def test_a_family_depends_on_its_number_alone(photographs: Photographs, families: list[Family]) -> None:
    again = make_photograph_family(photographs, "train", 3, size=96)
    for one, other in zip(families[3].scenes, again.scenes, strict=True):
        assert np.array_equal(one, other)
    assert [t.text for t in again.triplets] == [t.text for t in families[3].triplets]
    assert [t.text for t in families[4].triplets] != [t.text for t in families[3].triplets]


def test_the_size_changes_the_pixels_and_not_the_words(photographs: Photographs, families: list[Family]) -> None:
    larger = make_photograph_family(photographs, "train", 5, size=160)
    assert [t.text for t in larger.triplets] == [t.text for t in families[5].triplets]
    assert all(max(scene.shape) == 160 for scene in larger.scenes)


def test_every_family_is_whole_and_its_pictures_differ(families: list[Family]) -> None:
    for family in families:
        assert len(family.scenes) == len(family.captions) == SCENES
        assert SCENES - 1 <= len(family.triplets) <= 12
        assert [(t.reference, t.target) for t in family.triplets[: SCENES - 1]] == [(0, i) for i in range(1, SCENES)]
        for i, one in enumerate(family.scenes):
            assert one.dtype == np.uint8
            assert not any(np.array_equal(one, other) for other in family.scenes[:i])


def test_all_edits_come_and_most_are_of_photographs_in_parts_of_the_picture(families: list[Family]) -> None:
    triplets = [t for family in families for t in family.triplets]
    assert {t.edit for t in triplets} == {"replace", "remove", "add", "move"}
    whole = [t.reference_mask is not None and t.reference_mask.all() for t in triplets]
    assert 0.1 < np.mean(whole) < 0.5


def test_masks_cover_what_changes_and_nothing_else(families: list[Family]) -> None:
    seen = 0
    for family in families:
        for t in family.triplets:
            before, after = family.scenes[t.reference], family.scenes[t.target]
            assert (t.reference_mask is None) == (t.edit == "add")
            assert (t.target_mask is None) == (t.edit == "remove")
            masks = [mask for mask in (t.reference_mask, t.target_mask) if mask is not None]
            assert all(mask.dtype == np.uint8 and set(np.unique(mask)) <= {0, 1} for mask in masks)
            if before.shape != after.shape:
                assert all(mask.all() for mask in masks)  # two photographs, each of its own proportion
                continue
            changed = np.any(before != after, axis=2)
            clamp_center = np.logical_or.reduce([mask.astype(bool) for mask in masks])
            assert not changed[~clamp_center].any()
            assert changed[clamp_center].mean() > 0.5
            seen += 1
    assert seen > 200


def test_the_words_belong_to_the_classes_under_the_masks(families: list[Family]) -> None:
    for family in families:
        for t in family.triplets:
            for word, row in ((t.removed, t.reference_class), (t.added, t.target_class)):
                if word is not None:
                    assert row is not None
                    assert is_called(row, word)
                    assert word.lower() in t.text.lower()
            if t.edit == "replace":
                assert t.reference_class is not None
                assert t.target_class is not None
                assert t.added is not None
                assert not look_alike(t.reference_class, t.target_class)
                assert not is_called(t.reference_class, t.added)


def test_a_sentence_without_the_old_name_says_the_place_or_needs_none(families: list[Family]) -> None:
    for family in families:
        for t in family.triplets:
            if t.edit == "remove" and t.removed is None:
                assert t.template.startswith("remove_at")


def test_of_several_photographs_that_may_come_the_word_fits_one_only(families: list[Family]) -> None:
    # Read from the triplets alone: what another sentence of the same picture puts at the same place has another name.
    for family in families:
        for one in family.triplets:
            for other in family.triplets:
                same_place = (
                    one.reference == other.reference
                    and one.target != other.target
                    and one.edit == other.edit == "replace"
                    and np.array_equal(one.reference_mask, other.reference_mask)  # type: ignore[arg-type]
                )
                if same_place and one.added is not None and other.target_class is not None:
                    assert not is_called(other.target_class, one.added)

"""Families of edits: repeatable, disjoint, unambiguous, and true to the pixel."""

import re
from collections import Counter

import cv2
import numpy as np
import pytest

from mmgrad.synthetic.asset_library import AssetLibrary, load_asset_library
from mmgrad.synthetic.families import KINDS, SCENES, SPLITS, Family, Triplet, families, held_out, make_family
from mmgrad.synthetic.places import holds
from mmgrad.synthetic.triplets import OTHERS, mentions

COUNT = 24


@pytest.fixture(scope="module")
def library() -> AssetLibrary:
    return load_asset_library()


@pytest.fixture(scope="module")
def made(library: AssetLibrary) -> dict[str, list[Family]]:
    return {split: list(families(library, split, 0, COUNT)) for split in SPLITS}


def _all(made: dict[str, list[Family]]) -> list[tuple[Family, Triplet]]:
    return [(family, triplet) for some in made.values() for family in some for triplet in family.triplets]


def test_a_family_is_the_same_each_time(library: AssetLibrary, made: dict[str, list[Family]]) -> None:
    again = make_family(library, "validation", 3)
    before = made["validation"][3]
    assert [t.text for t in again.triplets] == [t.text for t in before.triplets]
    assert again.layouts == before.layouts
    assert again.captions == before.captions
    for one, other in zip(again.scenes, before.scenes, strict=True):
        np.testing.assert_array_equal(one, other)


def test_size_changes_the_pixels_and_nothing_else(library: AssetLibrary, made: dict[str, list[Family]]) -> None:
    small, large = made["test"][1], make_family(library, "test", 1, size=320)
    assert [t.text for t in small.triplets] == [t.text for t in large.triplets]
    assert all(max(scene.shape[:2]) == 320 for scene in large.scenes)
    for one, other in zip(small.triplets, large.triplets, strict=True):
        if one.target_mask is not None and other.target_mask is not None:
            assert other.target_mask.shape == large.scenes[0].shape[:2]
            assert abs(one.target_mask.mean() - other.target_mask.mean()) < 0.01


def test_an_unknown_split_is_refused(library: AssetLibrary) -> None:
    with pytest.raises(ValueError, match="train"):
        make_family(library, "dev", 0)


def test_a_family_has_its_scenes_and_a_triplet_to_each_variant(made: dict[str, list[Family]]) -> None:
    for some in made.values():
        for family in some:
            assert len(family.scenes) == len(family.captions) == SCENES
            assert {t.target for t in family.triplets if t.reference == 0} == set(range(1, SCENES))
            assert len(family.triplets) <= 12
            assert all(scene.dtype == np.uint8 and max(scene.shape[:2]) == 224 for scene in family.scenes)


def test_splits_share_no_scene(made: dict[str, list[Family]]) -> None:
    seen: Counter[bytes] = Counter()
    for some in made.values():
        seen.update({scene.tobytes() for family in some for scene in family.scenes})
    assert max(seen.values()) == 1


def test_held_out_photos_and_patterns_are_in_the_test_split_only(
    library: AssetLibrary, made: dict[str, list[Family]]
) -> None:
    kept = held_out(library)
    assert 0.07 < len(kept) / len(library.cutouts) < 0.18
    for split, some in made.items():
        used = {item.cutout for family in some for scene in family.layouts for item in scene.items}
        triplets = [triplet for family in some for triplet in family.triplets]
        assert bool(used & kept) is (split == "test")
        assert any(t.unseen_photo for t in triplets) is (split == "test")
        assert any(t.unseen_template for t in triplets) is (split != "train")
        assert all(t.unseen_photo for t in triplets if t.unseen_noun)


def test_every_kind_of_edit_is_there(made: dict[str, list[Family]]) -> None:
    counts = Counter(triplet.edit for _, triplet in _all(made))
    assert set(counts) == set(KINDS)
    assert min(counts.values()) > 0.03 * sum(counts.values())


def test_masks_are_defined_where_they_should_be_and_never_empty(made: dict[str, list[Family]]) -> None:
    for family, triplet in _all(made):
        kinds = {change.kind for change in triplet.changes}
        assert (triplet.reference_mask is None) is (kinds == {"add"})
        assert (triplet.target_mask is None) is (kinds == {"remove"})
        for mask in (triplet.reference_mask, triplet.target_mask):
            if mask is not None:
                assert mask.dtype == np.uint8
                assert mask.shape == family.scenes[0].shape[:2]
                assert set(np.unique(mask)) <= {0, 1}
                assert mask.mean() > 0.005


def test_pixels_change_inside_the_masks_and_hardly_outside(made: dict[str, list[Family]]) -> None:
    """The oracle is the difference of the two pictures, which knows nothing of masks. Outside a margin of 9 px, for
    the soft edge and the shadow, no more than the half-covered rims of thin things may change (1 % of the picture)."""
    for family, triplet in _all(made):
        one, other = (family.scenes[index].astype(int) for index in (triplet.reference, triplet.target))
        step = np.abs(one - other).max(axis=2)
        union = np.zeros(step.shape, np.uint8)
        for mask in (triplet.reference_mask, triplet.target_mask):
            if mask is not None:
                union |= mask
        near = cv2.dilate(union, np.ones((19, 19), np.uint8)).astype(bool)
        assert (step[~near] > 24).sum() <= 0.01 * step.size, triplet.text
        assert (step > 24).mean() >= 0.015, triplet.text
        if triplet.edit in ("add", "remove", "background"):
            assert (step[union.astype(bool)] > 8).mean() > 0.6, triplet.text


def test_no_two_scenes_of_a_family_are_nearly_the_same(made: dict[str, list[Family]]) -> None:
    for some in made.values():
        for family in some:
            for index, one in enumerate(family.scenes):
                for other in family.scenes[:index]:
                    assert (cv2.absdiff(one, other).max(axis=2) > 24).mean() >= 0.02


def test_sentences_name_what_vanishes_and_what_appears(made: dict[str, list[Family]]) -> None:
    named = 0
    for _, triplet in _all(made):
        for word in (triplet.removed, triplet.added):
            assert word is None or re.search(rf"(?<!\w){re.escape(word)}(?!\w)", triplet.text, re.IGNORECASE), (
                triplet.text
            )
        named += triplet.removed is not None or triplet.added is not None
        if triplet.edit == "add":
            assert triplet.added is not None
            assert triplet.removed is None
        if triplet.edit in ("recolor", "resize", "move", "background", "combined"):
            assert triplet.removed is None
            assert triplet.added is None
        if triplet.edit == "recolor":
            item = triplet.changes[0].item
            assert item is not None
            assert str(item.recolor).replace("grey", "gr") in triplet.text.lower()
        assert not re.search(r"[{}]|  |\ba (binoculars|pants|pliers|scissors|grapes|cherries)\b", triplet.text)
    assert named > 0.3 * len(_all(made))


def test_the_nouns_used_for_a_thing_name_no_other_thing_of_the_reference(
    library: AssetLibrary, made: dict[str, list[Family]]
) -> None:
    names = {cutout.id: cutout.names for cutout in library.cutouts}
    for family, triplet in _all(made):
        items = family.layouts[triplet.reference].items
        for change in triplet.changes:
            if change.key:
                assert [item.key for item in items if change.old_word in names[item.cutout]] == [change.key]
            if change.kind in ("add", "replace"):
                assert not [item for item in items if change.new_word in names[item.cutout]]


def test_training_says_each_sentence_in_further_ways(made: dict[str, list[Family]]) -> None:
    said = Counter()
    for split, some in made.items():
        for family in some:
            for triplet in family.triplets:
                assert len(triplet.others) == (OTHERS if split == "train" else 0)
                for other in triplet.others:
                    said[other.lower() == triplet.text.lower()] += 1
                    if triplet.edit == "remove":
                        assert any(mentions(other, noun) for noun in triplet.nouns)
                    if triplet.edit in ("move", "add"):
                        for side in ("left", "right"):
                            assert (side in other.lower()) is (side in triplet.text.lower())
    assert said[True] < 0.05 * said[False]


def test_only_the_target_has_what_the_sentence_asks_for(library: AssetLibrary, made: dict[str, list[Family]]) -> None:
    """Told by what stands in each picture, counted from the layouts without the code that chose the sentences."""
    names = {cutout.id: cutout.names for cutout in library.cutouts}
    natural = {cutout.id: cutout.colors for cutout in library.cutouts}
    backdrops = {background.id: background.names for background in library.backgrounds}
    for family, triplet in _all(made):
        if len(triplet.changes) != 1 or triplet.edit in ("resize", "move"):
            continue
        change, reference = triplet.changes[0], family.layouts[triplet.reference]
        meant = []
        for number, scene in enumerate(family.layouts):
            before, after = list(reference.items), list(scene.items)
            for item in reference.items:  # what is the very same in both cancels out
                if item in after:
                    before.remove(item)
                    after.remove(item)
            same_ground = (scene.background, scene.crop) == (reference.background, reference.crop)
            if triplet.edit == "background":
                good = not before and not after and change.new_word in backdrops[scene.background]
                good = good and number != triplet.reference
            elif triplet.edit == "remove":
                good = same_ground and not after and [item.key for item in before] == [change.key]
            elif triplet.edit == "recolor":
                assert change.item is not None
                good = same_ground and after == [change.item] and len(before) == 1
            else:
                assert change.item is not None
                good = same_ground and len(after) == 1 and change.new_word in names[after[0].cutout]
                if triplet.color is not None:
                    good = good and change.item.recolor in (after[0].recolor, *natural[after[0].cutout])
                good = good and [item.key for item in before] == ([change.key] if change.key else [])
                if good and before:  # a replacement stands where the old thing stood
                    good = np.hypot(before[0].cx - after[0].cx, before[0].cy - after[0].cy) < 0.17
                if good and change.place is not None:
                    anchor = scene.find(change.place.anchor) if change.place.anchor else None
                    good = holds(
                        change.place.name, after[0].cx, after[0].cy, (anchor.cx, anchor.cy) if anchor else None
                    )
            if good:
                meant.append(number)
        assert meant == [triplet.target], triplet.text


def test_moves_go_far_enough_and_to_the_place_named(made: dict[str, list[Family]]) -> None:
    for family, triplet in _all(made):
        if triplet.edit != "move":
            continue
        change = triplet.changes[0]
        assert change.key
        assert change.place
        start = family.layouts[triplet.reference].find(change.key)
        scene = family.layouts[triplet.target]
        end = scene.find(change.key)
        assert start
        assert end
        assert np.hypot(end.cx - start.cx, end.cy - start.cy) >= 0.25
        anchor = scene.find(change.place.anchor) if change.place.anchor else None
        assert holds(change.place.name, end.cx, end.cy, (anchor.cx, anchor.cy) if anchor else None)


def test_families_hold_distractors_of_the_same_kind(made: dict[str, list[Family]]) -> None:
    some = [family for split in made.values() for family in split]
    with_pair = 0
    for family in some:
        kinds = Counter(t.edit for t in family.triplets if t.reference == 0)
        with_pair += max(kinds.values()) >= 2
    assert with_pair > 0.85 * len(some)


def test_new_things_often_come_in_a_colour_which_the_sentence_says(made: dict[str, list[Family]]) -> None:
    new = [triplet for _, triplet in _all(made) if triplet.edit in ("replace", "add")]
    coloured = [triplet for triplet in new if triplet.color is not None]
    assert 0.15 < len(coloured) / len(new) < 0.4
    assert {triplet.edit for triplet in coloured} == {"replace", "add"}
    assert {triplet.changes[0].place is None for triplet in coloured if triplet.edit == "add"} == {True, False}
    for _, triplet in _all(made):
        item = triplet.changes[0].item
        shown = item.recolor if item and triplet.edit in ("replace", "add") else None
        assert (triplet.color or "").replace("gray", "grey") == (shown or "")
        if triplet.color is not None:
            assert re.search(rf"(?<!\w){triplet.color} {triplet.added}(?!\w)", triplet.text, re.IGNORECASE)


def test_a_coloured_new_thing_mostly_has_a_twin_in_another_colour(made: dict[str, list[Family]]) -> None:
    with_colour, with_twin = 0, 0
    for some in made.values():
        for family in some:
            asked = {(t.edit, t.changes[0].key, t.added or "", t.color) for t in family.triplets if t.color}
            with_colour += bool(asked)
            with_twin += len(asked) > len({one[:2] for one in asked})
    assert with_twin >= 0.5 * with_colour > 0


def test_old_things_with_a_colour_are_now_and_then_called_by_it(made: dict[str, list[Family]]) -> None:
    said, others = 0, 0
    for family, triplet in _all(made):
        for change in triplet.changes:
            item = family.layouts[triplet.reference].find(change.key or "")
            if item is not None and triplet.edit == "remove":
                color = (item.recolor or "no colour").replace("grey", "gr[ae]y")
                called = re.search(rf"(?<!\w){color} ", triplet.text, re.IGNORECASE) is not None
                said, others = said + called, others + (not called)
    assert 0.02 < said / (said + others) < 0.3

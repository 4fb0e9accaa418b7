"""Nouns: articles, plurals, adjectives, and the list of nouns of the edit scenes."""

import pytest

from mmgrad.lexicon.nouns import Name, article, is_plural, object_nouns
from mmgrad.synthetic.asset_library import load_asset_library


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("dog", "a"), ("apple", "an"), ("orange", "an"), ("hourglass", "an"), ("unicorn", "a"), ("uniform", "a"),
        ("umbrella", "an"), ("onion", "an"), ("horse", "a"), ("European bear", "a"), ("ewe", "a"), ("egg", "an"),
        ("uk post box", "a"), ("electric guitar", "an"), ("yellow egg", "a"),
    ],
)  # fmt: skip
def test_article_follows_the_sound(word: str, expected: str) -> None:
    assert article(word) == expected


@pytest.mark.parametrize(
    ("word", "plural"),
    [("grapes", True), ("pliers", True), ("bus", False), ("iris", False), ("mars", False), ("rhinoceros", False),
     ("glass", False), ("pair of slippers", False), ("slippers", True), ("sheep", False)],
)  # fmt: skip
def test_plurals_are_known_by_their_ending(word: str, plural: bool) -> None:
    assert is_plural(word) is plural


def test_a_painted_thing_is_called_by_its_new_colour() -> None:
    assert Name("red apple", adjective="blue").definite == "the blue apple"
    assert Name("red apple", adjective="smaller").indefinite == "a smaller red apple"
    assert Name("orange", adjective="blue").indefinite == "a blue orange"
    assert Name("ear of corn").indefinite == "an ear of corn"
    assert Name("mars").definite == "mars"


def test_names_know_plurals_masses_and_adjectives() -> None:
    assert Name("dog").indefinite == "a dog"
    assert Name("egg", adjective="red").indefinite == "a red egg"
    assert Name("binoculars", plural=True).indefinite == "binoculars"
    assert Name("broccoli").indefinite == "broccoli"
    assert Name("car", adjective="red").definite == "the red car"


def test_the_list_of_object_nouns_is_that_of_the_cutouts_of_the_edit_scenes() -> None:
    cutouts = load_asset_library().cutouts
    assert object_nouns() == {word for cutout in cutouts for word in (cutout.noun, cutout.plural)}

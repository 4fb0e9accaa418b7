"""The classes of ImageNet: their order, their words, and what is said of words that several classes share."""

import re

import pytest

from mmgrad.lexicon.imagenet import classes, is_called, look_alike, noun, rows_of_wnids, words_for


def test_there_are_a_thousand_classes_in_the_order_of_their_wordnet_ids() -> None:
    # The classifier's rows follow the sorted WordNet ids: an order known without the table.
    wnids = [one.wnid for one in classes()]
    assert len(wnids) == 1000
    assert wnids == sorted(set(wnids))
    assert [one.index for one in classes()] == list(range(1000))


@pytest.mark.parametrize(
    ("row", "wnid", "word", "wider"),
    [
        (0, "n01440764", "tench", "fish"), (2, "n01484850", "great white shark", "shark"),
        (207, "n02099601", "golden retriever", "dog"), (281, "n02123045", "tabby cat", "cat"),
        (546, "n03272010", "electric guitar", "musical instrument"), (817, "n04285008", "sports car", "car"),
        (954, "n07753592", "banana", "fruit"),
    ],
)  # fmt: skip
def test_well_known_classes_have_their_names_and_kinds(row: int, wnid: str, word: str, wider: str) -> None:
    one = classes()[row]
    assert (one.wnid, rows_of_wnids()[wnid]) == (wnid, row)
    assert word in one.names
    assert wider in one.hypernyms
    assert words_for(row) == (*one.names, *one.hypernyms)


def test_words_are_plain_and_no_class_repeats_one() -> None:
    for one in classes():
        assert 1 <= len(one.names) <= 3
        assert len(set(one.words)) == len(one.words)
        for word in one.words:
            assert re.fullmatch(r"[A-Za-z][A-Za-z' -]*", word), word
            assert word not in {"object", "entity", "artifact", "vertebrate", "placental", "thing"}


def test_scientific_names_are_left_out() -> None:
    words = {word for one in classes() for word in one.words}
    assert words.isdisjoint({"Tinca tinca", "Panthera leo", "Gorilla gorilla", "Equus caballus", "Sus scrofa"})


def test_a_word_names_a_class_by_its_names_its_kinds_and_the_ends_of_its_names() -> None:
    assert is_called(207, "Dog")
    assert is_called(207, "retriever")
    assert is_called(728, "bag")  # plastic bag
    assert not is_called(207, "cat")
    assert not is_called(207, "golden")


def test_classes_that_look_the_same_are_alike_both_ways() -> None:
    assert look_alike(638, 639)
    assert look_alike(639, 638)
    assert look_alike(5, 5)
    assert not look_alike(207, 954)


@pytest.mark.parametrize(
    ("word", "indefinite", "plural"),
    [
        ("triceratops", "a triceratops", False), ("sunglasses", "sunglasses", True), ("red wine", "red wine", False),
        ("orangutan", "an orangutan", False), ("Great Pyrenees", "a Great Pyrenees", False),
    ],
)  # fmt: skip
def test_names_know_their_grammar(word: str, indefinite: str, plural: bool) -> None:
    assert noun(word).indefinite == indefinite
    assert noun(word).plural is plural

"""Sentences: grammar, slots, and the templates kept for the test split."""

import re
from collections import Counter

import numpy as np
import pytest

from mmgrad.lexicon.nouns import Name
from mmgrad.synthetic import phrases
from mmgrad.synthetic.phrases import backdrop_slots, listing, place_slots, render, render_combined, thing_slots
from mmgrad.synthetic.places import ABSOLUTE, RELATIVE
from mmgrad.synthetic.templates import CONJUNCTIONS, EVERY, TEMPLATES, TEST, TRAIN, VALIDATION


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("beach", "on a beach"), ("brick wall", "in front of a brick wall"), ("night sky", "under a night sky"),
        ("grass", "on grass"), ("forest", "in a forest"), ("pebbles", "on pebbles"), ("plain red", "on plain red"),
        ("lake at night", "at a lake at night"), ("sunset over the sea", "at a sunset over the sea"),
        ("white wall and wooden floor", "in front of a white wall and wooden floor"), ("sea floor", "on the sea floor"),
        ("autumn leaves", "on autumn leaves"), ("dark wood", "on dark wood"), ("red gingham", "on red gingham"),
    ],
)  # fmt: skip
def test_backgrounds_take_the_preposition_and_article_that_people_use(word: str, expected: str) -> None:
    assert backdrop_slots(word)["on_bg"] == expected


def _slots(kind: str, rng: np.random.Generator, plural: bool) -> dict[str, str]:
    slots = thing_slots(Name("trees" if plural else "dog", plural=plural), Name("owl")) | backdrop_slots("beach")
    slots |= {"color": "red", "colored": "red dog", "a_colored": "a red dog", "a_sized": "a bigger dog"}
    return slots | place_slots("left of", Name("car"), rng)


@pytest.mark.parametrize("kind", TEMPLATES)
@pytest.mark.parametrize("plural", [False, True])
def test_every_pattern_fills_to_a_clean_sentence(kind: str, plural: bool) -> None:
    rng = np.random.default_rng(0)
    for split in (EVERY, TEST, VALIDATION, TRAIN):
        for _ in range(400):
            text = render(kind, _slots(kind, rng, plural), rng, single=True, of=(split,)).text
            assert not re.search(r"[{}]|  |\s[.?!]|\?\.", text), text
            assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", text, re.IGNORECASE), text
            if kind in ("replace", "add", "add_at"):
                assert "owl" in text.lower()


def test_every_kind_has_many_patterns_and_keeps_some_for_validation_and_test_that_are_said_nowhere_else() -> None:
    for kind, every in {**TEMPLATES, "combined": CONJUNCTIONS}.items():
        count = Counter(template.of for template in every)
        assert count[EVERY] >= (9 if kind == "combined" else 12), kind
        assert count[TEST] >= 2, kind
        assert count[VALIDATION] >= 3, kind
        assert count[TRAIN] >= 25, kind
        assert len({template.id for template in every}) == len({template.text for template in every}) == len(every)


@pytest.mark.parametrize("split", [EVERY, TEST, VALIDATION, TRAIN])
def test_a_sentence_is_of_a_pattern_that_is_allowed_and_says_whose_it_is(split: str) -> None:
    rng = np.random.default_rng(0)
    whose = {template.id: template.of for templates in TEMPLATES.values() for template in templates}
    for kind in TEMPLATES:
        for _ in range(50):
            sentence = render(kind, _slots(kind, rng, False), rng, single=True, of=(split,))
            assert sentence.of == whose[sentence.template] == split


def test_training_says_its_own_wordings_and_those_of_every_split() -> None:
    rng = np.random.default_rng(0)
    for kind in TEMPLATES:
        said = {render(kind, _slots(kind, rng, False), rng, True, (EVERY, TRAIN)).of for _ in range(100)}
        assert said == {EVERY, TRAIN}


def test_it_is_said_only_where_there_is_one_thing() -> None:
    rng = np.random.default_rng(0)
    single = {template.id for templates in TEMPLATES.values() for template in templates if template.single}
    said = [render(kind, _slots(kind, rng, False), rng, single=False).template for kind in TEMPLATES for _ in range(80)]
    assert single
    assert not single & set(said)


def test_two_changes_are_joined_with_both_their_things() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        first = ("remove", thing_slots(Name("horse"), None))
        second = ("background", backdrop_slots("beach"))
        sentence = render_combined(first, second, rng)
        assert "horse" in sentence.text.lower()
        assert "beach" in sentence.text.lower()
        assert sentence.template.startswith("combined.")


def test_sentences_come_polite_plain_capitalised_and_as_questions() -> None:
    rng = np.random.default_rng(0)
    texts = [render("remove", thing_slots(Name("dog"), None), rng, False).text for _ in range(400)]
    assert len(set(texts)) > 90
    assert any(text.endswith("?") for text in texts)
    assert any(text.endswith(".") for text in texts)
    assert any(text.isupper() for text in texts)
    assert any(text.islower() for text in texts)
    assert any("please" in text.lower() for text in texts)


@pytest.mark.parametrize("name", ABSOLUTE + RELATIVE)
def test_every_place_can_be_said(name: str) -> None:
    anchor = Name("car") if name in RELATIVE else None
    slots = place_slots(name, anchor, np.random.default_rng(0))
    assert slots["place"]
    assert slots["to_place"]
    assert "{" not in slots["place"] + slots["to_place"]
    assert ("the car" in slots["place"]) is (anchor is not None)


def test_listing_reads_as_a_person_writes() -> None:
    assert [listing(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert phrases.thing_slots(Name("pants", plural=True), None)["is_old"] == "are"


@pytest.mark.parametrize(
    ("word", "can"),
    [("car", True), ("toy car", True), ("red apple", False), ("orange", False), ("moon", False), ("mars", False)],
)
def test_colours_go_before_nouns_that_have_none(word: str, can: bool) -> None:
    assert phrases.can_be_painted(word) is can

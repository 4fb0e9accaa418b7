from pathlib import Path

import pytest

from mmgrad.lexicon.coverage import known_words, reading_notes

REQUESTS = (Path(__file__).parent / "requests.txt").read_text(encoding="utf-8").splitlines()


def in_pieces(word: str) -> int:
    """A tokenizer that has no word in one piece: the strictest case."""
    return 3


def test_ordinary_requests_get_hardly_any_notes():
    assert len(REQUESTS) > 200
    noted = [text for text in REQUESTS if reading_notes(text, count_pieces=in_pieces)]
    assert len(noted) <= 4, noted


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ersetze den Hund durch eine Katze", "German"),
        ("bei Nacht", "German"),
        ("supprime le chien", "French"),
        ("remplace le chien par un chat", "French"),
        ("quita la silla", "Spanish"),
        ("reemplaza el perro por un gato", "Spanish"),
        ("rimuovi la sedia", "Italian"),
        ("substitua o cachorro por um gato", "Portuguese"),
        ("verwijder de stoel", "Dutch"),
    ],
)
def test_other_languages_are_named(text, language):
    assert reading_notes(text) == [f"This looks like {language}; the model reads English only."]


@pytest.mark.parametrize("text", ["犬を猫に変えて", "убери стул", "أزل الكلب"])
def test_words_in_other_scripts_are_named(text):
    (note,) = reading_notes(text)
    assert "reads English only" in note
    assert text.split()[0] in note


def test_a_model_for_many_languages_gets_no_note_on_a_language():
    assert reading_notes("supprime le chien", english_only=False) == []
    assert reading_notes("犬を猫に変えて", english_only=False) == []


def test_a_misspelled_word_is_named_with_what_was_probably_meant():
    assert "remvoe" not in known_words()
    assert "barrel" in known_words()
    (note,) = reading_notes("remvoe the barel", count_pieces=in_pieces)
    assert note == "The model may not know “remvoe”, “barel”; did you mean “remove”, “barrel”?"


def test_a_word_without_a_likely_correction_is_named_alone():
    (note,) = reading_notes("asdfghjkl", count_pieces=in_pieces)
    assert note == "The model may not know “asdfghjkl”; please check the spelling or use other words."


def test_a_word_that_the_tokenizer_knows_as_a_whole_is_known():
    assert reading_notes("remvoe the barel", count_pieces=lambda word: 1) == []


def test_the_part_that_was_cut_off_is_shown():
    text = "replace the dog with a cat"
    assert reading_notes(text, [(0, 7), (8, 11), (12, 15)]) == [
        "The text is too long: “with a cat” was not read; please shorten it."
    ]
    assert reading_notes(text, [(0, len(text))]) == []


def test_a_long_part_is_shown_by_its_end():
    (note,) = reading_notes("remove " + "the dog and " * 30 + "the tree", [(0, 6)])
    assert "“… " in note
    assert "and the tree” was not read" in note
    assert len(note) < 130


def test_many_unknown_words_are_counted_not_listed():
    (note,) = reading_notes("qxzj qxzk qxzw qxzv qxzp qxzt qxzr", count_pieces=in_pieces)
    assert "“qxzp” and 2 more" in note


def test_symbols_are_reported():
    assert reading_notes("remove the 🐶") == ["Symbols are not read: “🐶”; please use words."]


@pytest.mark.parametrize("text", ["", "   ", "!!!"])
def test_a_text_without_words_gets_no_note(text):
    assert reading_notes(text, [], in_pieces) == []

"""The words of replacements, judged with the shipped model."""

import pytest

from mmgrad.attribution.words import words_of_noun
from mmgrad.encoders.base import Word
from mmgrad.evaluation.reporting.word_metrics import word_figures, words_section
from mmgrad.models.model import load_model


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    model = load_model("compact", "cpu")
    return word_figures(model.encoder, {"compact": model.composer}, "validation", 4, 20, workers=0, progress=False)


def test_a_noun_is_found_whole_wherever_it_is_said() -> None:
    words = tuple(Word(text, 0, 1, (i,)) for i, text in enumerate(("Red", "car", "not", "car", "RED", "CAR")))
    assert words_of_noun(words, "red car") == [0, 1, 4, 5]
    assert words_of_noun(words, "car not car") == [1, 2, 3]
    assert words_of_noun(words, "boat") == words_of_noun(words, "") == []


def test_nouns_point_at_their_things_and_what_goes_is_not_in_the_target(rows: list[dict]) -> None:
    (row,) = rows
    assert row["comes_positive"]["count"] == 4
    for side in ("reference", "target"):  # the things cover a tenth of a picture
        assert 0.1 < row[side]["energy"]["mean"] <= 1
        assert row[side]["pointing"]["mean"] > 0.5
    # In the reference both nouns point at the old thing, which is where a replacement takes place.
    assert row["target"]["pointing"]["mean"] > row["target"]["other_pointing"]["mean"]
    assert row["function_share"] < 0.5


def test_the_report_shows_them_and_leaves_them_out_where_there_are_none(rows: list[dict]) -> None:
    text = "\n".join(words_section({"words": rows, "models": ["compact"]}))
    assert "4 texts" in text
    assert "noun that comes, in the target" in text
    assert not list(words_section({"models": ["compact"]}))

"""The words of replacements, measured with the shipped model."""

import pytest

from mmgrad.attribution.words import words_of_noun
from mmgrad.encoders.base import Word
from mmgrad.evaluation.protocols.word_maps import word_rows
from mmgrad.evaluation.table import Results
from mmgrad.models.model import load_model


@pytest.fixture(scope="module")
def results() -> Results:
    model = load_model("compact", "cpu")
    composers = {"compact": model.composer}
    return Results.of({}, word_rows(model.encoder, composers, "validation", 4, 20, workers=0, progress=False))


def test_a_noun_is_found_whole_wherever_it_is_said() -> None:
    words = tuple(Word(text, 0, 1, (i,)) for i, text in enumerate(("Red", "car", "not", "car", "RED", "CAR")))
    assert words_of_noun(words, "red car") == [0, 1, 4, 5]
    assert words_of_noun(words, "car not car") == [1, 2, 3]
    assert words_of_noun(words, "boat") == words_of_noun(words, "") == []


def test_nouns_point_at_their_objects_and_the_removed_noun_is_not_in_the_target(results: Results) -> None:
    assert results.value("words", "added_positive").count == 4
    for side in ("reference", "target"):  # objects cover a tenth of a picture
        assert 0.1 < results.value("words", "energy", side=side).mean <= 1
        assert results.value("words", "pointing", side=side).mean > 0.5
    # In the reference both nouns point at the old object, which is where a replacement takes place.
    own, other = (results.value("words", metric, side="target").mean for metric in ("pointing", "other_pointing"))
    assert own > other
    assert results.value("words", "function_weight").mean < 0.5

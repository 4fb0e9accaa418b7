"""The whole way with the shipped model and gallery."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmgrad import Engine, Explanation, InputError
from mmgrad.attribution.blend import over
from mmgrad.attribution.gradients import midpoint_integrated_gradients, query_signal, reference_map
from mmgrad.imaging.io import load_image

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture(scope="module")
def example() -> dict:
    return json.loads((EXAMPLES / "examples.json").read_text())[0]


@pytest.fixture(scope="module")
def explanation(engine: Engine, example: dict) -> Explanation:
    return engine.explain(EXAMPLES / example["image"], example["text"], 6)


def test_hits_are_ranked_and_scored_by_the_query(engine: Engine, explanation: Explanation):
    assert [hit.rank for hit in explanation.hits] == [1, 2, 3, 4, 5, 6]
    scores = [hit.score for hit in explanation.hits]
    assert scores == sorted(scores, reverse=True)
    features, _ = engine.model.features([explanation.image])
    tokens = engine.model.encode_text(explanation.text)
    with torch.no_grad():
        query = engine.model.composer.encode_query(features, tokens.states, tokens.mask)
        all_scores = (engine.gallery.embeddings @ query[0]).sort(descending=True)
    assert scores == pytest.approx(all_scores.values[:6].tolist(), abs=1e-4)


def test_maps_lie_on_the_pixels_of_their_pictures(explanation: Explanation):
    for image, shown in [(explanation.image, explanation.reference)] + [
        (h.image, h.attention) for h in explanation.hits
    ]:
        values = shown.on_original()
        assert values.shape == image.shape[:2]
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        if not shown.empty:
            x, y = shown.peak_xy
            assert values[y, x] == values.max() == shown.peak


def test_each_word_has_its_characters_a_weight_and_all_maps(explanation: Explanation):
    assert explanation.words
    for word in explanation.words:
        assert explanation.text[word.start : word.end] == word.word
        assert np.isfinite(word.weight)
        assert len(word.targets) == len(explanation.hits)


def test_a_word_weighs_what_the_first_score_loses_without_it(engine: Engine, explanation: Explanation):
    word = max(explanation.words, key=lambda w: abs(w.weight))
    rest = explanation.text[: word.start] + explanation.text[word.end :]
    features, _ = engine.model.features([explanation.image])
    tokens = engine.model.encode_text(rest)
    first = explanation.hits[0]
    row = engine.gallery.embeddings[engine.gallery.positions[first.record.id]]
    with torch.no_grad():
        without = float(engine.model.composer.encode_query(features, tokens.states, tokens.mask)[0] @ row)
    # the hits are encoded in batches of another size, in bfloat16
    assert word.weight == pytest.approx(first.score - without, abs=0.02)


def test_the_same_query_gives_the_same_answer(engine: Engine, explanation: Explanation):
    again = engine.explain(explanation.image, explanation.text, 6)
    assert [hit.record.id for hit in again.hits] == [hit.record.id for hit in explanation.hits]
    assert np.array_equal(again.reference.values, explanation.reference.values)


def test_maps_are_made_of_the_change_and_of_the_match_with_what_is_found_first(
    engine: Engine, explanation: Explanation
):
    composer, evidence = engine.model.composer, engine.model.encoder.to_grid
    features, _ = engine.model.features([explanation.image])
    tokens = engine.model.encode_text(explanation.text)
    change = reference_map(composer, features, tokens.states, tokens.mask, evidence)
    assert np.allclose(explanation.reference.change, change[0].numpy(), atol=1e-6)
    first = engine.gallery.embeddings[engine.gallery.positions[explanation.hits[0].record.id]].float()
    match = query_signal(composer, first[None], tokens.states, tokens.mask)
    expected = over(change, midpoint_integrated_gradients(match, features, engine.model.baseline_features, evidence))[
        0
    ].numpy()
    assert np.allclose(explanation.reference.values, expected, atol=1e-6)
    for hit in explanation.hits:
        assert hit.attention.change is not None
        assert hit.attention.total_positive == pytest.approx(float(np.maximum(hit.attention.change, 0).sum()), rel=1e-4)


def test_the_stream_shows_the_reference_first_then_hits_then_words(engine: Engine, explanation: Explanation):
    first, second, third = engine.stream(explanation.image, explanation.text, 3)
    assert (len(first.hits), len(first.words)) == (0, 0)
    assert (len(second.hits), len(second.words)) == (3, 0)
    assert (len(third.hits), len(third.words)) == (3, len(explanation.words))


@pytest.mark.parametrize("size", [(40, 300), (300, 40), (9, 9)])
def test_any_shape_of_picture_is_explained(engine: Engine, size: tuple[int, int]):
    picture = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    result = engine.explain(picture, "remove the dog", 2)
    assert result.reference.on_original().shape == size


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The text is empty"),
        ("  \n\t ", "The text is empty"),
        ("x" * 301, "301 characters"),
        ("?!… 🦊🦊", "holds no word"),
        (None, "The text is empty"),
    ],
)
def test_a_text_that_asks_nothing_gets_one_sentence(engine: Engine, explanation: Explanation, text, sentence):
    with pytest.raises(InputError, match=sentence):
        engine.explain(explanation.image, text, 3)


@pytest.mark.parametrize("k", [0, -1, 51, 10**9, 2.0, "3", True, None])
def test_a_number_of_results_out_of_range_gets_one_sentence(engine: Engine, explanation: Explanation, k):
    with pytest.raises(InputError, match="whole number from 1 to"):
        engine.explain(explanation.image, explanation.text, k)


@pytest.mark.parametrize("text", ["${7*7} <img src=x onerror=alert(1)>", "اجعلها حمراء", "make it 🔴 red", "a" * 300])
def test_strange_texts_are_answered(engine: Engine, explanation: Explanation, text: str):
    result = engine.explain(explanation.image, text, 2)
    assert result.text == text
    assert len(result.hits) == 2


def test_nothing_of_the_engine_changes_by_use(engine: Engine, explanation: Explanation):
    before = engine.model.composer.state_dict()["embed.weight"].clone()
    rows = engine.gallery.embeddings.clone()
    with pytest.raises(InputError):
        engine.explain(b"not a picture", "remove the dog", 3)
    engine.explain(explanation.image, "remove the dog", 3)
    assert torch.equal(engine.model.composer.state_dict()["embed.weight"], before)
    assert torch.equal(engine.gallery.embeddings, rows)


def test_a_picture_upright_and_one_turned_by_exif_are_the_same_query(
    engine: Engine, explanation: Explanation, tmp_path
):
    picture = Image.fromarray(explanation.image)
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # a viewer turns it back, a quarter clockwise
    turned.save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(load_image(tmp_path / "turned.png"), explanation.image)


def test_the_confidence_is_a_chance_for_queries_as_they_are(engine: Engine, explanation: Explanation) -> None:
    assert explanation.confidence is not None
    assert 0 <= explanation.confidence <= 1
    one = engine.explain(explanation.image, explanation.text, 1)
    assert len(one.hits) == 1
    assert one.confidence == pytest.approx(explanation.confidence, abs=1e-5)
    assert engine.explain(explanation.image, explanation.text, 1, text_weight=1.5).confidence is None


def test_the_results_are_drawn_on_the_scale_of_the_first_that_shows_something(explanation: Explanation) -> None:
    shown = [hit for hit in explanation.hits if not hit.attention.empty]
    silent = replace(shown[0], attention=replace(shown[0].attention, values=-np.abs(shown[0].attention.values)))
    assert replace(explanation, hits=(silent, *shown[1:])).scale == shown[1].attention.peak > 0
    assert replace(explanation, hits=(silent,)).scale == 0

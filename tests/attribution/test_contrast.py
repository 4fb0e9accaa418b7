"""Contrasts and per-result maps of the shipped model, against finite differences and searches word by word."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from mmgrad import AttentionMap, Engine, Explanation, InputError
from mmgrad.results import Contrast

Slopes = Callable[[Callable[[Tensor], Tensor], Tensor], Tensor]
Sums = Callable[[AttentionMap], Tensor]


@pytest.fixture(scope="module")
def contrast(answer: Explanation) -> Contrast:
    return answer.contrast(1, 3)


def row(engine: Engine, name: str) -> Tensor:
    """g of a picture, as the gallery has it."""
    return engine.gallery.embeddings[engine.gallery.positions[name]].float()


def composed(engine: Engine, text: str) -> Callable[[Tensor], Tensor]:
    tokens = engine.model.encode_text(text)

    def query(features: Tensor) -> Tensor:
        count = len(features)
        states, mask = tokens.states.expand(count, -1, -1), tokens.mask.expand(count, -1)
        return engine.model.composer.encode_query(features, states, mask)

    return query


def assert_alike(found: Tensor, expected: Tensor) -> None:
    """Equal to three hundredths of the greatest value: differences are taken in float32."""
    assert float(expected.abs().max()) > 0
    assert torch.allclose(found, expected, atol=3e-2 * float(expected.abs().max()))


def test_the_reference_is_positive_where_it_supports_the_first(
    engine: Engine, answer: Explanation, contrast: Contrast, place_slopes: Slopes, position_sums: Sums
) -> None:
    first, second = (row(engine, answer.hits[rank].id) for rank in (0, 2))
    query = composed(engine, answer.text)
    features, _ = engine.model.features([answer.image])
    expected = place_slopes(lambda leaf: query(leaf) @ (first - second), features)
    assert_alike(position_sums(contrast.reference), expected)


def test_each_target_is_positive_where_it_supports_the_query(
    engine: Engine, answer: Explanation, contrast: Contrast, place_slopes: Slopes, position_sums: Sums
) -> None:
    features, _ = engine.model.features([answer.image])
    with torch.no_grad():
        query = composed(engine, answer.text)(features)[0]
    for rank, shown in zip((0, 2), contrast.targets, strict=True):
        target, _ = engine.model.features([answer.hits[rank].image])
        expected = place_slopes(lambda leaf: engine.model.composer.encode_image(leaf) @ query, target)
        assert_alike(position_sums(shown), expected)


def test_scores_are_those_of_the_search(answer: Explanation, contrast: Contrast) -> None:
    assert contrast.scores == pytest.approx((answer.hits[0].score, answer.hits[2].score), abs=1e-2)
    assert (contrast.first.id, contrast.second.id) == (answer.hits[0].id, answer.hits[2].id)


def test_a_word_prefers_the_first_by_what_the_gap_loses_without_it(
    engine: Engine, answer: Explanation, contrast: Contrast
) -> None:
    gap = row(engine, answer.hits[0].id) - row(engine, answer.hits[2].id)
    whole = engine.model.encode_query(answer.image, answer.text)[0] @ gap
    assert [word for word, *_ in contrast.words] == answer.text.split()
    for word, start, end, weight in contrast.words:
        assert answer.text[start:end] == word
        without = engine.model.encode_query(answer.image, answer.text[:start] + answer.text[end:])[0] @ gap
        assert weight == pytest.approx(float(whole - without), abs=5e-3)
    assert max(abs(weight) for *_, weight in contrast.words) > 0.02


def test_the_other_way_round_every_sign_is_turned(answer: Explanation, contrast: Contrast) -> None:
    turned = answer.contrast(answer.hits[2].id, answer.hits[0].id)
    assert np.allclose(turned.reference.values, -contrast.reference.values, atol=1e-6)
    assert turned.scores == pytest.approx(contrast.scores[::-1])
    assert [w for *_, w in turned.words] == pytest.approx([-w for *_, w in contrast.words], abs=1e-6)


def test_the_engine_gives_the_contrast_of_the_explanation(
    engine: Engine, answer: Explanation, contrast: Contrast
) -> None:
    again = engine.contrast(answer.image, answer.text, answer.hits[0].id, answer.hits[2].id)
    most = float(np.abs(contrast.reference.values).max())
    assert np.allclose(again.reference.values, contrast.reference.values, atol=0.1 * most)
    assert again.scores == pytest.approx(contrast.scores, abs=1e-2)


def test_a_weighted_text_is_contrasted_with_its_weight(engine: Engine, answer: Explanation) -> None:
    strong = engine.explain(answer.image, answer.text, 4, words=False, text_weight=1.7)
    assert strong.contrast(1, 3).scores == pytest.approx((strong.hits[0].score, strong.hits[2].score), abs=1e-2)
    assert strong.hits[0].score != pytest.approx(answer.hits[0].score, abs=1e-3)


@pytest.mark.parametrize("hit", [0, 5, -1, True, "no such picture", None, 1.0])
def test_a_hit_that_is_not_there_gets_one_sentence(answer: Explanation, hit) -> None:
    with pytest.raises(InputError, match="rank from 1 to 4"):
        answer.contrast(1, hit)


def test_an_id_that_the_gallery_does_not_hold_gets_one_sentence(engine: Engine, answer: Explanation) -> None:
    with pytest.raises(InputError, match="holds no picture"):
        engine.contrast(answer.image, answer.text, answer.hits[0].id, "no such picture")


def test_per_result_maps_show_what_the_change_at_each_place_adds_to_each_score(
    engine: Engine, answer: Explanation, place_slopes: Slopes, position_sums: Sums
) -> None:
    query, features = composed(engine, answer.text), engine.model.features([answer.image])[0]
    maps = answer.per_result_attribution()
    assert len(maps) == 4
    for hit, shown in zip(answer.hits, maps, strict=True):
        target = row(engine, hit.id)

        def support(leaf: Tensor, target: Tensor = target) -> Tensor:
            return (query(leaf) - engine.model.composer.encode_reference(leaf)) @ target

        assert_alike(position_sums(shown), place_slopes(support, features))
        assert shown.letterbox == answer.reference.letterbox
    assert not np.allclose(maps[0].values, maps[2].values, atol=1e-4)


def test_the_engine_gives_the_per_result_maps_of_ids_in_their_order(engine: Engine, answer: Explanation) -> None:
    ids = [answer.hits[rank].id for rank in (2, 0)]
    third, first = engine.per_result_attribution(answer.image, answer.text, ids)
    expected = answer.per_result_attribution()
    for found, own in ((third, expected[2]), (first, expected[0])):
        assert np.corrcoef(found.values.ravel(), own.values.ravel())[0, 1] > 0.99

"""Deletion and insertion of a model that looks at one patch only: its curves are known."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mmgrad.encoders.base import Encoder
from mmgrad.evaluation.metrics.faithfulness import COVERED, SHARES, STEPS, Curves, deletion_insertion, pixel_order
from mmgrad.evaluation.metrics.retrieval import target_ranks
from mmgrad.evaluation.queries import ScoreFunction, encode_images, encode_queries, score_function
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.models.composer import Composer

SIZE = 20  # 400 pixels: every share is a whole number of them
PATCH = (slice(4, 12), slice(10, 20))  # 80 pixels, 20 %


def _patch() -> np.ndarray:
    values = np.zeros((SIZE, SIZE), np.float32)
    values[PATCH] = 1
    return values


def _patch_match() -> ScoreFunction:
    """The score is the mean of the patch; white pixels, covered by black."""
    return ScoreFunction(lambda pixels: pixels[:, :1, *PATCH].mean(dim=(2, 3)), torch.ones(1))


def _curves(values: np.ndarray, gallery: Tensor | None = None, others: Tensor | None = None) -> Curves:
    turns = pixel_order(values, Letterbox.fit(SIZE, SIZE, SIZE), np.random.default_rng(0))
    white, black = torch.ones(3, SIZE, SIZE), torch.zeros(3, SIZE, SIZE)
    return deletion_insertion(
        _patch_match(), white, black, turns, others, torch.zeros(1, 1) if gallery is None else gallery, 0
    )


def test_the_map_of_the_patch_has_the_curves_that_follow_from_its_size() -> None:
    found = _curves(_patch())
    falls = np.maximum(0, 1 - SHARES / 0.2)
    assert found.deletion == pytest.approx(falls)
    assert found.insertion == pytest.approx(1 - falls)
    metrics = found.metrics()
    assert metrics["deletion"] == pytest.approx(0.1)  # a triangle of base 0.2
    assert metrics["insertion"] == pytest.approx(0.9)
    assert metrics["score_drop"] == pytest.approx(0.5)


def test_the_opposite_map_has_the_worst_curves() -> None:
    metrics = _curves(-_patch()).metrics()
    assert metrics["deletion"] == pytest.approx(0.9)
    assert metrics["insertion"] == pytest.approx(0.1)
    assert metrics["score_drop"] == 0


def test_a_uniform_map_covers_pixels_by_chance() -> None:
    found = _curves(np.ones((1, 1), np.float32))
    assert found.deletion == pytest.approx(
        1 - SHARES, abs=0.15
    )  # 80 drawn of 400: a standard deviation of at most 0.05
    assert (found.deletion[0], found.deletion[-1]) == (1, 0)


def test_negative_values_go_last() -> None:
    values = np.random.default_rng(1).normal(size=(SIZE, SIZE)).astype(np.float32)
    turns = pixel_order(values, Letterbox.fit(SIZE, SIZE, SIZE), np.random.default_rng(0))
    assert (values.ravel()[turns.ravel().argsort()] == np.sort(values.ravel())[::-1]).all()
    assert np.sort(turns.ravel()) == pytest.approx(np.arange(SIZE**2) / SIZE**2)


def test_padding_is_never_covered() -> None:
    turns = pixel_order(np.ones((2, 2), np.float32), Letterbox.fit(10, 20, 20), np.random.default_rng(0))
    assert np.isinf(turns[:5]).all()
    assert np.isinf(turns[15:]).all()
    assert (turns[5:15] < 1).all()


def test_the_rank_of_an_altered_target_is_counted_among_the_scores_of_the_others() -> None:
    others = torch.tensor([9.0, 0.6, 0.3, 0.3, -1.0])  # the first is the target's own row and does not count
    found = _curves(_patch(), others=others, gallery=torch.zeros(5, 1))
    assert found.ranks[:4].tolist() == [1, 2, 4, 4]  # scores 1, 0.5, 0, 0
    assert found.metrics()["places_lost"] == 1
    assert found.metrics()["rank_doublings"] == 1


def test_equal_scores_count_against_the_method() -> None:
    found = _curves(_patch(), others=torch.tensor([0.0, 1.0, 1.0]), gallery=torch.zeros(3, 1))
    assert found.ranks[0] == 3


@pytest.mark.parametrize("side", ["reference", "target"])
def test_whole_pictures_have_the_score_and_rank_of_the_retrieval(
    side: str, encoder: Encoder, composer: Composer
) -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (6, 224, 168, 3), np.uint8)
    references, targets = encode_images(encoder, pictures[:2]), encode_images(encoder, pictures[2:4])
    queries = encode_queries(encoder, references, targets, ["make it red", "remove the dog"])
    gallery = composer.encode_image(encode_images(encoder, pictures).features)
    q = composer.encode_query(references.features, queries.states, queries.mask)
    ranks, _ = target_ranks(q, gallery, torch.tensor([2, 3]), torch.tensor([0, 1]))
    for k in range(2):
        seen = score_function(encoder, composer, queries, side, k)  # type: ignore[arg-type]
        view = queries.images(side)  # type: ignore[arg-type]
        turns = pixel_order(rng.random((7, 7)), view.boxes[k], rng)
        others = gallery @ q[k] if side == "target" else None
        found = deletion_insertion(seen, view.pixels[k], view.blurred[k], turns, others, gallery, 2 + k)
        assert found.deletion[0] == pytest.approx(float(q[k] @ gallery[2 + k]), abs=1e-5)
        assert found.ranks[0] == ranks[k]
        assert found.insertion[0] == found.deletion[-1]
        assert found.insertion[-1] == found.deletion[0]
        assert len(set(found.deletion.tolist())) > STEPS // 2  # two steps may agree to the last digit


def test_the_drop_is_read_at_a_tenth() -> None:
    assert SHARES[COVERED] == 0.1

import numpy as np
import pytest
import torch
from torch.nn import functional

from mmgrad.evaluation.metrics import retrieval
from mmgrad.evaluation.metrics.retrieval import best_weight, recall_at, target_ranks, weighted_sum


def _unit(*shape: int, seed: int = 0) -> torch.Tensor:
    return functional.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_ranks_agree_with_sorting_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "BLOCK", 7)  # several blocks, the last one short
    queries, gallery = _unit(40, 6), _unit(25, 6, seed=1)
    rng = np.random.default_rng(0)
    target = torch.from_numpy(rng.integers(0, 25, 40))
    reference = (target + torch.from_numpy(rng.integers(1, 25, 40))) % 25
    ranks, left_out = target_ranks(queries, gallery, target, reference)
    for i in range(40):
        order = sorted(range(25), key=lambda row: -float(queries[i].double() @ gallery[row].double()))
        assert ranks[i] == 1 + order.index(int(target[i]))
        order.remove(int(reference[i]))
        assert left_out[i] == 1 + order.index(int(target[i]))


def test_the_reference_counts_only_where_it_is_in_the_gallery() -> None:
    gallery = torch.eye(3)
    ranks, left_out = target_ranks(torch.tensor([[0.9, 0.4, 0.1]]), gallery, torch.tensor([1]), torch.tensor([0]))
    assert (ranks[0], left_out[0]) == (2, 1)


def test_a_picture_with_the_same_score_stands_before_the_target() -> None:
    gallery = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    ranks, left_out = target_ranks(torch.tensor([[1.0, 0.0]]), gallery, torch.tensor([0]), torch.tensor([1]))
    assert (ranks[0], left_out[0]) == (3, 2)


def test_constant_embeddings_find_nothing() -> None:
    ranks, _ = target_ranks(torch.ones(1, 4), torch.ones(10, 4), torch.tensor([4]), torch.tensor([0]))
    assert ranks[0] == 10


def test_a_query_that_is_not_a_number_finds_nothing() -> None:
    ranks, _ = target_ranks(torch.full((1, 4), torch.nan), torch.eye(4), torch.tensor([2]), torch.tensor([0]))
    assert ranks[0] == 4


def test_recall_counts_the_first_k() -> None:
    assert recall_at(np.array([1, 5, 6, 50]), 5).mean() == 0.5


def test_image_only_can_never_find_the_target_first_among_a_gallery_with_the_reference() -> None:
    gallery = _unit(20, 8)
    reference, target = torch.arange(10), torch.arange(10, 20)
    ranks, _ = target_ranks(gallery[reference], gallery, target, reference)
    assert (ranks > 1).all()


def test_the_best_weight_is_the_one_that_finds_most_targets() -> None:
    images, change = _unit(30, 16), _unit(30, 16, seed=3)
    targets = functional.normalize(images + 0.8 * change, dim=-1)
    gallery = torch.cat([targets, images])
    target, reference = torch.arange(30), torch.arange(30, 60)
    weight = best_weight(images, change, gallery, target, reference)
    found = target_ranks(weighted_sum(images, change, weight), gallery, target, reference)[0]
    assert recall_at(found, 1).mean() == 1
    assert found.mean() == min(
        target_ranks(weighted_sum(images, change, w), gallery, target, reference)[0].mean() for w in retrieval.WEIGHTS
    )
    assert weighted_sum(images, change, weight).norm(dim=-1) == pytest.approx(torch.ones(30), abs=1e-6)

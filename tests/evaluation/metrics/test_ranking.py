from pathlib import Path

import numpy as np
import pytest
import torch

from mmgrad.datasets.base import ALL, Benchmark, Query
from mmgrad.evaluation.metrics.ranking import average_precision, best_places, rank, truth_ranks


def _slow_ap(order: list[int], truths: set[int], k: int) -> float:
    """As published: precision at each of the first k that is right, over min(k, number of truths)."""
    total = 0.0
    for position in range(1, min(k, len(order)) + 1):
        if order[position - 1] in truths:
            total += len(truths.intersection(order[:position])) / position
    return total / min(k, len(truths))


@pytest.mark.parametrize("seed", range(8))
def test_ranks_and_average_precision_agree_with_a_slow_walk_down_the_list(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = torch.from_numpy(rng.normal(size=40))
    truths = rng.choice(40, size=1 + seed, replace=False).tolist()
    reference = int(rng.choice([i for i in range(40) if i not in truths]))
    kept, left_out = truth_ranks(scores, truths, reference)
    order = sorted(range(40), key=lambda i: -float(scores[i]))
    assert kept.tolist() == [place + 1 for place, i in enumerate(order) if i in truths]
    for k in (1, 5, 10, 25, 50):
        assert average_precision(kept, k) == pytest.approx(_slow_ap(order, set(truths), k), abs=1e-12)
    order.remove(reference)
    assert left_out.tolist() == [place + 1 for place, i in enumerate(order) if i in truths]


def test_average_precision_of_a_known_list() -> None:
    ranks = np.array([1, 3, 12])
    assert average_precision(ranks, 5) == pytest.approx((1 + 2 / 3) / 3)
    assert average_precision(ranks, 2) == pytest.approx(1 / 2)
    assert average_precision(ranks, 50) == pytest.approx((1 + 2 / 3 + 3 / 12) / 3)
    assert average_precision(np.arange(1, 9), 5) == 1


def test_ties_count_against_the_method_but_truths_not_against_one_another() -> None:
    scores = torch.tensor([1.0, 1.0, 1.0, 1.0, 0.0])
    kept, left_out = truth_ranks(scores, [0, 2], reference=1)
    assert kept.tolist() == [3, 4]
    assert left_out.tolist() == [2, 3]


def test_scores_that_are_no_numbers_find_nothing() -> None:
    scores = torch.tensor([torch.nan, torch.nan, 0.5])
    assert truth_ranks(scores, [0], reference=1)[0].tolist() == [3]
    assert truth_ranks(scores, [2], reference=1)[0].tolist() == [3]
    assert best_places(scores, 3)[0] == 2


def test_a_reference_that_is_right_itself_is_not_left_out() -> None:
    scores = torch.tensor([3.0, 2.0, 1.0])
    assert truth_ranks(scores, [0, 2], reference=0)[1].tolist() == [1, 3]


def test_the_best_come_in_order_and_without_the_one_left_out() -> None:
    scores = torch.tensor([1.0, 3.0, 3.0, 2.0])
    assert best_places(scores, 3) == [1, 2, 3]
    assert best_places(scores, 3, without=1) == [2, 3, 0]
    assert best_places(scores, 9, without=3) == [1, 2, 0]
    assert best_places(scores, 0) == []


def test_the_image_set_is_ranked_without_the_reference() -> None:
    names = tuple("abcdef")
    query = Query("1", "a", "x", truths=("c",), subset=("a", "c", "e", "f"))
    benchmark = Benchmark("CIRR", "val", (query,), {name: Path(name) for name in names}, {ALL: names})
    ranked = rank(benchmark, torch.eye(6), torch.tensor([[9.0, 8.0, 5.0, 7.0, 6.0, 4.0]]), 3, False)
    assert ranked.with_reference[0].tolist() == [5]
    assert ranked.without_reference[0].tolist() == [4]
    assert ranked.subset[0].tolist() == [2]  # behind e only
    assert ranked.best == (("b", "d", "e"),)
    assert ranked.best_of_subset == (("e", "c", "f"),)

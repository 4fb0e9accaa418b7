"""Where the truths of a benchmark's queries stand in the ranking, and average precision. Category: retrieval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmgrad.datasets.base import Benchmark, Query

BLOCK = 64
"""Queries that are compared in one step."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """Of Q queries, in order. Ranks are from 1, int64, ascending; there are none where the truths are secret.

    Attributes:
        kept: ranks [T] of each query's T truths, its reference among the gallery.
        left_out: the same with the reference left out.
        subset: ranks among the other members of its image set; empty where there is no set.
        best: names of the best pictures, best first, as many as were asked for.
        best_of_subset: names of the other members of the image set, best first.
    """

    kept: tuple[np.ndarray, ...]
    left_out: tuple[np.ndarray, ...]
    subset: tuple[np.ndarray, ...]
    best: tuple[tuple[str, ...], ...]
    best_of_subset: tuple[tuple[str, ...], ...]


def rank(
    benchmark: Benchmark, images: Tensor, queries: Tensor, best: int = 0, reference_among_best: bool = True
) -> Ranked:
    """Rank each query's pool by <q, g>.

    Args:
        benchmark: the queries and their pools.
        images: g of the gallery, [N, D], in its order.
        queries: q of the queries, [Q, D], in their order.
        best: how many names of the best pictures to keep, at most; 0 for none.
        reference_among_best: whether the reference may be one of them.
    """
    rows = {name: row for row, name in enumerate(benchmark.gallery)}
    found: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray, tuple[str, ...], tuple[str, ...]]] = {}
    for category, names in benchmark.pools.items():
        pool = images[[rows[name] for name in names]]  # (P, D)
        places = {name: place for place, name in enumerate(names)}
        asked = [i for i, query in enumerate(benchmark.queries) if query.category == category]
        for start in range(0, len(asked), BLOCK):
            part = asked[start : start + BLOCK]
            for i, scores in zip(part, queries[part] @ pool.T, strict=True):
                query = benchmark.queries[i]
                reference, truths = places[query.reference], [places[name] for name in query.truths]
                kept, left_out = truth_ranks(scores, truths, reference)
                others = [places[name] for name in query.subset if name != query.reference]
                out = None if reference_among_best else reference
                found[i] = (
                    kept,
                    left_out,
                    _subset_ranks(scores, query, others, places),
                    tuple(names[place] for place in best_places(scores, best, out)),
                    tuple(names[others[j]] for j in best_places(scores[others], len(others))) if best else (),
                )
    return Ranked(*zip(*(found[i] for i in range(len(benchmark.queries))), strict=True))


def truth_ranks(scores: Tensor, truths: Sequence[int], reference: int) -> tuple[np.ndarray, np.ndarray]:
    """Ranks (from 1, int64 [T], ascending) of the truths: with the reference in the gallery, and with it left out.

    scores [N] of the whole gallery; truths and reference are rows of it. A picture that scores the same as a truth
    stands before it: ties count against the method, and so does a score that is not a number. A reference that is
    itself a truth is not left out.
    """
    right = torch.tensor(list(truths), dtype=torch.int64, device=scores.device)
    own = scores[right].nan_to_num(nan=-torch.inf).sort(descending=True).values  # (T,)
    ahead = ~(scores < own[:, None])  # (T, N); nan is never below
    ahead[:, right] = False
    before = ahead.sum(dim=1) + torch.arange(1, len(own) + 1, device=scores.device)  # wrong ones, then earlier truths
    return before.cpu().numpy(), (before - ahead[:, reference].long()).cpu().numpy()


def average_precision(ranks: np.ndarray, k: int) -> float:
    """AP@k of truths that stand at `ranks` (from 1, ascending, all of them, also those beyond k); higher is better.

    The precision at the rank of each truth among the first k, summed and divided by min(k, number of truths)
    (Baldrati et al., arXiv 2303.15247; as in `src/evaluation.py` of the CIRCO repository).
    """
    within = ranks[ranks <= k]
    return float((np.arange(1, len(within) + 1) / within).sum() / min(k, len(ranks)))


def best_places(scores: Tensor, k: int, without: int | None = None) -> list[int]:
    """Places of the k best of scores [N], best first, equal ones in order; fewer where there are not so many."""
    if k == 0:
        return []
    numbers = scores.nan_to_num(nan=-torch.inf)
    least = torch.topk(numbers, min(k + 1, len(numbers))).values[-1]
    able = (numbers >= least).nonzero()[:, 0]  # only these are sorted, not the whole gallery
    order: list[int] = able[torch.sort(numbers[able], descending=True, stable=True).indices].tolist()
    return [place for place in order if place != without][:k]


def _subset_ranks(scores: Tensor, query: Query, others: list[int], places: dict[str, int]) -> np.ndarray:
    """Ranks of the truths among the other members of the query's image set."""
    truths = [others.index(places[name]) for name in query.truths if name in query.subset and name != query.reference]
    if not truths:
        return np.zeros(0, np.int64)
    return truth_ranks(scores[others], truths, reference=truths[0])[0]

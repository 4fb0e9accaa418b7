"""Ranks of the targets of benchmark queries, and average precision."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmgrad.datasets.base import Benchmark, Query
from mmgrad.utils.ranking import pessimistic_ranks

BLOCK = 64
"""Queries that are scored in one step."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """Rankings of Q queries, in order. Ranks start at 1, are int64 and ascend; they are empty for a hidden split.

    Attributes:
        with_reference: ranks [T] of each query's T targets, the reference counted as a gallery image.
        without_reference: the same with the reference excluded.
        subset: ranks among the other members of the query's image set; empty where there is no set.
        best: names of the first pictures, best first, as many as were requested.
        best_of_subset: names of the other members of the image set, best first.
    """

    with_reference: tuple[np.ndarray, ...]
    without_reference: tuple[np.ndarray, ...]
    subset: tuple[np.ndarray, ...]
    best: tuple[tuple[str, ...], ...]
    best_of_subset: tuple[tuple[str, ...], ...]


def rank(
    benchmark: Benchmark, images: Tensor, queries: Tensor, best: int = 0, reference_among_best: bool = True
) -> Ranked:
    """Rank the pool of each query by <q, g>.

    Args:
        benchmark: the queries and their pools.
        images: g of the gallery, [N, D], in its order.
        queries: q of the queries, [Q, D], in their order.
        best: number of names of the first pictures to keep; 0 for none.
        reference_among_best: whether the reference may be one of them.
    """
    rows = {name: row for row, name in enumerate(benchmark.gallery)}
    found: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray, tuple[str, ...], tuple[str, ...]]] = {}
    for category, names in benchmark.pools.items():
        pool = images[[rows[name] for name in names]]  # [P, D]
        places = {name: place for place, name in enumerate(names)}
        members = [i for i, query in enumerate(benchmark.queries) if query.category == category]
        for start in range(0, len(members), BLOCK):
            part = members[start : start + BLOCK]
            for i, scores in zip(part, queries[part] @ pool.T, strict=True):
                query = benchmark.queries[i]
                reference, truths = places[query.reference], [places[name] for name in query.truths]
                others = [places[name] for name in query.subset if name != query.reference]
                excluded = None if reference_among_best else reference
                found[i] = (
                    *truth_ranks(scores, truths, reference),
                    _subset_ranks(scores, query, others, places),
                    tuple(names[place] for place in best_places(scores, best, excluded)),
                    tuple(names[others[j]] for j in best_places(scores[others], len(others))) if best else (),
                )
    return Ranked(*zip(*(found[i] for i in range(len(benchmark.queries))), strict=True))


def truth_ranks(scores: Tensor, truths: Sequence[int], reference: int) -> tuple[np.ndarray, np.ndarray]:
    """Ranks (from 1, int64 [T], ascending) of the targets, with the reference in the gallery and without it.

    Ties count against the method (`pessimistic_ranks`), but the targets do not compete with each other. A reference
    that is itself a target is not excluded.

    Args:
        scores: scores of the whole gallery, [N].
        truths: rows of the T targets.
        reference: row of the reference.
    """
    right = torch.tensor(list(truths), dtype=torch.int64, device=scores.device)
    own = scores[right].nan_to_num(nan=-torch.inf).sort(descending=True).values  # [T]
    ignored = torch.zeros(len(scores), dtype=torch.bool, device=scores.device)
    ignored[right] = True
    earlier = torch.arange(len(own), device=scores.device)  # targets that rank before this one
    with_reference = pessimistic_ranks(scores, own, ignored) + earlier
    ignored[reference] = True
    without_reference = pessimistic_ranks(scores, own, ignored) + earlier
    return with_reference.cpu().numpy(), without_reference.cpu().numpy()


def average_precision(ranks: np.ndarray, k: int) -> float:
    """AP@k of targets at `ranks` (from 1, ascending, all of them, also those beyond k); higher is better.

    The precision at the rank of each target among the first k, summed and divided by min(k, number of targets)
    (Baldrati et al., arXiv 2303.15247; as in `src/evaluation.py` of the CIRCO repository).
    """
    within = ranks[ranks <= k]
    return float((np.arange(1, len(within) + 1) / within).sum() / min(k, len(ranks)))


def best_places(scores: Tensor, k: int, without: int | None = None) -> list[int]:
    """Rows of the k highest of scores [N], best first; equal scores keep their order. Fewer if N is smaller."""
    if k == 0:
        return []
    numbers = scores.nan_to_num(nan=-torch.inf)
    least = torch.topk(numbers, min(k + 1, len(numbers))).values[-1]
    able = (numbers >= least).nonzero()[:, 0]  # only these are sorted, not the whole gallery
    order: list[int] = able[torch.sort(numbers[able], descending=True, stable=True).indices].tolist()
    return [place for place in order if place != without][:k]


def _subset_ranks(scores: Tensor, query: Query, others: list[int], places: dict[str, int]) -> np.ndarray:
    """Ranks of the targets among the other members of the query's image set."""
    truths = [others.index(places[name]) for name in query.truths if name in query.subset and name != query.reference]
    if not truths:
        return np.zeros(0, np.int64)
    return truth_ranks(scores[others], truths, reference=truths[0])[0]

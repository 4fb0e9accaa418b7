"""Exact search: the rows of a matrix with the largest product with each query, equal ones in the order of the rows.

Rows of single precision are multiplied once. Rows of half precision are multiplied in half precision, which finds a
shortlist; the shortlist is scored again in single precision. A bound on the rounding proves that no other row belongs
to the result. Where the proof fails, all rows are scored in single precision.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

MAX_SCORES = 2**26
"""Scores that are in memory at a time: 256 MB in single precision."""

CAST_ROWS = 65_536
"""Rows of half precision that are converted to single precision at a time."""

MAX_NORM = 1.01
"""Bound on the length of a row, which is 1 up to rounding."""


@dataclass(frozen=True, eq=False)
class SearchResult:
    """The first k pictures of each of Q queries, best first.

    Attributes:
        scores: float32 [Q, k], cosine similarities, descending in each row.
        indices: int64 [Q, k], rows of the gallery, none twice in a row.
    """

    scores: Tensor
    indices: Tensor

    def __post_init__(self) -> None:
        if self.scores.ndim != 2 or self.scores.shape != self.indices.shape:
            raise ValueError(
                f"scores {list(self.scores.shape)} and indices {list(self.indices.shape)} must both be [Q, k]"
            )
        if self.indices.is_floating_point() or bool((self.indices < 0).any()):
            raise ValueError("indices must be row numbers")
        if not bool(torch.isfinite(self.scores).all()):
            raise ValueError("scores must be finite")
        if bool((self.scores.diff(dim=1) > 0).any()):
            raise ValueError("scores must not rise within a row")
        if bool((self.indices.sort(dim=1).values.diff(dim=1) == 0).any()):
            raise ValueError("a picture must not come twice in a row")


def half_dtype(device: torch.device | str) -> torch.dtype:
    """The half precision that a device multiplies in: float16, or bfloat16 on a CPU that has instructions for it."""
    on_cpu = torch.device(device).type == "cpu" and torch.backends.mkldnn.is_available()
    native = on_cpu and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if native else torch.float16


def top_k_search(embeddings: Tensor, queries: Tensor, k: int, excluded: Sequence[int] = ()) -> SearchResult:
    """The k rows with the largest product with each query, best first.

    Args:
        embeddings: float32, float16 or bfloat16 [N, D] on any device, of length 1. Scores are single-precision products
            of the rows as they are stored.
        queries: [Q, D], finite.
        k: from 1 to the number of rows that are not excluded.
        excluded: rows that must not be found.

    Returns:
        A SearchResult on the CPU.
    """
    queries = queries.detach().to(embeddings.device, torch.float32)
    hidden = torch.tensor(sorted(excluded), dtype=torch.int64, device=embeddings.device)
    search = _search_single if embeddings.dtype == torch.float32 else _search_half
    at_a_time = max(1, MAX_SCORES // max(1, len(embeddings)))
    parts = [search(embeddings, block, k, hidden) for block in queries.split(at_a_time)] if len(queries) else []
    if not parts:
        return SearchResult(torch.empty(0, k), torch.empty(0, k, dtype=torch.int64))
    scores, indices = (torch.cat(part).cpu() for part in zip(*parts, strict=True))
    return SearchResult(scores, indices)


def _search_single(
    embeddings: Tensor, queries: Tensor, k: int, hidden: Tensor, rows: int | None = None
) -> tuple[Tensor, Tensor]:
    """Scores [Q, k] float32 and rows [Q, k] of the best products, computed in single precision."""
    best_scores = queries.new_empty(len(queries), 0)
    best_rows = torch.empty(len(queries), 0, dtype=torch.int64, device=queries.device)
    for start, block in _blocks(embeddings, rows or max(1, MAX_SCORES // len(queries))):
        scores = _without(queries @ block.float().T, hidden, start)
        top, positions = _top(scores, min(k, len(block)))
        # Rows of earlier blocks stand first, so the order of the rows decides among equal scores.
        best_scores, order = _top(torch.cat([best_scores, top], dim=1), min(k, best_scores.shape[1] + top.shape[1]))
        best_rows = torch.cat([best_rows, positions + start], dim=1).gather(1, order)
    return best_scores, best_rows


def _search_half(embeddings: Tensor, queries: Tensor, k: int, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """As `_search_single`, from a shortlist that a half-precision product finds."""
    count = min(len(embeddings), 4 * k + 256)
    rounded = queries.to(embeddings.dtype)
    values, rows = _shortlist(embeddings, rounded, count, hidden)  # (Q, count)
    exact = _scores_of(embeddings, queries, rows).masked_fill(values.isinf(), -torch.inf)  # hidden rows stay hidden
    bound = _error_bound(queries, rounded, values)  # (Q, count)
    order = rows.argsort(dim=1)  # the order of the rows decides among equal scores
    scores, positions = _top(exact.gather(1, order), k)
    found = rows.gather(1, order).gather(1, positions)
    last = values[:, -1]  # no row outside of the shortlist has a larger half-precision product
    none_left = last.isinf() | (count == len(embeddings))
    within = ((exact - values).abs() <= bound) | values.isinf()  # the device rounds no worse than the bound allows
    proved = (none_left | (last + bound[:, -1] < scores[:, -1])) & within.all(dim=1)
    for query in (~proved).nonzero()[:, 0].tolist():
        one = _search_single(embeddings, queries[query : query + 1], k, hidden, CAST_ROWS)
        scores[query], found[query] = one[0][0], one[1][0]
    return scores, found


def _shortlist(embeddings: Tensor, queries: Tensor, count: int, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """The `count` largest half-precision products of each query, float32 [Q, count] descending, and their rows."""
    values = torch.empty(len(queries), 0, device=queries.device)
    rows = torch.empty(len(queries), 0, dtype=torch.int64, device=queries.device)
    for start, block in _blocks(embeddings, max(1, MAX_SCORES // len(queries))):
        # A GPU can give the sums unrounded.
        products = torch.mm(queries, block.T, torch.float32) if block.is_cuda else queries @ block.T
        top = _without(products, hidden, start).topk(min(count, len(block)), dim=1)
        values, order = torch.cat([values, top.values.float()], dim=1).topk(
            min(count, values.shape[1] + top.values.shape[1]), dim=1
        )
        rows = torch.cat([rows, top.indices + start], dim=1).gather(1, order)
    return values, rows


def _error_bound(queries: Tensor, rounded: Tensor, values: Tensor) -> Tensor:
    """How far the half-precision products `values` [Q, n] can lie from the single-precision ones, [Q, n].

    The sum of three errors, by the Cauchy-Schwarz inequality: of the rounded query; of D sums in single precision, made
    twice (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1); and of the rounded product.
    """
    precision = torch.finfo(rounded.dtype)
    of_query = (queries - rounded.float()).norm(dim=1, keepdim=True)
    of_sums = 2 * queries.shape[1] * 2.0**-24 * (queries.norm(dim=1, keepdim=True) + of_query)
    bound: Tensor = MAX_NORM * (of_query + of_sums) + precision.eps * values.abs() + precision.tiny
    return bound


def _scores_of(embeddings: Tensor, queries: Tensor, rows: Tensor) -> Tensor:
    """The products of each query with its rows [Q, n], in single precision, for some queries at a time."""
    at_a_time = max(1, MAX_SCORES // (rows.shape[1] * queries.shape[1]))
    parts = zip(queries.split(at_a_time), rows.split(at_a_time), strict=True)
    return torch.cat([(embeddings[own].float() @ query[..., None])[..., 0] for query, own in parts])


def _blocks(embeddings: Tensor, rows: int) -> Iterator[tuple[int, Tensor]]:
    for start in range(0, len(embeddings), rows):
        yield start, embeddings[start : start + rows]


def _without(scores: Tensor, hidden: Tensor, start: int) -> Tensor:
    """The scores of a block of rows, changed in place: -inf for the hidden rows."""
    if len(hidden):
        inside = hidden[(hidden >= start) & (hidden < start + scores.shape[1])]
        scores[:, inside - start] = -torch.inf
    return scores


def _top(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest of each row of [Q, n], descending, equal ones by position: what a stable sort gives, but faster."""
    values, positions = torch.topk(scores, min(k + 1, scores.shape[1]), dim=1)
    # topk chooses freely among values that equal the last one; one value more shows where there is such a choice.
    ambiguous = (values[:, k - 1] == values[:, -1]) if values.shape[1] > k else values.new_zeros(0)
    values, positions = values[:, :k], positions[:, :k]
    for row in ambiguous.nonzero()[:, 0].tolist():
        last = values[row, -1]
        above = positions[row, values[row] > last]
        equal = (scores[row] == last).nonzero()[: k - len(above), 0]
        positions[row] = torch.cat([above, equal])
    positions = positions.sort(dim=1).values
    values, order = torch.sort(scores.gather(1, positions), dim=1, descending=True, stable=True)
    return values, positions.gather(1, order)

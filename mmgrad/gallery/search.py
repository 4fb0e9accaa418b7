"""Exact search: the rows of a matrix that are nearest to each of some queries, equal ones in the order of the rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

ROWS = 65_536
"""Rows that are compared in one step, so that the scores of a large gallery need not fit in memory at once."""

QUERIES = 256
"""Queries that are compared in one step."""


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


def nearest(embeddings: Tensor, queries: Tensor, k: int, hidden: Sequence[int] = ()) -> SearchResult:
    """The k rows of largest product with each query, best first.

    Args:
        embeddings: float32 or float16 [N, D] on any device; products are computed in float32.
        queries: [Q, D], finite.
        k: from 1 to the number of rows that are not hidden.
        hidden: rows that must not be found.

    Returns:
        A SearchResult on the CPU.
    """
    out = torch.tensor(hidden, dtype=torch.int64, device=embeddings.device)
    blocks = [_nearest_of_block(embeddings, block, k, out) for block in queries.split(QUERIES)]
    if not blocks:
        return SearchResult(torch.empty(0, k), torch.empty(0, k, dtype=torch.int64))
    scores, indices = (torch.cat(parts) for parts in zip(*blocks, strict=True))
    return SearchResult(scores, indices)


def _nearest_of_block(embeddings: Tensor, queries: Tensor, k: int, hidden: Tensor) -> tuple[Tensor, Tensor]:
    device = embeddings.device
    queries = queries.detach().to(device, torch.float32)
    best_scores = queries.new_empty(len(queries), 0)
    best_indices = torch.empty(len(queries), 0, dtype=torch.int64, device=device)
    for start in range(0, len(embeddings), ROWS):
        rows = embeddings[start : start + ROWS].float()
        scores = queries @ rows.T  # (Q, rows)
        inside = hidden[(hidden >= start) & (hidden < start + len(rows))]
        scores[:, inside - start] = -torch.inf
        top, indices = _top(scores, min(k, len(rows)))
        # The rows of earlier blocks stand first, so a stable choice keeps the order of the rows among equals.
        best_scores, order = _top(torch.cat([best_scores, top], dim=1), min(k, best_scores.shape[1] + top.shape[1]))
        best_indices = torch.cat([best_indices, indices + start], dim=1).gather(1, order)
    return best_scores.cpu(), best_indices.cpu()


def _top(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest of each row of [Q, n], descending, equal ones by position: what a stable sort gives, but faster."""
    values, positions = torch.topk(scores, k, dim=1)
    # topk chooses freely among values equal to the last one; rows where there is such a choice are sorted in full.
    for row in ((scores >= values[:, -1:]).sum(dim=1) > k).nonzero()[:, 0].tolist():
        positions[row] = torch.sort(scores[row], descending=True, stable=True).indices[:k]
    positions = positions.sort(dim=1).values
    values, order = torch.sort(scores.gather(1, positions), dim=1, descending=True, stable=True)
    return values, positions.gather(1, order)

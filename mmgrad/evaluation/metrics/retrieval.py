"""Recall of composed queries, and the training-free weighted sum that it is compared with."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.utils.ranking import pessimistic_ranks

CUTS = (1, 5, 10, 50)
WEIGHTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.5, 2.0, 3.0, 5.0)
BLOCK = 512


def target_ranks(queries: Tensor, gallery: Tensor, target: Tensor, reference: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Rank of each query's target, with its reference in the gallery and without it; ties count against the method.

    Args:
        queries: q, [Q, D].
        gallery: g, [N, D].
        target: row of each target in the gallery, int64 [Q].
        reference: row of each reference, int64 [Q].

    Returns:
        Two arrays of ranks from 1, int64 [Q].
    """
    with_reference, without_reference = [], []
    for start in range(0, len(queries), BLOCK):
        rows = slice(start, start + BLOCK)
        scores = queries[rows] @ gallery.T  # [B, N]
        own = scores.gather(1, target[rows, None])  # [B, 1]
        ignored = torch.zeros_like(scores, dtype=torch.bool).scatter_(1, target[rows, None], True)
        with_reference.append(pessimistic_ranks(scores, own, ignored)[:, 0])
        ignored.scatter_(1, reference[rows, None], True)
        without_reference.append(pessimistic_ranks(scores, own, ignored)[:, 0])
    empty = torch.zeros(0, dtype=torch.int64)
    return torch.cat([empty, *with_reference]).numpy(), torch.cat([empty, *without_reference]).numpy()


def recall_at(ranks: np.ndarray, k: int) -> np.ndarray:
    """Whether each target is among the first k, float64 [Q] of 0 and 1; its mean is Recall@k."""
    return (ranks <= k).astype(np.float64)


def weighted_sum(images: Tensor, texts: Tensor, weight: float) -> Tensor:
    """Image plus weighted text embeddings [Q, D], L2-normalized."""
    return functional.normalize(images + weight * texts, dim=-1)


def best_weight(images: Tensor, texts: Tensor, gallery: Tensor, target: Tensor, reference: Tensor) -> float:
    """The text weight out of WEIGHTS with the highest Recall@1, then with the lowest mean rank.

    The reference counts as a gallery image. Choose the weight on the validation split.
    """

    def quality(weight: float) -> tuple[float, float]:
        ranks, _ = target_ranks(weighted_sum(images, texts, weight), gallery, target, reference)
        return float(recall_at(ranks, 1).mean()), -float(ranks.mean())

    return max(WEIGHTS, key=quality)

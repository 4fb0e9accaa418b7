"""Where the target stands among all pictures. Higher recall is better; category: retrieval."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

CUTS = (1, 5, 10, 50)
WEIGHTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.5, 2.0, 3.0, 5.0)
BLOCK = 512


def target_ranks(queries: Tensor, gallery: Tensor, target: Tensor, reference: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Rank (from 1) of each query's target: with its reference in the gallery, and with the reference left out.

    queries [Q, D], gallery [N, D], target and reference [Q] int64, rows of the gallery. A picture that scores the same
    as the target stands before it: ties count against the method, and so does a score that is not a number.
    """
    counted, left_out = [], []
    for start in range(0, len(queries), BLOCK):
        rows = slice(start, start + BLOCK)
        scores = queries[rows] @ gallery.T  # (B, N)
        own = scores.gather(1, target[rows, None])  # (B, 1)
        ahead = ~(scores < own)  # nan is never below
        ahead.scatter_(1, target[rows, None], False)
        better = ahead.sum(1)
        same = target[rows] == reference[rows]
        by_reference = ahead.gather(1, reference[rows, None])[:, 0] & ~same
        counted.append(better + 1)
        left_out.append(better - by_reference.long() + 1)
    empty = torch.zeros(0, dtype=torch.int64)
    return torch.cat([empty, *counted]).numpy(), torch.cat([empty, *left_out]).numpy()


def recall_at(ranks: np.ndarray, k: int) -> np.ndarray:
    """Whether each target is among the first k, float64 [Q] of 0 and 1; its mean is Recall@k."""
    return (ranks <= k).astype(np.float64)


def weighted_sum(images: Tensor, texts: Tensor, weight: float) -> Tensor:
    """The training-free composition: image and text embeddings [Q, D] added and brought to length 1."""
    return functional.normalize(images + weight * texts, dim=-1)


def best_weight(images: Tensor, texts: Tensor, gallery: Tensor, target: Tensor, reference: Tensor) -> float:
    """The weight of the text, out of WEIGHTS, with the best Recall@1 (reference in the gallery); to be chosen on the
    validation split. Between equals the one with the smaller mean rank."""

    def quality(weight: float) -> tuple[float, float]:
        ranks, _ = target_ranks(weighted_sum(images, texts, weight), gallery, target, reference)
        return float(recall_at(ranks, 1).mean()), -float(ranks.mean())

    return max(WEIGHTS, key=quality)

"""Ranks in which ties count against the method: one definition for metrics and checks."""

import torch
from torch import Tensor


def pessimistic_ranks(scores: Tensor, own: Tensor, ignored: Tensor | None = None) -> Tensor:
    """Rank of each candidate: 1 plus the number of rivals whose score is not lower.

    Equal scores and scores that are not a number count against the candidate; so does a candidate's own NaN.

    Args:
        scores: scores of all pictures, [..., N].
        own: scores of the candidates, [..., T].
        ignored: pictures that are no rivals, such as the candidates themselves: bool, broadcast to [..., N].

    Returns:
        Ranks from 1, int64 [..., T].
    """
    rivals = ~(scores[..., None, :] < own[..., :, None])  # [..., T, N]; a comparison with NaN is false
    if ignored is not None:
        rivals &= ~ignored[..., None, :]
    return torch.as_tensor(rivals.sum(dim=-1) + 1)

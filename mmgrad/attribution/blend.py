"""The maps that are shown: what the text changes and, much fainter, what else the match rests on.

The change is multi-modal gradient attention as it is trained (`mmgrad.attribution.gradients`). By itself it leaves most
of a picture in no order, though the match rests on that too: what stays is most of what two pictures share. With a
little of the whole match beneath, the map falls on what changes, and ranks the other places by what they do for the
match, which is what deletion and insertion judge.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from mmgrad.attribution.gradients import (
    Head,
    midpoint_integrated_gradients,
    query_signal,
    reference_map,
    similarity_signal,
    target_map,
)

FLOOR = 0.06
"""Evidence for the change below this part of its peak is not told from none."""

REST = 0.03
"""The part that the whole match has in a map, of the absolute values of both."""

Evidence = Callable[[Tensor], Tensor]


class Explained(NamedTuple):
    """Maps as they are shown and of the change alone, both [B, H, W] and signed.

    Evidence against the change marks what stays: places that the match rests on. So it has no part in what is shown.
    """

    shown: Tensor
    change: Tensor


def explain_reference(
    composer: Head, features: Tensor, states: Tensor, mask: Tensor, targets: Tensor, blank: Tensor, evidence: Evidence
) -> Explained:
    """Maps of references with features [B, C, h, w] and texts, states [B, L, D_t] and mask [B, L].

    The match is <q(I, T), g> with `targets`, g of what each query finds first [B, D]. `blank` [1, C, h, w] are the
    features of a picture that shows nothing.
    """
    change = reference_map(composer, features, states, mask, evidence)
    match = midpoint_integrated_gradients(query_signal(composer, targets, states, mask), features, blank, evidence)
    return Explained(over(change, match), change)


def explain_targets(
    composer: Head, features: Tensor, changes: Tensor, queries: Tensor, blank: Tensor, evidence: Evidence
) -> Explained:
    """Maps of pictures found, with features [B, C, h, w].

    The match is <q, g(I)> with `queries`, q of each [B, D], and `changes` what its text moved it by; of both a single
    row may stand for all.
    """
    change = target_map(composer, features, changes, evidence)
    match = midpoint_integrated_gradients(similarity_signal(composer, queries), features, blank, evidence)
    return Explained(over(change, match), change)


def over(change: Tensor, match: Tensor, floor: float = FLOOR, rest: float = REST) -> Tensor:
    """A map of the change laid over one of the whole match, both [B, H, W] and signed.

    The sum of the positive values, the evidence, stays that of the change: where there is none, nothing is shown.
    `benchmarks/map_parts.py` compares values of `floor` and `rest`.
    """
    positive = change.clamp_min(0)
    total = _sum(positive)
    clear = (positive - floor * positive.amax(dim=(1, 2), keepdim=True)).clamp_min(0)
    both = (1 - rest) * _of_one(clear) + rest * _of_one(match)
    return both * total / _sum(both.clamp_min(0)).clamp_min(_LEAST)


def _of_one(values: Tensor) -> Tensor:
    """The values, whose absolute ones sum to 1 now; all zero where they were."""
    return values / _sum(values.abs()).clamp_min(_LEAST)


def _sum(values: Tensor) -> Tensor:
    return values.sum(dim=(1, 2), keepdim=True)


_LEAST = torch.finfo(torch.float32).tiny

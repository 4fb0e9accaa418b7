"""The maps that are shown: what the text changes and, much fainter, what else the match depends on.

The map of the change is multi-modal gradient attention as it is trained (`mmgrad.attribution.gradients`). On its own it
assigns unordered values near zero outside the edited region, although unchanged content contributes most of the
similarity. With a small share of the map of the whole match, the edited region still comes first and the other places
are ordered by their contribution to the match, which deletion and insertion measure.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from mmgrad.attribution.gradients import (
    AttributionModel,
    midpoint_integrated_gradients,
    query_signal,
    reference_map,
    similarity_signal,
    target_map,
)
from mmgrad.encoders.base import TextTokens

NOISE_FLOOR = 0.06
"""Values of the change below this fraction of its peak are set to zero."""

BACKGROUND_WEIGHT = 0.03
"""Weight of the whole match, of the absolute values of both maps."""


class ExplanationMaps(NamedTuple):
    """Maps as they are shown and maps of the change alone, both [B, H, W] and signed.

    Negative values of the change mark what stays, which the match depends on; so they take no part in what is shown.
    """

    shown: Tensor
    change: Tensor


def explain_reference(
    model: AttributionModel, features: Tensor, tokens: TextTokens, targets: Tensor
) -> ExplanationMaps:
    """Maps of references with features [B, C, h, w] and B texts.

    The match is <q(I, T), g> with `targets` [B, D], g of the first hit of each query.
    """
    change = reference_map(model, features, tokens)
    match = midpoint_integrated_gradients(model, query_signal(model.composer, targets, tokens), features)
    return ExplanationMaps(blend(change, match), change)


def explain_targets(model: AttributionModel, features: Tensor, changes: Tensor, queries: Tensor) -> ExplanationMaps:
    """Maps of retrieved pictures with features [B, C, h, w].

    The match is <q, g(I)> with `queries` q; `changes` is what the text moved each q by. Both are [B, D] or [1, D].
    """
    change = target_map(model, features, changes)
    match = midpoint_integrated_gradients(model, similarity_signal(model.composer, queries), features)
    return ExplanationMaps(blend(change, match), change)


def blend(
    change: Tensor, match: Tensor, noise_floor: float = NOISE_FLOOR, background_weight: float = BACKGROUND_WEIGHT
) -> Tensor:
    """A map of the change over a faint map of the whole match, both [B, H, W] and signed.

    The sum of the positive values stays that of the change: a map of no change stays empty.
    `benchmarks/map_parts.py` compares values of the two parameters.
    """
    positive = change.clamp_min(0)
    total = _sum(positive)
    clear = (positive - noise_floor * positive.amax(dim=(1, 2), keepdim=True)).clamp_min(0)
    both = (1 - background_weight) * _of_unit_mass(clear) + background_weight * _of_unit_mass(match)
    return both * total / _sum(both.clamp_min(0)).clamp_min(_TINY)


def _of_unit_mass(values: Tensor) -> Tensor:
    """The maps divided by the sum of their absolute values; a map of zeros stays one."""
    return values / _sum(values.abs()).clamp_min(_TINY)


def _sum(values: Tensor) -> Tensor:
    return values.sum(dim=(1, 2), keepdim=True)


_TINY = torch.finfo(torch.float32).tiny

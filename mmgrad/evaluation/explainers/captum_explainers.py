"""Methods of Captum (Kokhlikyan et al., arXiv 2009.07896) as explainers.

Captum is optional. It is imported when a map is computed; without it there are no such explainers.
"""

from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import Tensor

from mmgrad.attribution.gradients import Head
from mmgrad.encoders.base import Encoder, baseline_features
from mmgrad.evaluation.explainers.explainers import Explainer, Maps, as_maps, embeddings
from mmgrad.evaluation.queries import Queries

STEPS = 16
"""Integration steps."""


def captum_explainers() -> dict[str, Explainer]:
    """The explainers of this module by name; empty if Captum is not installed."""
    return {"integrated gradients (captum)": integrated_gradients} if find_spec("captum") else {}


def integrated_gradients(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
    """Integrated gradients (Sundararajan et al., arXiv 1703.01365) of <q, g(target)> at the feature map of each side.

    The baseline is the feature map of a picture of mean color.
    """
    from captum.attr import IntegratedGradients

    _, g_target, q = embeddings(composer, queries)
    start = baseline_features(encoder)

    def from_reference(features: Tensor, states: Tensor, mask: Tensor, other: Tensor) -> Tensor:
        return (composer.encode_query(features, states, mask) * other).sum(dim=-1)

    def from_target(features: Tensor, other: Tensor) -> Tensor:
        return (composer.encode_image(features) * other).sum(dim=-1)

    def attribute(signal: Callable[..., Tensor], features: Tensor, *rest: Tensor) -> Tensor:
        leaf = features.detach().clone().requires_grad_()
        found: Tensor = IntegratedGradients(signal).attribute(
            leaf, start.expand_as(leaf), additional_forward_args=rest, n_steps=STEPS
        )
        return encoder.to_grid(found.detach().float())

    with torch.enable_grad():
        return as_maps(
            attribute(from_reference, queries.reference.features, queries.states, queries.mask, g_target),
            attribute(from_target, queries.target.features, q),
        )

"""Functions that make a map of each side of some queries: the project's own, and those that it must beat.

A map maker takes an encoder, a composer and queries to signed maps of both sides, float32 [B, h, w] over the model's
input, of any resolution. Every measurement of this package takes any such function.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mmgrad.attribution.baselines import center_map, match_map, random_map, text_agnostic_gradcam, uniform_map
from mmgrad.attribution.blend import explain_reference, explain_targets
from mmgrad.attribution.gradients import (
    Head,
    midpoint_integrated_gradients,
    query_signal,
    reference_map,
    similarity_signal,
    target_map,
)
from mmgrad.encoders.base import Encoder, baseline_features
from mmgrad.evaluation.queries import SIDES, Queries, Side, inside
from mmgrad.imaging.letterbox import Letterbox

Maps = dict[Side, np.ndarray]
Explainer = Callable[[Encoder, Head, Queries], Maps]
OURS = "MMGrad"


def as_maps(reference: Tensor, target: Tensor) -> Maps:
    """Maps of both sides, [B, h, w] each, as float32 arrays."""
    return {"reference": reference.float().cpu().numpy(), "target": target.float().cpu().numpy()}


def embeddings(composer: Head, queries: Queries) -> tuple[Tensor, Tensor, Tensor]:
    """g of the references, g of the targets and q, each [B, D]."""
    with torch.no_grad():
        return (
            composer.encode_image(queries.reference.features),
            composer.encode_image(queries.target.features),
            composer.encode_query(queries.reference.features, queries.states, queries.mask),
        )


def mmgrad(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
    """The maps that the engine shows, the target found first."""
    _, g_target, q = embeddings(composer, queries)
    features, nothing, evidence = queries.reference.features, baseline_features(encoder), encoder.to_grid
    with torch.no_grad():
        change = q - composer.encode_reference(features)
    return as_maps(
        explain_reference(composer, features, queries.states, queries.mask, g_target, nothing, evidence).shown,
        explain_targets(composer, queries.target.features, change, q, nothing, evidence).shown,
    )


def change_alone(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
    """What of those maps tells of the change."""
    _, _, q = embeddings(composer, queries)
    with torch.no_grad():
        change = q - composer.encode_reference(queries.reference.features)
    features, evidence = queries.reference.features, encoder.to_grid
    return as_maps(
        reference_map(composer, features, queries.states, queries.mask, evidence),
        target_map(composer, queries.target.features, change, evidence),
    )


def match_alone(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
    """What of those maps tells of the whole match."""
    _, g_target, q = embeddings(composer, queries)
    nothing, evidence = baseline_features(encoder), encoder.to_grid
    from_reference = query_signal(composer, g_target, queries.states, queries.mask)
    return as_maps(
        midpoint_integrated_gradients(from_reference, queries.reference.features, nothing, evidence),
        midpoint_integrated_gradients(similarity_signal(composer, q), queries.target.features, nothing, evidence),
    )


def plain_match(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
    """Gradient x activation of <q, g(target)> on both sides."""
    _, g_target, q = embeddings(composer, queries)
    features, evidence = queries.reference.features, encoder.to_grid
    return as_maps(
        match_map(composer, features, queries.states, queries.mask, g_target, evidence),
        target_map(composer, queries.target.features, q, evidence),
    )


def text_blind(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
    """Grad-CAM of <g(reference), g(target)> on both sides."""
    g, g_target, _ = embeddings(composer, queries)
    return as_maps(
        text_agnostic_gradcam(composer, queries.reference.features, g_target, encoder.to_grid),
        text_agnostic_gradcam(composer, queries.target.features, g, encoder.to_grid),
    )


GRADIENTS: dict[str, Explainer] = {
    OURS: mmgrad,
    "the change alone": change_alone,
    "the match alone": match_alone,
    "plain match": plain_match,
    "text-blind Grad-CAM": text_blind,
}


def content_free_explainers(seed: int) -> dict[str, Explainer]:
    """Maps that never look at the picture; random ones are drawn anew at each call, from the seed on."""
    rng = np.random.default_rng(seed)

    def centre(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
        return {side: np.stack([_centred(box) for box in queries.view(side).boxes]) for side in SIDES}

    def random(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
        rows, columns = encoder.to_grid(queries.reference.features[:1]).shape[1:]
        return {side: np.stack([random_map(rows, columns, rng) for _ in queries.texts]) for side in SIDES}

    def uniform(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
        return {side: np.stack([uniform_map(1, 1) for _ in queries.texts]) for side in SIDES}

    return {"centre": centre, "random": random, "uniform": uniform}


def _centred(box: Letterbox) -> np.ndarray:
    values = np.zeros((box.size, box.size), np.float32)
    values[inside(box)] = center_map(box.inner_height, box.inner_width)
    return values

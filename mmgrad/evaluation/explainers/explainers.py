"""Explainers: the package's own maps, parts of them, and the baselines.

An explainer is a function of an encoder, a composer and queries that returns signed maps of both sides, float32
[B, h, w] over the model's input, of any resolution. All measurements of this package accept any such function.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mmgrad.attribution.baselines import center_map, match_map, random_map, text_agnostic_gradcam, uniform_map
from mmgrad.attribution.blend import explain_reference, explain_targets
from mmgrad.attribution.gradients import (
    AttributionModel,
    Head,
    midpoint_integrated_gradients,
    query_signal,
    reference_map,
    similarity_signal,
    target_map,
)
from mmgrad.encoders.base import Encoder, TextTokens, baseline_features
from mmgrad.evaluation.queries import SIDES, Queries, Side, picture_area
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


def attribution_model(encoder: Encoder, composer: Head) -> AttributionModel:
    """What attribution needs of an encoder and a composer."""
    return AttributionModel(composer, encoder.to_grid, baseline_features(encoder))


def tokens_of(queries: Queries) -> TextTokens:
    """The tokens of the queries' texts."""
    return TextTokens(queries.states, queries.mask)


def mmgrad(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
    """The maps that the engine shows, with the target as the first result."""
    _, g_target, q = embeddings(composer, queries)
    model, features = attribution_model(encoder, composer), queries.reference.features
    with torch.no_grad():
        change = q - composer.encode_reference(features)
    return as_maps(
        explain_reference(model, features, tokens_of(queries), g_target).shown,
        explain_targets(model, queries.target.features, change, q).shown,
    )


def change_only(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
    """Maps of the text-induced change alone."""
    _, _, q = embeddings(composer, queries)
    with torch.no_grad():
        change = q - composer.encode_reference(queries.reference.features)
    model = attribution_model(encoder, composer)
    return as_maps(
        reference_map(model, queries.reference.features, tokens_of(queries)),
        target_map(model, queries.target.features, change),
    )


def match_only(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
    """Maps of the whole match <q, g(target)>: integrated gradients with one step."""
    _, g_target, q = embeddings(composer, queries)
    model = attribution_model(encoder, composer)
    from_reference = query_signal(composer, g_target, tokens_of(queries))
    return as_maps(
        midpoint_integrated_gradients(model, from_reference, queries.reference.features),
        midpoint_integrated_gradients(model, similarity_signal(composer, q), queries.target.features),
    )


def match_gradient(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
    """Gradient x activation of <q, g(target)> on both sides."""
    _, g_target, q = embeddings(composer, queries)
    model = attribution_model(encoder, composer)
    return as_maps(
        match_map(model, queries.reference.features, tokens_of(queries), g_target),
        target_map(model, queries.target.features, q),
    )


def gradcam(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
    """Grad-CAM of <g(reference), g(target)> on both sides."""
    g, g_target, _ = embeddings(composer, queries)
    model = attribution_model(encoder, composer)
    return as_maps(
        text_agnostic_gradcam(model, queries.reference.features, g_target),
        text_agnostic_gradcam(model, queries.target.features, g),
    )


GRADIENTS: dict[str, Explainer] = {
    OURS: mmgrad,
    "change only": change_only,
    "match only": match_only,
    "match gradient": match_gradient,
    "text-agnostic Grad-CAM": gradcam,
}


def content_free_explainers(seed: int) -> dict[str, Explainer]:
    """Explainers that do not look at the picture. Random maps differ from call to call; `seed` fixes their sequence."""
    rng = np.random.default_rng(seed)

    def center(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
        return {side: np.stack([_centered(box) for box in queries.images(side).boxes]) for side in SIDES}

    def random(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
        rows, columns = encoder.to_grid(queries.reference.features[:1]).shape[1:]
        return {side: np.stack([random_map(rows, columns, rng) for _ in queries.texts]) for side in SIDES}

    def uniform(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
        return {side: np.stack([uniform_map(1, 1) for _ in queries.texts]) for side in SIDES}

    return {"center": center, "random": random, "uniform": uniform}


def _centered(box: Letterbox) -> np.ndarray:
    values = np.zeros((box.size, box.size), np.float32)
    values[picture_area(box)] = center_map(box.inner_height, box.inner_width)
    return values

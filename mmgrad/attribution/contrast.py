"""Signals for follow-up questions: why this result and not that one, and what each place of the reference supports."""

from typing import NamedTuple

import torch
from torch import Tensor

from mmgrad.attribution.encoded import EncodedQuery
from mmgrad.attribution.gradients import AttributionModel, query_signal, signed_map, similarity_signal
from mmgrad.attribution.words import without_each
from mmgrad.encoders.base import Encoder


class ContrastMaps(NamedTuple):
    """The contrast of two pictures.

    scores: [2], <q, g> of both. reference: signed [H, W]; positive where it supports the first, negative where the
    second. targets: signed [2, H, W], what in each picture supports (positive) and opposes the query. words: [W], by
    how much each word of the text prefers the first.
    """

    scores: Tensor
    reference: Tensor
    targets: Tensor
    words: Tensor


def contrast_maps(model: AttributionModel, encoder: Encoder, query: EncodedQuery, pair: Tensor) -> ContrastMaps:
    """Why the first of two pictures rather than the second: <q, g(I_first) - g(I_second)> at all three feature maps.

    `pair` [2, C, h, w] are the feature maps of the two.
    """
    composer, tokens = model.composer, query.tokens
    with torch.no_grad():
        embeddings = composer.encode_image(pair)  # (2, D)
        gap = embeddings[:1] - embeddings[1:]  # (1, D)
        without = without_each(encoder, query.text, tokens.words[0])
        shares = query.query - query.with_texts(composer, without)  # (W, D)
    reference = signed_map(query_signal(composer, gap, tokens), query.features, model.to_grid)
    targets = signed_map(similarity_signal(composer, query.query.expand(2, -1)), pair, model.to_grid)
    return ContrastMaps((embeddings @ query.query[0]), reference[0], targets, shares @ gap[0])


def per_result_maps(model: AttributionModel, query: EncodedQuery, targets: Tensor) -> Tensor:
    """How much the change at each place of the reference contributes to the score of each picture: signed [K, H, W].

    The signal is <q(I, T) - g(I), g(I_t)> at the feature map of the reference. `targets` [K, C, h, w] are the feature
    maps of the pictures.
    """
    composer, count = model.composer, len(targets)
    with torch.no_grad():
        embeddings = composer.encode_image(targets)  # (K, D)
    tokens = query.tokens.expand(count)

    def support(leaf: Tensor) -> Tensor:
        change = composer.encode_query(leaf, tokens.states, tokens.mask) - composer.encode_reference(leaf)
        return (embeddings * change).sum(dim=-1)

    return signed_map(support, query.features.expand(count, -1, -1, -1), model.to_grid)

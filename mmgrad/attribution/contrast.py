"""Closer questions about one answer: why this result and not that one, what a place of the reference speaks for, and
what a map without the text would have shown. Each is a signal of `attention.py`, seen from the same feature maps."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmgrad.attribution.baselines import text_agnostic_gradcam
from mmgrad.attribution.gradients import query_signal, signed_map, similarity_signal
from mmgrad.attribution.words import interpolate_query, without_each
from mmgrad.encoders.base import TextTokens
from mmgrad.gallery.sources.folder import Record
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.models.model import Model
from mmgrad.results import AttentionMap


@dataclass(frozen=True, eq=False)
class EncodedQuery:
    """A question as the model sees it: the text, the picture, its features [1, C, h, w], the text's tokens, and two
    embeddings [1, D], that of the query without a text and that of the composed query."""

    text: str
    image: np.ndarray
    box: Letterbox
    features: Tensor
    tokens: TextTokens
    before: Tensor
    query: Tensor


@dataclass(frozen=True, eq=False)
class EncodedImages:
    """Gallery pictures as the model sees them: records, pixels, features [K, C, h, w], each one's geometry."""

    records: tuple[Record, ...]
    images: tuple[np.ndarray, ...]
    features: Tensor
    boxes: tuple[Letterbox, ...]


@dataclass(frozen=True, eq=False)
class Contrast:
    """Why `first` stands before `second`, or behind it.

    scores: of both. reference: signed; positive where the reference speaks for the first, negative for the second.
    targets: in each of the two, what there speaks for the query (positive) and against it. words: for each whole word
    of the text, its characters [start, end) and how much it prefers the first.
    """

    first: Record
    second: Record
    scores: tuple[float, float]
    reference: AttentionMap
    targets: tuple[AttentionMap, AttentionMap]
    words: tuple[tuple[str, int, int, float], ...]


def contrast(model: Model, asked: EncodedQuery, pair: EncodedImages, text_weight: float) -> Contrast:
    """The contrast of two pictures: the signal <q, g(I_first) - g(I_second)>, at all three feature maps."""
    composer, evidence, tokens = model.composer, model.encoder.to_grid, asked.tokens
    with torch.no_grad():
        embeddings = composer.encode_image(pair.features)  # (2, D)
        scores = (asked.query @ embeddings.T)[0].tolist()
        shares = asked.query - _without_each_word(model, asked, text_weight)  # (W, D)
    gap = embeddings[:1] - embeddings[1:]  # (1, D)
    reference = signed_map(query_signal(composer, gap, tokens.states, tokens.mask), asked.features, evidence)
    targets = signed_map(similarity_signal(composer, asked.query.expand(2, -1)), pair.features, evidence)
    return Contrast(
        first=pair.records[0],
        second=pair.records[1],
        scores=(scores[0], scores[1]),
        reference=_map(reference[0], asked.box),
        targets=(_map(targets[0], pair.boxes[0]), _map(targets[1], pair.boxes[1])),
        words=tuple(
            (word.text, word.start, word.end, weight)
            for word, weight in zip(tokens.words[0], (shares @ gap[0]).tolist(), strict=True)
        ),
    )


def per_result_attribution(model: Model, asked: EncodedQuery, found: EncodedImages) -> tuple[AttentionMap, ...]:
    """For each picture found, how much the change made at each place of the reference speaks for it: the signal
    <q(I, T) - g(I), g(I_t)> at the reference's feature map, one map a picture."""
    composer, count = model.composer, len(found.records)
    with torch.no_grad():
        embeddings = composer.encode_image(found.features)  # (K, D)
    states, mask = asked.tokens.states.expand(count, -1, -1), asked.tokens.mask.expand(count, -1)

    def speaks(leaf: Tensor) -> Tensor:
        return (embeddings * (composer.encode_query(leaf, states, mask) - composer.encode_reference(leaf))).sum(dim=-1)

    maps = signed_map(speaks, asked.features.expand(count, -1, -1, -1), model.encoder.to_grid)
    return tuple(_map(values, asked.box) for values in maps)


def text_agnostic(
    model: Model, asked: EncodedQuery, found: EncodedImages
) -> tuple[AttentionMap, tuple[AttentionMap, ...]]:
    """Grad-CAM of <g(I_r), g(I_t)>, which never reads the text: at the reference, against the first picture found, and
    at each picture found, against the reference."""
    composer, evidence = model.composer, model.encoder.to_grid
    with torch.no_grad():
        first, own = composer.encode_image(found.features[:1]), composer.encode_image(asked.features)
    reference = text_agnostic_gradcam(composer, asked.features, first, evidence)
    others = own.expand(len(found.records), -1)
    targets = text_agnostic_gradcam(composer, found.features, others, evidence)
    maps = tuple(_map(values, box) for values, box in zip(targets, found.boxes, strict=True))
    return _map(reference[0], asked.box), maps


def _without_each_word(model: Model, asked: EncodedQuery, text_weight: float) -> Tensor:
    """The query of the text with one word left out, for each of its W words: [W, D]."""
    rest = without_each(model.encoder, asked.text, asked.tokens.words[0])
    repeated = asked.features.expand(len(rest.states), -1, -1, -1)
    return interpolate_query(asked.before, model.composer.encode_query(repeated, rest.states, rest.mask), text_weight)


def _map(values: Tensor, box: Letterbox) -> AttentionMap:
    """These signals have no calibrated threshold: whatever they hold is shown."""
    return AttentionMap(values.float().cpu().numpy(), box, 0.0)

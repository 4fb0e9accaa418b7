"""The contribution of each word of a text: the text against the same text without that word."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mmgrad.attribution.encoded import EncodedQuery
from mmgrad.attribution.gradients import AttributionModel, Head, reference_map, target_maps
from mmgrad.encoders.base import Encoder, TextTokens, Word

FUNCTION_WORDS = frozenset(
    {"a", "an", "the", "with", "for", "of", "to", "by", "in", "and", "it", "i", "you", "could", "please"}
)
"""Words that ask for nothing by themselves."""


@dataclass(frozen=True, eq=False)
class WordMaps:
    """The W words of a text over a reference and K retrieved pictures.

    Attributes:
        words: the words.
        weights: [W], by how much the score of the first picture falls without each word.
        reference: signed maps [W, H, W'], where in the reference each word acts.
        targets: signed maps [W, K, H, W'], where in each picture the word's share of the change shows.
    """

    words: tuple[Word, ...]
    weights: Tensor
    reference: Tensor
    targets: Tensor


def words_of_noun(words: Sequence[Word], noun: str) -> list[int]:
    """The indices of the words of a text that are those of a noun of one or several words, in any case."""
    said, wanted = [word.text.lower() for word in words], noun.lower().split()
    starts = [at for at in range(len(said)) if wanted and said[at : at + len(wanted)] == wanted]
    return [at + i for at in starts for i in range(len(wanted))]


def without_each(encoder: Encoder, text: str, words: tuple[Word, ...]) -> TextTokens:
    """The tokens of W texts, each of which lacks one of the words."""
    return encoder.encode_text([text[: word.start] + text[word.end :] for word in words])


def word_weights(composer: Head, query: EncodedQuery, without: TextTokens, target: Tensor) -> tuple[Tensor, Tensor]:
    """By how much the score of a picture falls without each word, [W], and each word's share of the query, [W, D].

    `without` are the tokens of `without_each`; `target` [D] is the picture's g.
    """
    shares = query.query - query.with_texts(composer, without)
    return shares @ target, shares


def word_maps(model: AttributionModel, encoder: Encoder, query: EncodedQuery, targets: Tensor) -> WordMaps:
    """The weights and maps of all words of a query's text.

    `targets` [K, C, h, w] are the feature maps of the retrieved pictures, best first; K >= 1.
    """
    composer, words = model.composer, query.tokens.words[0]
    without = without_each(encoder, query.text, words)
    with torch.no_grad():
        weights, shares = word_weights(composer, query, without, composer.encode_image(targets[:1])[0])
    features = query.features.expand(len(words), -1, -1, -1)
    return WordMaps(
        words=words,
        weights=weights,
        reference=reference_map(model, features, query.tokens.expand(len(words)), baseline=without),
        targets=target_maps(model, targets, shares),
    )

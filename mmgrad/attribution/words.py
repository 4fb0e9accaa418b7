"""What each word of a text does: the text against the same text without that word."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mmgrad.attribution.gradients import Head, reference_map, target_maps
from mmgrad.encoders.base import Encoder, TextTokens, Word

FUNCTION_WORDS = frozenset(
    {"a", "an", "the", "with", "for", "of", "to", "by", "in", "and", "it", "i", "you", "could", "please"}
)
"""Words that ask for nothing by themselves."""


@dataclass(frozen=True, eq=False)
class WordMaps:
    """The W words of a text over a reference and K pictures found.

    Attributes:
        words: the words.
        weights: [W], the change of the match with the first picture that each causes.
        reference: signed maps [W, H, W'], where in the reference each one acts.
        targets: signed maps [W, K, H, W'], where in each picture its share of the change shows.
    """

    words: tuple[Word, ...]
    weights: Tensor
    reference: Tensor
    targets: Tensor


def words_of_noun(words: Sequence[Word], noun: str) -> list[int]:
    """Which words of a text are those of a noun of one or several words, wherever it is said whole, in any case."""
    said, wanted = [word.text.lower() for word in words], noun.lower().split()
    starts = [at for at in range(len(said)) if wanted and said[at : at + len(wanted)] == wanted]
    return [at + i for at in starts for i in range(len(wanted))]


def without_each(encoder: Encoder, text: str, words: tuple[Word, ...]) -> TextTokens:
    """The W texts that lack one of the words each."""
    return encoder.encode_text([text[: word.start] + text[word.end :] for word in words])


def interpolate_query(before: Tensor, query: Tensor, text_weight: float) -> Tensor:
    """The query between `before` (text_weight 0, the picture alone) and the composed query (1), and beyond.

    Both are [B, D], L2-normalized, and so is the result.
    """
    if text_weight == 1:
        return query
    return torch.nn.functional.normalize(before + text_weight * (query - before), dim=-1)


def word_maps(
    encoder: Encoder,
    composer: Head,
    text: str,
    tokens: TextTokens,
    features: Tensor,
    target_features: Tensor,
    before: Tensor,
    query: Tensor,
    text_weight: float = 1.0,
) -> WordMaps:
    """The words of one text, all together.

    `tokens` are the text's, `features` [1, C, h, w] the reference's, `target_features` [K, C, h, w] those of the
    pictures found, best first; `before` and `query` [1, D] the query without the text and with it, of this
    `text_weight`.
    """
    words = tokens.words[0]
    without = without_each(encoder, text, words)
    repeated = features.expand(len(words), -1, -1, -1)
    with torch.no_grad():
        rest = composer.encode_query(repeated, without.states, without.mask)  # (W, D)
        shares = query - interpolate_query(before, rest, text_weight)
        weights = shares @ composer.encode_image(target_features[:1])[0]  # (W,)
    states, mask = tokens.states.expand(len(words), -1, -1), tokens.mask.expand(len(words), -1)
    baseline = (without.states, without.mask)
    return WordMaps(
        words=words,
        weights=weights,
        reference=reference_map(composer, repeated, states, mask, encoder.to_grid, baseline=baseline),
        targets=target_maps(composer, target_features, shares, encoder.to_grid),
    )

"""What is set once on the validation split: how far queries reach, what share the named look has, from how little
evidence on a map is none, and how sure a search is."""

import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.attribution.encoded import EncodedQuery
from mmgrad.attribution.gradients import AttributionModel, reference_map, target_map
from mmgrad.attribution.words import FUNCTION_WORDS, word_maps, words_of_noun
from mmgrad.encoders.base import TextTokens, Trainable
from mmgrad.models.composer import DIMENSION, Composer
from mmgrad.models.confidence import Confidence, fit, trials
from mmgrad.training.features import Features
from mmgrad.training.validation import embed, embed_queries, found

BATCH = 64
MISSED = 0.04
"""At most this share of the true edits of a split may be called "no evidence": of new things it is a little more."""

REACHES = [share / 100 for share in range(60, 105, 5)]
SHARES = [share / 100 for share in range(0, 44, 4)]
COST = 0.005
"""Recall that a greater share of the named look may cost: it is there for names that validation does not ask for."""


def tune_edit_scale(composer: Composer, data: Features, encoder: Trainable) -> None:
    """Set the composer's `reach` to the one of REACHES with the greatest recall on a split, at its cut."""
    composer.edit_scale.fill_(1)
    g, q, _, _ = _parts(composer, data, encoder)
    before = g[data.reference]

    def recall(reach: float) -> float:
        queries = functional.normalize(before + reach * (q - before), dim=-1)
        return found(queries @ g.T, data)

    composer.edit_scale.fill_(max(REACHES, key=recall))


def tune_branch_weight(composer: Composer, data: Features, encoder: Trainable) -> None:
    """Set the share of the composer's named look to the greatest of SHARES that costs at most COST of the recall on a
    split."""
    if composer.prototype_head is None:
        return
    share_of, share = composer.prototype_head.weight_for, composer.prototype_head.branch_weight
    g, q, shown, named = _parts(composer, data, encoder)
    edited, looks, references = q @ g.T, named @ shown.T, shown[data.reference]

    def recall(tried: float) -> float:
        share.fill_(tried)
        own = share_of(references)
        return found(((1 - share) * (1 - own)).sqrt() * edited + (share * own).sqrt() * looks, data)

    recalls = {tried: recall(tried) for tried in SHARES}
    share.fill_(max(tried for tried, value in recalls.items() if value >= max(recalls.values()) - COST))


def _parts(composer: Composer, data: Features, encoder: Trainable) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The two parts of embeddings, whatever the share: g [S, 256] and q [T, 256], looks of the pictures [S, D'] and of
    what the texts bring [T, D'], where D' may be 0."""
    if composer.prototype_head is None:
        g, q = embed(composer, data, encoder)
        return g, q, g[:, :0], q[:, :0]
    kept = composer.prototype_head.branch_weight.clone()
    composer.prototype_head.branch_weight.fill_(0.5)
    (g, shown), (q, named) = (each.tensor_split([DIMENSION], dim=1) for each in embed(composer, data, encoder))
    composer.prototype_head.branch_weight.copy_(kept)
    g, q, shown, named = (functional.normalize(part, dim=-1) for part in (g, q, shown, named))
    return g, q, shown, named


def calibrate_confidence(composer: Composer, data: Features, encoder: Trainable) -> Confidence:
    """How sure a search is of its first result, fitted on a split."""
    g, q = embed(composer, data, encoder)
    others = torch.arange(len(q)).roll(len(q) // 2)  # of another family
    foreign = embed_queries(composer, data, encoder, others)
    return fit(trials(q, foreign, g, data.reference, data.target))


def calibrate(composer: Composer, data: Features, encoder: Trainable, count: int = 500) -> dict[str, float]:
    """Thresholds of the positive evidence of maps, from `count` triplets of a split.

    "reference" and "target": the value that separates best (by balanced accuracy) the maps of triplets with a region
    that changes from those without one, and in the reference also from those of texts that belong to other pictures.
    "word_reference" and "word_target": the same for the maps of single words, of the noun that goes or comes against
    words without a meaning of their own. None is above the MISSED quantile of the maps that have something to show.
    """
    generator = torch.Generator().manual_seed(0)
    index = torch.randperm(len(data.reference), generator=generator)[:count]
    evidence = torch.cat([_evidence(composer, data, encoder, part) for part in index.split(BATCH)])  # (T, 2)
    defined = data.regions[index].flatten(2).amax(2) > 0  # (T, 2)
    foreign = torch.cat(
        [_evidence(composer, data, encoder, part, part.roll(BATCH // 2)) for part in index.split(BATCH)]
    )
    absent = (torch.cat([evidence[~defined[:, 0], 0], foreign[:, 0]]), evidence[~defined[:, 1], 1])
    thresholds = {
        side: _threshold(evidence[defined[:, i], i], absent[i]) for i, side in enumerate(("reference", "target"))
    }
    named = [i for i in index.tolist() if data.info[i]["removed"] and data.info[i]["added"]]
    columns = [_word_evidence(composer, data, encoder, i) for i in named]
    for number, side in enumerate(("word_reference", "word_target")):
        present, empty = (
            torch.cat([evidence.new_empty(0), *(column[number][kind] for column in columns)]) for kind in (0, 1)
        )
        thresholds[side] = _threshold(present, empty)
    return {side: round(value, 6) for side, value in thresholds.items()}


def _evidence(
    composer: Composer, data: Features, encoder: Trainable, index: Tensor, texts: Tensor | None = None
) -> Tensor:
    """The positive evidence of the reference and target map of each triplet, with its own or other texts: [B, 2]."""
    features = encoder.unpack(*data.scenes(data.reference[index]))
    states, mask = data.texts(index if texts is None else texts, encoder)
    with torch.no_grad():
        change = composer.encode_query(features, states, mask) - composer.encode_reference(features)
    target_features = encoder.unpack(*data.scenes(data.target[index]))
    model = AttributionModel(composer, encoder.to_grid)
    maps = (
        reference_map(model, features, TextTokens(states, mask)),
        target_map(model, target_features, change),
    )
    return torch.stack([_positive(m) for m in maps], dim=1)


def _word_evidence(
    composer: Composer, data: Features, encoder: Trainable, triplet: int
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """For the reference and the target: the evidence of the words of the noun that goes (comes), and of empty words."""
    info = data.info[triplet]
    tokens = encoder.encode_text([info["text"]])
    index = torch.tensor([triplet])
    features, target = (encoder.unpack(*data.scenes(side[index])) for side in (data.reference, data.target))
    query = EncodedQuery.of(composer, info["text"], tokens, features)
    found = word_maps(AttributionModel(composer, encoder.to_grid), encoder, query, target)
    references, targets = _positive(found.reference), _positive(found.targets[:, 0])
    empty = [i for i, word in enumerate(found.words) if word.text.lower() in FUNCTION_WORDS]
    gone, come = (words_of_noun(found.words, info[noun]) for noun in ("removed", "added"))
    return (references[gone], references[empty]), (targets[come], targets[empty])


def _positive(maps: Tensor) -> Tensor:
    return maps.clamp_min(0).flatten(1).sum(1)


def _threshold(present: Tensor, absent: Tensor) -> float:
    """0, which calls no map empty, where a split has no maps of one kind."""
    if not len(present) or not len(absent):
        return 0.0
    bound = present.quantile(MISSED)
    values = torch.cat([present, absent, bound[None]])
    values = values[values <= bound]
    kept = (present[:, None] >= values).float().mean(0)
    refused = (absent[:, None] < values).float().mean(0)
    return float(values[(kept + refused).argmax()])

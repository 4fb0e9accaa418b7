"""What a validation split sets once: two scales of the head, the thresholds of "no evidence", and the confidence."""

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
from mmgrad.training.validation import embed, embed_queries, recall_of
from mmgrad.utils.thresholds import balanced_accuracy_threshold

BATCH = 64

MISSED = 0.04
"""Maximum share of a split's true edits that may be called "no evidence"; expect slightly more on unseen objects."""

EDIT_SCALES = [percent / 100 for percent in range(60, 105, 5)]
BRANCH_WEIGHTS = [percent / 100 for percent in range(0, 44, 4)]

RECALL_COST = 0.005
"""Recall that a greater weight of the prototype branch may cost: the branch is for names that validation lacks."""


def tune_edit_scale(composer: Composer, data: Features, encoder: Trainable) -> None:
    """Set the composer's `edit_scale` to the one of EDIT_SCALES with the greatest recall on a split."""
    composer.edit_scale.fill_(1)
    g, q, _, _ = _branches(composer, data, encoder)
    before = g[data.reference.to(g.device)]

    def recall(scale: float) -> float:
        queries = functional.normalize(before + scale * (q - before), dim=-1)
        return recall_of(queries @ g.T, data)

    composer.edit_scale.fill_(max(EDIT_SCALES, key=recall))


def tune_branch_weight(composer: Composer, data: Features, encoder: Trainable) -> None:
    """Set the weight of the prototype branch to the greatest of BRANCH_WEIGHTS that costs at most RECALL_COST.

    The cost is that of the recall on a split.
    """
    if composer.prototype_head is None:
        return
    head, weight = composer.prototype_head, composer.prototype_head.branch_weight
    g, q, shown, named = _branches(composer, data, encoder)
    edited, prototypes, references = q @ g.T, named @ shown.T, shown[data.reference.to(g.device)]

    def recall(tried: float) -> float:
        weight.fill_(tried)
        own = head.weight_for(references)
        return recall_of(((1 - weight) * (1 - own)).sqrt() * edited + (weight * own).sqrt() * prototypes, data)

    recalls = {tried: recall(tried) for tried in BRANCH_WEIGHTS}
    weight.fill_(max(tried for tried, value in recalls.items() if value >= max(recalls.values()) - RECALL_COST))


def _branches(composer: Composer, data: Features, encoder: Trainable) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The two branches of the embeddings, each of length 1, whatever the weight of the second.

    Returns g [S, 256] and q [T, 256], then the prototype embeddings of the images [S, D'] and of the texts [T, D'],
    where D' may be 0.
    """
    if composer.prototype_head is None:
        g, q = embed(composer, data, encoder)
        return g, q, g[:, :0], q[:, :0]
    kept = composer.prototype_head.branch_weight.clone()
    composer.prototype_head.branch_weight.fill_(0.5)
    (g, shown), (q, named) = (each.tensor_split([DIMENSION], dim=1) for each in embed(composer, data, encoder))
    composer.prototype_head.branch_weight.copy_(kept)
    g, q, shown, named = (functional.normalize(part, dim=-1) for part in (g, q, shown, named))
    return g, q, shown, named


def fit_confidence(composer: Composer, data: Features, encoder: Trainable) -> Confidence:
    """The confidence of a search in its first result, fitted on a split."""
    g, q = embed(composer, data, encoder)
    others = torch.arange(len(q)).roll(len(q) // 2)  # of another family
    foreign = embed_queries(composer, data, encoder, others)
    return fit(trials(q, foreign, g, data.reference, data.target))


def evidence_thresholds(composer: Composer, data: Features, encoder: Trainable, count: int = 500) -> dict[str, float]:
    """Thresholds of the total positive value of a map below which it says "no evidence".

    They are chosen on `count` triplets of a split. "reference" and "target": the value that separates best (by balanced
    accuracy) the maps of triplets with a region that changes from those without one, and in the reference also from
    those of texts of other images. "word_reference" and "word_target": the same for the maps of single words, those of
    the noun that is removed or added against function words. None is above the MISSED quantile of the maps that have
    something to show.
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
    """The total positive value of the reference and target map of each triplet, with its own or other texts.

    Returns [B, 2] on the CPU.
    """
    features = encoder.unpack(*data.scenes(data.reference[index], device=encoder.device))
    states, mask = data.texts(index if texts is None else texts, encoder)
    with torch.no_grad():
        change = composer.encode_query(features, states, mask) - composer.encode_reference(features)
    target_features = encoder.unpack(*data.scenes(data.target[index], device=encoder.device))
    model = AttributionModel(composer, encoder.to_grid)
    maps = (
        reference_map(model, features, TextTokens(states, mask)),
        target_map(model, target_features, change),
    )
    return torch.stack([_total_positive(m) for m in maps], dim=1).cpu()


def _word_evidence(
    composer: Composer, data: Features, encoder: Trainable, triplet: int
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """The total positive values of word maps, on the CPU: in the reference, then in the target.

    Each is a pair: of the words of the noun that is removed (added), and of function words.
    """
    info = data.info[triplet]
    tokens = encoder.encode_text([info["text"]])
    index = torch.tensor([triplet])
    features, target = (
        encoder.unpack(*data.scenes(side[index], device=encoder.device)) for side in (data.reference, data.target)
    )
    query = EncodedQuery.of(composer, info["text"], tokens, features)
    found = word_maps(AttributionModel(composer, encoder.to_grid), encoder, query, target)
    references, targets = _total_positive(found.reference).cpu(), _total_positive(found.targets[:, 0]).cpu()
    empty = [i for i, word in enumerate(found.words) if word.text.lower() in FUNCTION_WORDS]
    removed, added = (words_of_noun(found.words, info[noun]) for noun in ("removed", "added"))
    return (references[removed], references[empty]), (targets[added], targets[empty])


def _total_positive(maps: Tensor) -> Tensor:
    return maps.clamp_min(0).flatten(1).sum(1)


def _threshold(present: Tensor, absent: Tensor) -> float:
    """The cut of two samples of total positive values."""
    return balanced_accuracy_threshold(present.double().numpy(), absent.double().numpy(), MISSED)

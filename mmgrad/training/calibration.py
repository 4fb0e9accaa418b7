"""What is set once on the validation split: how far queries reach, from how little evidence on a map is none, and how
sure a search is."""

import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.attention import reference_map, target_map, target_maps
from mmgrad.composer import Composer
from mmgrad.confidence import Confidence, fit, trials
from mmgrad.encoders import Trainable
from mmgrad.training.features import Features
from mmgrad.training.validation import embed, embed_queries, found

BATCH = 64
EMPTY = frozenset({"a", "an", "the", "with", "for", "of", "to", "by", "in", "and", "it", "i", "you", "could", "please"})
"""Words that ask for nothing by themselves."""
MISSED = 0.05  # at most this share of the true edits may be called "no evidence"

REACHES = [share / 100 for share in range(60, 105, 5)]


def set_reach(composer: Composer, data: Features, encoder: Trainable) -> None:
    """Set the composer's `reach` to the one of REACHES with the greatest recall on a split, at its cut."""
    composer.reach.fill_(1)
    g, q = embed(composer, data, encoder)
    before = g[data.reference]

    def recall(reach: float) -> float:
        queries = functional.normalize(before + reach * (q - before), dim=-1)
        return found(queries @ g.T, data)

    composer.reach.fill_(max(REACHES, key=recall))


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
    words without a meaning of their own. None is above the 5 % quantile of the maps that have something to show.
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
        change = composer.query(features, states, mask) - composer.image(features)
    target_features = encoder.unpack(*data.scenes(data.target[index]))
    maps = (
        reference_map(composer, features, states, mask, encoder.evidence),
        target_map(composer, target_features, change, encoder.evidence),
    )
    return torch.stack([_positive(m) for m in maps], dim=1)


def _word_evidence(
    composer: Composer, data: Features, encoder: Trainable, triplet: int
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """For the reference and the target: the evidence of the words of the noun that goes (comes), and of empty words."""
    info = data.info[triplet]
    text = info["text"]
    tokens = encoder.encode_text([text])
    words = tokens.words[0]
    said = [word.text.lower() for word in words]
    without = encoder.encode_text([text[: word.start] + text[word.end :] for word in words])
    index = torch.tensor([triplet])
    features = encoder.unpack(*data.scenes(data.reference[index])).expand(len(words), -1, -1, -1)
    target = encoder.unpack(*data.scenes(data.target[index]))
    states, mask = (part.expand(len(words), *part.shape[1:]) for part in (tokens.states, tokens.mask))
    with torch.no_grad():
        shares = composer.query(features, states, mask) - composer.query(features, without.states, without.mask)
    baseline = (without.states, without.mask)
    references = _positive(reference_map(composer, features, states, mask, encoder.evidence, baseline))
    targets = _positive(target_maps(composer, target, shares, encoder.evidence)[:, 0])
    empty = torch.tensor([word in EMPTY for word in said])
    gone, come = (torch.tensor([word in info[noun].lower().split() for word in said]) for noun in ("removed", "added"))
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

"""From how little evidence on a map is none: set once, on the validation split."""

import torch
from torch import Tensor

from mmgrad.attention import reference_map, target_map
from mmgrad.composer import Composer
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.training.cache import Features

MISSED = 0.05  # at most this share of the true edits may be called "no evidence"


def calibrate(composer: Composer, data: Features, encoder: CompactEncoder, count: int = 500) -> dict[str, float]:
    """Thresholds of the positive evidence of reference and target maps, from `count` triplets of a split.

    Each is the value that separates best (by balanced accuracy) the maps of triplets with a region that changes from
    those without one, and never above the 5 % quantile of the former.
    """
    generator = torch.Generator().manual_seed(0)
    index = torch.randperm(len(data.reference), generator=generator)[:count]
    evidence = torch.cat([_evidence(composer, data, encoder, part) for part in index.split(64)])  # (T, 2)
    defined = data.regions[index].flatten(2).amax(2) > 0  # (T, 2)
    return {
        kind: round(_threshold(evidence[defined[:, i], i], evidence[~defined[:, i], i]), 6)
        for i, kind in enumerate(("reference", "target"))
    }


def _evidence(composer: Composer, data: Features, encoder: CompactEncoder, index: Tensor) -> Tensor:
    """The positive evidence of the reference and the target map of each triplet, [B, 2]."""
    features = encoder.unpack(*data.scenes(data.reference[index]))
    states, mask = data.texts(index)
    with torch.no_grad():
        change = composer.query(features, states, mask) - composer.image(features)
    target_features = encoder.unpack(*data.scenes(data.target[index]))
    maps = (
        reference_map(composer, features, states, mask, encoder.evidence),
        target_map(composer, target_features, change, encoder.evidence),
    )
    return torch.stack([m.clamp_min(0).flatten(1).sum(1) for m in maps], dim=1)


def _threshold(present: Tensor, absent: Tensor) -> float:
    bound = present.quantile(MISSED)
    values = torch.cat([present, absent, bound[None]])
    values = values[values <= bound]
    kept = (present[:, None] >= values).float().mean(0)
    refused = (absent[:, None] < values).float().mean(0)
    return float(values[(kept + refused).argmax()])

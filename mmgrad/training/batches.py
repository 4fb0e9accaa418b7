"""What a run is determined by, and the batch of each of its steps."""

import re
from dataclasses import dataclass

import torch
from torch import Tensor

from mmgrad.encoders.compact import CompactEncoder
from mmgrad.training.cache import Features
from mmgrad.training.precision import precision

OF_A_THING = frozenset({"replace", "remove", "recolour", "resize", "move"})
"""Edits of a thing that has to be in the picture."""
_SIDED = re.compile(r"\b(left|right)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """What a run is determined by, besides its data. `attention` is the weight of the attention loss (0: none)."""

    steps: int = 2500
    families: int = 24  # a batch
    per_family: int = 6  # triplets of each
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warmup: int = 200
    attention: float = 0.5
    attention_ramp: int = 300
    attention_share: int = 6  # every sixth triplet of the batch
    attention_every: int = 2  # steps
    evaluate_every: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Batch:
    """Triplets of some families with all scenes of these.

    features [S, C, h, w], states [Q, L, D], mask [Q, L], reference and target [Q] (index into the scenes), regions
    [Q, 2, 14, 14] in [0, 1], family [Q], and whether the edit is of a thing in the reference [Q].
    """

    features: Tensor
    states: Tensor
    mask: Tensor
    reference: Tensor
    target: Tensor
    regions: Tensor
    family: Tensor
    of_a_thing: Tensor


class Sampler:
    """Makes the batch of a step, which depends on the seed and the step alone.

    Half of the families are mirrored, features and regions alike; their sentences that say left or right are left out.
    """

    def __init__(self, data: Features, settings: Settings, encoder: CompactEncoder):
        self.data, self.settings, self.encoder = data, settings, encoder
        order = torch.argsort(data.family, stable=True)
        self.triplets = order.split(torch.bincount(data.family, minlength=len(data.scenes_of) - 1).tolist())
        self.of_a_thing = torch.tensor([row["edit"] in OF_A_THING for row in data.info])
        self.sided = torch.tensor([bool(_SIDED.search(row["text"])) for row in data.info])

    def batch(self, step: int) -> Batch:
        """The batch of one step."""
        generator = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + step)
        families = torch.randperm(len(self.triplets), generator=generator)[: self.settings.families]
        mirrored = torch.rand(len(families), generator=generator) < 0.5
        triplets, scenes, flips, turns, reference, target, first = [], [], [], [], [], [], 0
        for family, mirror in zip(families.tolist(), mirrored.tolist(), strict=True):
            own = self.triplets[family]
            if mirror:
                own = own[~self.sided[own]]
            picked = own[torch.randperm(len(own), generator=generator)[: self.settings.per_family]]
            start, stop = (int(i) for i in self.data.scenes_of[family : family + 2])
            triplets.append(picked)
            scenes.append(torch.arange(start, stop))
            flips.append(torch.full((stop - start,), mirror))
            turns.append(torch.full((len(picked),), mirror))
            reference.append(self.data.reference[picked] - start + first)
            target.append(self.data.target[picked] - start + first)
            first += stop - start
        index = torch.cat(triplets)
        fine, coarse = (_mirror(stage, torch.cat(flips)) for stage in self.data.scenes(torch.cat(scenes)))
        with precision(fine.device):
            features = self.encoder.unpack(fine, coarse)
        states, mask = self.data.texts(index, self.encoder)
        regions = _mirror(self.data.regions[index].float() / 255, torch.cat(turns))
        ends = torch.cat(reference), torch.cat(target)
        return Batch(features, states, mask, *ends, regions, self.data.family[index], self.of_a_thing[index])


def _mirror(stack: Tensor, chosen: Tensor) -> Tensor:
    return torch.where(chosen[:, None, None, None], stack.flip(-1), stack)

"""What a run is determined by, and the batch of each of its steps."""

import re
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmgrad.encoders.base import TextTokens, Trainable
from mmgrad.synthetic.negative_texts import unrelated
from mmgrad.training.features import Features
from mmgrad.training.precision import precision

OF_A_THING = frozenset({"replace", "remove", "recolour", "resize", "move"})
"""Edits of a thing that has to be in the picture."""
UNRELATED = 6
"""Texts that ask for nothing, of a batch."""

_SIDED = re.compile(r"\b(left|right)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """What a run is determined by, besides its data. `attention` is the weight of the attention loss (0: none)."""

    steps: int = 1700
    families: int = 16  # a batch
    per_family: int = 8  # triplets of each
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    warmup: int = 100
    attention: float = 0.5
    attention_ramp: int = 300
    attention_share: int = 6  # every sixth triplet of the batch
    attention_every: int = 3  # steps
    memory: int = 4096  # pictures of earlier steps that are candidates too, once the warm-up is over
    evaluate_every: int = 500
    seed: int = 0


@dataclass(frozen=True)
class Batch:
    """Triplets of some families with all scenes of these, each once.

    scenes [S] (index into the data), features [S, C, h, w], states [Q, L, D], mask [Q, L], reference and target [Q]
    (index into the scenes of the batch), regions [Q, 2, h', w'] in [0, 1], family [Q], whether the edit is of a thing
    in the reference [Q], and whether the text says left or right [Q]. `mirrored` [S, C, h, w] are features of the
    mirrored scenes, where regions are not known and the step has an attention loss. `unrelated` are texts that ask for
    nothing, where regions are known and the step has such a loss.
    """

    scenes: Tensor
    features: Tensor
    states: Tensor
    mask: Tensor
    reference: Tensor
    target: Tensor
    regions: Tensor
    family: Tensor
    of_a_thing: Tensor
    sided: Tensor
    mirrored: Tensor | None = None
    unrelated: TextTokens | None = None


class Sampler:
    """Makes the batch of a step, which depends on the seed and the step alone.

    Half of the families are mirrored, features and regions alike, where that is right for the encoder and families
    share no picture; their sentences that say left or right are left out.
    """

    def __init__(self, data: Features, settings: Settings, encoder: Trainable):
        self.data, self.settings, self.encoder = data, settings, encoder
        order = torch.argsort(data.family, stable=True)
        self.triplets = order.split(torch.bincount(data.family, minlength=len(data.members)).tolist())
        self.of_a_thing = torch.tensor([row["edit"] in OF_A_THING for row in data.info])
        said = (" ".join((row["text"], *row.get("others", ()))) for row in data.info)
        self.sided = torch.tensor([bool(_SIDED.search(texts)) for texts in said])

    def batch(self, step: int) -> Batch:
        """The batch of one step."""
        generator = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + step)
        families = torch.randperm(len(self.triplets), generator=generator)[: self.settings.families]
        mirrored = torch.rand(len(families), generator=generator) < 0.5
        mirrored &= self.encoder.mirrors and self.data.annotated
        triplets, turns = [], []
        places: dict[int, int] = {}  # of the scenes in the batch
        flips: list[bool] = []
        for family, mirror in zip(families.tolist(), mirrored.tolist(), strict=True):
            own = self.triplets[family]
            if mirror:
                own = own[~self.sided[own]]
            picked = own[torch.randperm(len(own), generator=generator)[: self.settings.per_family]]
            triplets.append(picked)
            turns.append(torch.full((len(picked),), mirror))
            for scene in self.data.members[family].tolist():
                places.setdefault(scene, len(places))
            flips += [mirror] * (len(places) - len(flips))
        index, scenes = torch.cat(triplets), torch.tensor(list(places))
        features = self._features(scenes, torch.tensor(flips))
        states, mask = self.data.texts(index, self.encoder, torch.rand(len(index), generator=generator))
        regions = _mirror(self.data.regions[index].float() / 255, torch.cat(turns))
        reference, target = (
            torch.tensor([places[i] for i in end[index].tolist()]) for end in (self.data.reference, self.data.target)
        )
        attention = self.settings.attention > 0 and step % self.settings.attention_every == 0
        twins = self._features(scenes, mirrored=True) if attention and not self.data.annotated else None
        nothing = None
        if attention and self.data.annotated:
            rng = np.random.default_rng([self.settings.seed, step])
            nothing = self.encoder.encode_text([unrelated(rng) for _ in range(UNRELATED)])
        return Batch(
            scenes=scenes,
            features=features,
            states=states,
            mask=mask,
            reference=reference,
            target=target,
            regions=regions,
            family=self.data.family[index],
            of_a_thing=self.of_a_thing[index],
            sided=self.sided[index],
            mirrored=twins,
            unrelated=nothing,
        )

    def _features(self, scenes: Tensor, flips: Tensor | None = None, mirrored: bool = False) -> Tensor:
        """Feature maps of scenes [S], those where `flips` is True turned round, or those of their mirror images."""
        stages = self.data.scenes(scenes, mirrored)
        if flips is not None:
            stages = tuple(_mirror(stage, flips) for stage in stages)
        with precision(stages[0].device):
            return self.encoder.unpack(*stages)


def _mirror(stack: Tensor, chosen: Tensor) -> Tensor:
    return torch.where(chosen[:, None, None, None], stack.flip(-1), stack)

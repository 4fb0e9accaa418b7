"""The batch of each step of a training run."""

import re
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.encoders.base import TextTokens, Trainable
from mmgrad.synthetic.negative_texts import negative_text
from mmgrad.training.features import Features
from mmgrad.training.settings import Settings, attended_triplets, attention_loss_weight
from mmgrad.utils.device import to_device

EDITS_OF_A_THING = frozenset({"replace", "remove", "recolour", "recolor", "resize", "move"})
"""Edits of a thing that has to be in the reference."""

NEGATIVE_TEXTS = 6
"""Texts in a batch that ask for no change."""

MAX_FOREIGN = 8
"""At most so many references are paired with the text of another family, which changes nothing in them."""

_SIDED = re.compile(r"\b(left|right)\b", re.IGNORECASE)


@dataclass(frozen=True)
class RegionTargets:
    """What the attention loss compares maps with where the changed regions are known.

    Attributes:
        triplets: rows of the batch, [A] int64.
        regions: [A, 2, h, w] float32 in [0, 1], the share of each position that changes in the reference and target.
        defined: for the reference and for the target, which of these regions are not empty, rows [*] int64.
        negatives: scenes of the batch [N] int64 with texts that change nothing there, states [N, L, D] and mask
            [N, L]; None where there are none.
    """

    triplets: Tensor
    regions: Tensor
    defined: tuple[Tensor, Tensor]
    negatives: tuple[Tensor, Tensor, Tensor] | None


@dataclass(frozen=True)
class MirrorTargets:
    """What the attention loss compares maps with where no region is known: maps of the mirrored images.

    Attributes:
        triplets: rows of the batch, [A] int64.
        features: feature maps of all mirrored scenes of the batch, [S, C, h, w].
        unsided: which of the triplets say neither left nor right, rows of `triplets` [*] int64. The others ask for
            something else in a mirrored image.
    """

    triplets: Tensor
    features: Tensor
    unsided: Tensor


@dataclass(frozen=True)
class Batch:
    """Triplets of some families, with all scenes of these families once each.

    Attributes:
        scenes: index of the scenes into the data, [S] int64, on the CPU.
        features: [S, C, h, w] float32.
        states, mask: of the texts, [Q, L, D] float32 and [Q, L] bool.
        reference, target: index into the scenes of the batch, [Q] int64.
        attention: what the attention loss compares with; None where the step has no such loss.
    """

    scenes: Tensor
    features: Tensor
    states: Tensor
    mask: Tensor
    reference: Tensor
    target: Tensor
    attention: RegionTargets | MirrorTargets | None = None


class Sampler:
    """Makes the batch of a step. It depends on the seed and the step alone, and is on the encoder's device.

    Where regions are known and the encoder allows it, half of the families are mirrored, features and regions alike;
    their texts that say left or right are left out.
    """

    def __init__(self, data: Features, settings: Settings, encoder: Trainable):
        self.data, self.settings, self.encoder = data, settings, encoder
        order = torch.argsort(data.family, stable=True)
        self.triplets = order.split(torch.bincount(data.family, minlength=len(data.members)).tolist())
        self.of_a_thing = torch.tensor([row["edit"] in EDITS_OF_A_THING for row in data.info])
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
        reference, target = (
            torch.tensor([places[i] for i in end[index].tolist()]) for end in (self.data.reference, self.data.target)
        )
        device = self.encoder.device
        attention: RegionTargets | MirrorTargets | None = None
        if attention_loss_weight(self.settings, step) is not None:
            chosen = attended_triplets(self.settings, step, len(index))
            if self.data.annotated:
                regions = _mirror(self.data.regions[index].float() / 255, torch.cat(turns))
                attention = self._region_targets(step, index, chosen, regions[chosen], reference, states, mask)
            else:
                attention = MirrorTargets(
                    triplets=to_device(chosen, device),
                    features=self._features(scenes, mirrored=True),
                    unsided=to_device((~self.sided[index[chosen]]).nonzero()[:, 0], device),
                )
        return Batch(scenes, features, states, mask, to_device(reference, device), to_device(target, device), attention)

    def _region_targets(
        self,
        step: int,
        index: Tensor,
        chosen: Tensor,
        regions: Tensor,
        reference: Tensor,
        states: Tensor,
        mask: Tensor,
    ) -> RegionTargets:
        device = self.encoder.device
        defined = [(regions[:, side].flatten(1).amax(1) > 0).nonzero()[:, 0] for side in range(2)]
        return RegionTargets(
            triplets=to_device(chosen, device),
            regions=to_device(regions, device),
            defined=(to_device(defined[0], device), to_device(defined[1], device)),
            negatives=self._negatives(step, index, chosen, reference, states, mask),
        )

    def _negatives(
        self, step: int, index: Tensor, chosen: Tensor, reference: Tensor, states: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor] | None:
        """References with texts that change nothing there: of another family's thing, or of no change at all."""
        rng = np.random.default_rng([self.settings.seed, step])
        plain = self.encoder.encode_text([negative_text(rng) for _ in range(NEGATIVE_TEXTS)])
        rows = chosen.tolist()
        if not rows:
            return None
        of_a_thing, family = self.of_a_thing[index], self.data.family[index]
        of_family = {int(family[row]): row for row in rows if of_a_thing[row]}
        texts = list(of_family.values())[:MAX_FOREIGN]
        foreign = torch.tensor(texts if len(texts) > 1 else [], dtype=torch.long)
        shown = reference[chosen]
        pictures = torch.cat([reference[foreign.roll(1)], shown[torch.arange(NEGATIVE_TEXTS) % len(shown)]])
        foreign = to_device(foreign, states.device)
        return (
            to_device(pictures, states.device),
            *_joined(TextTokens(states[foreign], mask[foreign], ()), plain),
        )

    def _features(self, scenes: Tensor, flips: Tensor | None = None, mirrored: bool = False) -> Tensor:
        """Feature maps of scenes [S], those where `flips` is True turned round, or those of their mirror images."""
        device = self.encoder.device
        stages = self.data.scenes(scenes, mirrored, device)
        if flips is not None:
            flips = to_device(flips, device)
            stages = tuple(_mirror(stage, flips) for stage in stages)
        with self.settings.autocast(device):
            return self.encoder.unpack(*stages)


def _mirror(stack: Tensor, chosen: Tensor) -> Tensor:
    return torch.where(chosen[:, None, None, None], stack.flip(-1), stack)


def _joined(first: TextTokens, second: TextTokens) -> tuple[Tensor, Tensor]:
    """The states and masks of two batches of texts as one, padded to the longest text."""
    longest = max(first.mask.shape[1], second.mask.shape[1])
    both = (first, second)
    states = torch.cat([functional.pad(one.states, (0, 0, 0, longest - one.states.shape[1])) for one in both])
    return states, torch.cat([functional.pad(one.mask, (0, longest - one.mask.shape[1])) for one in both])

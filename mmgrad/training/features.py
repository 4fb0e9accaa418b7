"""Cached features and texts of one split, as training and validation read them. The cache itself is on the CPU."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmgrad.encoders.base import Trainable
from mmgrad.utils.device import to_device

MIRRORED = "mirrored."
"""Prefix of the name of a stage that was computed from the mirrored image."""


@dataclass(frozen=True)
class Features:
    """Images ("scenes") and triplets of them.

    Attributes:
        stages: the names of the encoder's stages. `pictures` holds these stages of S scenes, float16.
        pictures, scene_starts: shards, and the first scene of each [shards + 1].
        sentences, triplet_starts: shards of text states, and the first of the T triplets of each [shards + 1].
        reference, target: scene of each triplet, [T] int64.
        family: family of each triplet, [T] int64.
        members: for each family its scenes [*] int64, the candidates among which a target is to be found.
        regions: [T, 2, h, w] uint8, the share of each position that changes in the reference and in the target, 255 =
            all; all zero = not defined.
        info: for each triplet a dict of text, edit, pattern and flags; `others` are further wordings of the text, the
            same number for each triplet of a shard, and their states follow those of the text.
        annotated: whether regions are known at all. If not, families may share images, and training images are kept
            mirrored too.
        cut: K of the Recall@K that is validated.
    """

    stages: tuple[str, ...]
    pictures: tuple[dict[str, Tensor], ...]
    scene_starts: Tensor
    sentences: tuple[dict[str, Tensor], ...]
    triplet_starts: Tensor
    reference: Tensor
    target: Tensor
    family: Tensor
    members: tuple[Tensor, ...]
    regions: Tensor
    info: tuple[dict[str, Any], ...]
    annotated: bool = True
    cut: int = 1

    def scenes(self, index: Tensor, mirrored: bool = False, device: torch.device | str = "cpu") -> tuple[Tensor, ...]:
        """The stages of the scenes `index` [B] int64, or of their mirror images, float32 on `device`."""
        shard = torch.bucketize(index, self.scene_starts[1:], right=True)
        rows = list(zip(shard.tolist(), (index - self.scene_starts[shard]).tolist(), strict=True))
        keys = [MIRRORED + stage if mirrored else stage for stage in self.stages]
        stacks = (torch.stack([self.pictures[s][key][i] for s, i in rows]) for key in keys)
        return tuple(to_device(stack, torch.device(device)).float() for stack in stacks)

    def texts(self, index: Tensor, encoder: Trainable, luck: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Token states [B, L, D_t] float32 and mask [B, L] of the triplets `index` [B] int64, on the encoder's device.

        The encoder completes the cached states. `luck` [B] in [0, 1) chooses among the wordings of each text; without
        it, the text is that of `info`.
        """
        shard = torch.bucketize(index, self.triplet_starts[1:], right=True)
        parts, said = [], []
        within = (index - self.triplet_starts[shard]).tolist()
        chances = [0.0] * len(within) if luck is None else luck.tolist()
        for triplet, s, i, chance in zip(index.tolist(), shard.tolist(), within, chances, strict=True):
            ways = (self.info[triplet]["text"], *self.info[triplet].get("others", ()))
            way = int(chance * len(ways))
            row = i * len(ways) + way
            start, stop = self.sentences[s]["starts"][row : row + 2]
            parts.append(self.sentences[s]["states"][start:stop])
            said.append(ways[way])
        lengths = torch.tensor([len(part) for part in parts])
        padded = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True)
        states = encoder.add_prototypes(to_device(padded, encoder.device).float(), said)
        mask = torch.arange(states.shape[1]) < lengths[:, None]
        return states, to_device(mask, encoder.device)


def keep_texts(texts: list[str], encoder: Trainable) -> dict[str, Tensor]:
    """The states of texts as they are cached: `states` [tokens, D'] float16, and `starts` [texts + 1] int64."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    states: dict[int, Tensor] = {}
    for i in range(0, len(order), 64):
        batch = order[i : i + 64]
        tokens = encoder.encode_tokens([texts[j] for j in batch])
        states |= {j: s[m].half().cpu() for j, s, m in zip(batch, tokens.states, tokens.mask, strict=True)}
    lengths = torch.tensor([0, *(len(states[i]) for i in range(len(texts)))])
    return {"states": torch.cat([states[i] for i in range(len(texts))]), "starts": lengths.cumsum(0)}

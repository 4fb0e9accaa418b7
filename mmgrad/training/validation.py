"""How a head does on cached features that it is not trained on."""

import torch
from torch import Tensor

from mmgrad.composer import Composer
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.training.cache import Features
from mmgrad.training.precision import precision


@torch.no_grad()
def embed(composer: Composer, data: Features, encoder: CompactEncoder, block: int = 128) -> tuple[Tensor, Tensor]:
    """g of all scenes [S, 256] and q of all triplets [T, 256] of a split, in half precision where that is fast."""
    composer.eval()
    g, q = [], []
    for part in torch.arange(int(data.scene_starts[-1])).split(block):
        fine, coarse = data.scenes(part)
        with precision(fine.device):
            g.append(composer.image(encoder.unpack(fine, coarse)))
    for part in torch.arange(len(data.reference)).split(block):
        fine, coarse = data.scenes(data.reference[part])
        states, mask = data.texts(part, encoder)
        with precision(fine.device):
            q.append(composer.query(encoder.unpack(fine, coarse), states, mask))
    return torch.cat(g), torch.cat(q)


def recall_at_1(composer: Composer, data: Features, encoder: CompactEncoder) -> float:
    """Share of the split's queries whose target is the first of all its scenes, the reference among them."""
    g, q = embed(composer, data, encoder)
    return float(((q @ g.T).argmax(1) == data.target).float().mean())

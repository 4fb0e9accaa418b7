"""How a head does on cached features that it is not trained on."""

import torch
from torch import Tensor

from mmgrad.composer import Composer
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.training.cache import Features
from mmgrad.training.precision import precision

BLOCK = 128


def embed(composer: Composer, data: Features, encoder: CompactEncoder) -> tuple[Tensor, Tensor]:
    """g of all scenes [S, 256] and q of all triplets [T, 256] of a split, in half precision where that is fast."""
    return embed_images(composer, data, encoder), embed_queries(composer, data, encoder)


@torch.no_grad()
def embed_images(composer: Composer, data: Features, encoder: CompactEncoder) -> Tensor:
    """g of all scenes, [S, 256]."""
    composer.eval()
    g = []
    for part in torch.arange(int(data.scene_starts[-1])).split(BLOCK):
        fine, coarse = data.scenes(part)
        with precision(fine.device):
            g.append(composer.image(encoder.unpack(fine, coarse)))
    return torch.cat(g)


@torch.no_grad()
def embed_queries(composer: Composer, data: Features, encoder: CompactEncoder, texts: Tensor | None = None) -> Tensor:
    """q of all references, [T, 256], with their own texts or those of the triplets `texts` [T] int64."""
    composer.eval()
    own = torch.arange(len(data.reference))
    q = []
    for rows, said in zip(own.split(BLOCK), (own if texts is None else texts).split(BLOCK), strict=True):
        fine, coarse = data.scenes(data.reference[rows])
        states, mask = data.texts(said, encoder)
        with precision(fine.device):
            q.append(composer.query(encoder.unpack(fine, coarse), states, mask))
    return torch.cat(q)


def recall_at_1(composer: Composer, data: Features, encoder: CompactEncoder) -> float:
    """Share of the split's queries whose target is the first of all its scenes, the reference among them."""
    g, q = embed(composer, data, encoder)
    return float(((q @ g.T).argmax(1) == data.target).float().mean())

"""How a head does on cached features that it is not trained on."""

import torch
from torch import Tensor

from mmgrad.encoders.base import Trainable
from mmgrad.models.composer import Composer
from mmgrad.training.features import Features
from mmgrad.training.precision import precision

BLOCK = 128


def embed(composer: Composer, data: Features, encoder: Trainable) -> tuple[Tensor, Tensor]:
    """g of all scenes [S, 256] and q of all triplets [T, 256] of a split, in half precision where that is fast."""
    return embed_images(composer, data, encoder), embed_queries(composer, data, encoder)


@torch.no_grad()
def embed_images(composer: Composer, data: Features, encoder: Trainable) -> Tensor:
    """g of all scenes, [S, 256]."""
    composer.eval()
    g = []
    for part in torch.arange(int(data.scene_starts[-1])).split(BLOCK):
        stages = data.scenes(part)
        with precision(stages[0].device):
            g.append(composer.encode_image(encoder.unpack(*stages)))
    return torch.cat(g)


@torch.no_grad()
def embed_queries(composer: Composer, data: Features, encoder: Trainable, texts: Tensor | None = None) -> Tensor:
    """q of all references, [T, 256], with their own texts or those of the triplets `texts` [T] int64."""
    composer.eval()
    own = torch.arange(len(data.reference))
    q = []
    for rows, said in zip(own.split(BLOCK), (own if texts is None else texts).split(BLOCK), strict=True):
        stages = data.scenes(data.reference[rows])
        states, mask = data.texts(said, encoder)
        with precision(stages[0].device):
            q.append(composer.encode_query(encoder.unpack(*stages), states, mask))
    return torch.cat(q)


def recall(composer: Composer, data: Features, encoder: Trainable) -> float:
    """Share of the split's queries whose target is among the first `data.cut` of all its scenes, the reference kept."""
    g, q = embed(composer, data, encoder)
    return found(q @ g.T, data)


def found(scores: Tensor, data: Features) -> float:
    """The same of the scores [T, S] of a split's queries."""
    first = scores.topk(min(data.cut, scores.shape[1]), dim=1).indices
    return float((first == data.target[:, None]).any(dim=1).float().mean())

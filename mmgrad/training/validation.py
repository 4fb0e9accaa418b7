"""Retrieval by a composition head on cached features of a held-out split, in float32."""

import torch
from torch import Tensor

from mmgrad.encoders.base import Trainable
from mmgrad.models.composer import Composer
from mmgrad.training.features import Features

BLOCK = 128


def embed(composer: Composer, data: Features, encoder: Trainable) -> tuple[Tensor, Tensor]:
    """g of all scenes [S, D] and q of all triplets [T, D] of a split, on the encoder's device."""
    return embed_images(composer, data, encoder), embed_queries(composer, data, encoder)


@torch.no_grad()
def embed_images(composer: Composer, data: Features, encoder: Trainable) -> Tensor:
    """g of all scenes, [S, D]."""
    composer.eval()
    rows = torch.arange(int(data.scene_starts[-1])).split(BLOCK)
    stages = (data.scenes(part, device=encoder.device) for part in rows)
    return torch.cat([composer.encode_image(encoder.unpack(*part)) for part in stages])


@torch.no_grad()
def embed_queries(composer: Composer, data: Features, encoder: Trainable, texts: Tensor | None = None) -> Tensor:
    """q of all references, [T, D], with their own texts or those of the triplets `texts` [T] int64."""
    composer.eval()
    own = torch.arange(len(data.reference))
    q = []
    for rows, said in zip(own.split(BLOCK), (own if texts is None else texts).split(BLOCK), strict=True):
        features = encoder.unpack(*data.scenes(data.reference[rows], device=encoder.device))
        q.append(composer.encode_query(features, *data.texts(said, encoder)))
    return torch.cat(q)


def recall(composer: Composer, data: Features, encoder: Trainable) -> float:
    """Share of the split's queries whose target is among the first `data.cut` of all its scenes.

    The reference counts as a candidate.
    """
    g, q = embed(composer, data, encoder)
    return recall_of(q @ g.T, data)


def recall_of(scores: Tensor, data: Features) -> float:
    """The same, of the scores [T, S] of a split's queries."""
    first = scores.topk(min(data.cut, scores.shape[1]), dim=1).indices
    return float((first == data.target.to(first.device)[:, None]).any(dim=1).float().mean())

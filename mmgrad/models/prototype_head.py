"""What the thing that a text brings looks like, and how much of that a picture shows.

Prototypes are directions of the image features that go with names (`mmgrad.encoders.class_prototypes`). A small
network reads which words of a text name what comes; the mean look of these, and the averaged features of a picture, are
compared in the directions along which looks differ most. Nothing here is learnt from pictures, so it holds for names
that no training text ever said; what a text changes besides, and where, is the composer's part. The more a picture is a
photograph of one thing, as which it then looks on the whole, the more of a search from there goes by the named look.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

DIRECTIONS = 255
WIDTH = DIRECTIONS + 1
"""Numbers of an embedding: the last one brings those of texts to length 1 and is 0 of pictures."""

MAX_WEIGHT = 0.95
"""The share of the named look in queries that start from a photograph of one thing."""

INIT_BIAS = -20.0
"""The bias with which no picture is taken for a photograph of one thing, as long as nothing is known of such."""


class PrototypeHead(nn.Module):
    """Texts and pictures -> embeddings [B, WIDTH] of length 1, whose product tells whether a picture shows what comes.

    `axes` [DIRECTIONS, looks] and the network are measured once, on texts, and `single_object`, which tells whether a
    picture is a photograph of one thing, on pictures (`mmgrad.training.fit_prototype_head`). So is `share` on
    validation, the part in [0, 1) that these embeddings have in those of the composer.
    """

    axes: Tensor
    mean: Tensor
    std: Tensor
    branch_weight: Tensor

    def __init__(self, token_width: int, prototype_dim: int, width: int = 128):
        super().__init__()
        self.register_buffer("axes", torch.zeros(DIRECTIONS, prototype_dim))
        self.register_buffer("mean", torch.zeros(token_width))
        self.register_buffer("std", torch.ones(token_width))
        self.register_buffer("branch_weight", torch.zeros(()))
        self.hidden = nn.Linear(token_width, width)
        self.out = nn.Linear(width, 1)
        self.single_object = nn.Linear(DIRECTIONS, 1)
        nn.init.zeros_(self.single_object.weight)
        nn.init.constant_(self.single_object.bias, INIT_BIAS)
        self.requires_grad_(False)

    def target_noun_logits(self, states: Tensor) -> Tensor:
        """Token states [B, L, token_width] -> how surely each is part of a name of what comes, as logits [B, L]."""
        return self.out(functional.gelu(self.hidden((states - self.mean) / self.std)))[..., 0]

    def encode_text(self, states: Tensor, looks: Tensor, mask: Tensor) -> Tensor:
        """Token states [B, L, token_width], their looks [B, L, looks] and mask [B, L] bool -> [B, WIDTH].

        Where it is not sure that something comes, or it has no look, more of the length lies in the last number.
        """
        weights = self.target_noun_logits(states).sigmoid() * mask
        look = (weights[:, None] @ functional.normalize(looks, dim=-1))[:, 0]  # (B, looks)
        look = (look / look.norm(dim=-1, keepdim=True).clamp_min(1) @ self.axes.T).float()
        rest = (1 - look.square().sum(dim=-1, keepdim=True)).clamp_min(1e-6).sqrt()
        return functional.normalize(torch.cat([look, rest], dim=-1), dim=-1)

    def null_embedding(self, count: int) -> Tensor:
        """The embeddings [count, WIDTH] of texts that bring nothing."""
        return functional.pad(self.axes.new_ones(count, 1), (DIRECTIONS, 0))

    def encode_image(self, features: Tensor) -> Tensor:
        """Averaged features [B, looks], what pictures have in common taken away -> [B, WIDTH], L2-normalised."""
        return functional.pad(functional.normalize((features @ self.axes.T).float(), dim=-1), (0, 1))

    @torch.no_grad()
    def weight_for(self, pictures: Tensor) -> Tensor:
        """The share in queries that start from pictures of which `picture` gave [B, WIDTH]: [B, 1].

        `share`, or up to MAX_WEIGHT where they are of one thing. It is held constant: no map tells of it.
        """
        looks = pictures[:, :-1].to(self.single_object.weight.dtype)
        single = self.single_object(looks).sigmoid() * (self.branch_weight > 0)
        return self.branch_weight + single * (MAX_WEIGHT - self.branch_weight).clamp_min(0)

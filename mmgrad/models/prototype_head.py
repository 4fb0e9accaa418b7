"""The prototype branch of the embeddings: the appearance of the object that a text names, and that of an image.

Prototypes are directions of the image features that belong to names (`mmgrad.encoders.class_prototypes`). A small
network finds the words of a text that name the new object. The mean prototype of these words and the averaged features
of an image are compared along the principal directions of the prototypes. The branch is fitted on texts, so it also
works for names that no training text contains. Everything else that a text changes, and where, is the composer's part.
The more confidently the reference is classified as a single-object photograph, the more weight the branch gets in the
query.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

DIRECTIONS = 255
WIDTH = DIRECTIONS + 1
"""Embedding size. The last component pads text embeddings to unit norm; it is always 0 for images."""

MAX_WEIGHT = 0.95
"""Weight of the branch in queries whose reference is a single-object photograph."""

INIT_BIAS = -20.0
"""Initial bias of the single-object classifier, with which no image counts as a single-object photograph."""


class PrototypeHead(nn.Module):
    """Texts and images -> embeddings [B, WIDTH] of length 1; products score whether an image shows the new object.

    `axes` [DIRECTIONS, prototype_dim] and the network are fitted once, on texts (`mmgrad.training.fit_prototype_head`),
    and `single_object`, which classifies single-object photographs, on images (`mmgrad.training.fit_single_object`).
    `branch_weight` in [0, 1), the weight of the branch in the composer's embeddings, is tuned on validation.
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
        """Token states [B, L, token_width] -> logits [B, L] of being part of the name of the new object."""
        logits: Tensor = self.out(functional.gelu(self.hidden((states - self.mean) / self.std)))[..., 0]
        return logits

    def encode_text(self, states: Tensor, prototypes: Tensor, mask: Tensor) -> Tensor:
        """Token states [B, L, token_width], prototypes [B, L, prototype_dim] and mask [B, L] bool -> [B, WIDTH].

        The less certain a new object is, the more of the length lies in the last component.
        """
        weights = self.target_noun_logits(states).sigmoid() * mask
        mean = (weights[:, None] @ functional.normalize(prototypes, dim=-1))[:, 0]  # (B, prototype_dim)
        mean = (mean / mean.norm(dim=-1, keepdim=True).clamp_min(1) @ self.axes.T).float()  # (B, DIRECTIONS)
        padding = (1 - mean.square().sum(dim=-1, keepdim=True)).clamp_min(1e-6).sqrt()
        return functional.normalize(torch.cat([mean, padding], dim=-1), dim=-1)

    def null_embedding(self, count: int) -> Tensor:
        """The embeddings [count, WIDTH] of texts that name no new object."""
        return functional.pad(self.axes.new_ones(count, 1), (DIRECTIONS, 0))

    def encode_image(self, features: Tensor) -> Tensor:
        """Averaged features [B, prototype_dim] minus their mean over images -> [B, WIDTH], L2-normalized."""
        return functional.pad(functional.normalize((features @ self.axes.T).float(), dim=-1), (0, 1))

    @torch.no_grad()
    def weight_for(self, references: Tensor) -> Tensor:
        """The weight of the branch in queries with these references, embeddings of `encode_image` [B, WIDTH]: [B, 1].

        `branch_weight`, or up to MAX_WEIGHT for single-object photographs. It has no gradient, so no map shows it.
        """
        directions = references[:, :-1].to(self.single_object.weight.dtype)
        single = self.single_object(directions).sigmoid() * (self.branch_weight > 0)
        weight: Tensor = self.branch_weight + single * (MAX_WEIGHT - self.branch_weight).clamp_min(0)
        return weight

"""The vision towers of CLIP, SigLIP and SigLIP 2 in two parts: a trunk that returns feature maps, and a head over them.

The tower is split behind the last normalization of the patch states before they are pooled. In CLIP the class token
pools them in the last block, in SigLIP the attention pool (or a mean) does behind it. The states before that norm are
unsuitable: LayerNorm ignores the length of its input, so gradient x activation would be zero there.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel


class ClassToken(nn.Module):
    """CLIP's pooling: the class token attends to the patches in the last block and is projected."""

    def __init__(self, vision: Any, projection: nn.Module):
        super().__init__()
        self.block, self.norm, self.projection = vision.encoder.layers[-1], vision.post_layernorm, projection

    def forward(self, patches: Tensor, prefix: Tensor) -> Tensor:
        """patches [B, P, C], normalized; prefix [B, p, C], as it enters the block, class token first -> [B, D]."""
        tokens = torch.cat([self.block.layer_norm1(prefix), patches], dim=1)
        state = prefix[:, 0] + self.block.self_attn(tokens)[0][:, 0]  # the new states of the patches are not used
        state = state + self.block.mlp(self.block.layer_norm2(state))
        embedding: Tensor = self.projection(self.norm(state))
        return embedding


class AttentionPool(nn.Module):
    """SigLIP's pooling: a learned probe attends to the patches."""

    def __init__(self, pool: nn.Module):
        super().__init__()
        self.pool = pool

    def forward(self, patches: Tensor, prefix: Tensor) -> Tensor:
        """patches [B, P, C], normalized -> [B, C]; there is no prefix."""
        pooled: Tensor = self.pool(patches)
        return pooled


class Mean(nn.Module):
    """The pooling of a SigLIP without attention pool (`vision_use_head` false): the mean of the patches."""

    def forward(self, patches: Tensor, prefix: Tensor) -> Tensor:
        """patches [B, P, C], normalized -> [B, C]; there is no prefix."""
        return patches.mean(dim=1)


class VisionHead(nn.Module):
    """Feature map [B, C (1 + p), h, w] -> the image embedding of `get_image_features`, [B, D], not normalized."""

    def __init__(self, read: nn.Module, width: int):
        super().__init__()
        self.read, self.width = read, width

    def forward(self, features: Tensor) -> Tensor:
        """Gradients reach the patches at their own positions, and the prefix in channels that `to_grid` leaves out."""
        embedding: Tensor = self.read(*unpack(features, self.width))
        return embedding


class Tower:
    """A vision tower, split into trunk and head.

    Attributes:
        width, patch, grid: channels C of a state, side of a patch in pixels, patches per side.
        prefix: p, the number of tokens before the patches (class token, registers).
        head: the part above the feature map.
    """

    def __init__(self, model: PreTrainedModel):
        vision: Any = model.vision_model  # torch types the parts of a module as `Tensor | Module`
        family, config, embeddings = model.config.model_type, vision.config, vision.embeddings
        self.width, self.patch = config.hidden_size, config.patch_size
        patches = embeddings.num_patches
        self.grid = round(patches**0.5)
        self.prefix = embeddings.position_embedding.num_embeddings - patches
        self._embeddings, self._dtype = embeddings, torch.float32
        self._blocks: Sequence[nn.Module] = vision.encoder.layers
        self._embed: Callable[[Tensor], Tensor] = self._embed_flat if family == "siglip2" else self._embed_image
        self._first_norm: nn.Module = nn.Identity()
        read: nn.Module
        if family == "clip":
            self._blocks, self._first_norm = vision.encoder.layers[:-1], vision.pre_layrnorm
            self._norm = vision.encoder.layers[-1].layer_norm1
            read = ClassToken(vision, model.get_submodule("visual_projection"))
        else:
            self._norm = vision.post_layernorm
            read = AttentionPool(vision.head) if vision.use_head else Mean()
        self.head = VisionHead(read, self.width)

    def to_half(self, dtype: torch.dtype) -> None:
        """Run the trunk in bfloat16 or float16; its last norm and the head stay in float32."""
        for module in (self._embeddings, self._first_norm, *self._blocks):
            module.to(dtype)
        self._dtype = dtype

    @torch.no_grad()
    def trunk(self, pixels: Tensor) -> Tensor:
        """pixels [B, 3, S, S] with S = patch x grid -> feature map [B, C (1 + p), grid, grid] float32."""
        states = self._first_norm(self._embed(pixels.to(self._dtype)))  # (B, p + P, C)
        for block in self._blocks:
            states = block(states, None)
        states = states.float()
        return pack(self._norm(states[:, self.prefix :]), states[:, : self.prefix], self.grid)

    def _embed_image(self, pixels: Tensor) -> Tensor:
        # An image a few pixels smaller than configured, where patches do not divide it, has the same positions.
        states: Tensor = self._embeddings(pixels, interpolate_pos_encoding=True)
        return states

    def _embed_flat(self, pixels: Tensor) -> Tensor:
        """SigLIP 2 takes patches as rows of pixels, [B, P, patch * patch * 3]."""
        tiles = pixels.unflatten(3, (self.grid, self.patch)).unflatten(2, (self.grid, self.patch))
        rows = tiles.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)  # (B, P, patch * patch * 3)
        # The grid is the one that the positions were trained for: transformers would resize them to their own size.
        states: Tensor = self._embeddings.patch_embedding(rows) + self._embeddings.position_embedding.weight
        return states


def pack(patches: Tensor, prefix: Tensor, grid: int) -> Tensor:
    """States of patches [B, P, C] and of p prefix tokens [B, p, C] -> one feature map [B, C (1 + p), grid, grid].

    The prefix follows the channels of the patches and is the same at every position: it enters the last block like the
    patches, but has no position.
    """
    places = patches.transpose(1, 2).unflatten(2, (grid, grid))  # (B, C, grid, grid)
    everywhere = prefix.flatten(1)[:, :, None, None].expand(-1, -1, grid, grid)  # (B, p C, grid, grid)
    return torch.cat([places, everywhere], dim=1)


def unpack(features: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """The states of patches [B, P, C] and prefix [B, p, C] of a feature map [B, C (1 + p), h, w]; `width` is C."""
    batch, channels = features.shape[:2]
    prefix = features[:, width:, 0, 0].reshape(batch, channels // width - 1, width)
    return features[:, :width].flatten(2).transpose(1, 2), prefix

"""The composition head: feature maps and token states to embeddings. The only part that is trained.

`encode_image` pools the feature map of an image. `encode_query` first edits the map: every position attends to the text
and to the other positions, and word prototypes are added where they belong. The edited map is pooled in the same way. A
text therefore edits the map *in place*, and the gradient of a match shows where.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmgrad.models.prototype_head import WIDTH, PrototypeHead

DIMENSION = 256
"""Size of an embedding without the prototype branch, which an encoder with prototypes adds."""

SIMILARITY_SCALE = 10.0  # brings products of features and prototypes to the size of attention logits


class Attention(nn.Module):
    """Multi-head attention written out in matrix products: its second derivative exists on every device."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, context: Tensor, mask: Tensor | None = None, prior: Tensor | None = None) -> Tensor:
        """x [B, P, D], context [B, L, D], mask [B, L] bool (False is not attended to) -> [B, P, D].

        `prior`, broadcast to [B, heads, P, L], is added to the logits.
        """
        q = self._split(self.query(x))  # (B, heads, P, d)
        k, v = (self._split(part) for part in self.key_value(context).chunk(2, dim=-1))
        logits = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5  # (B, heads, P, L)
        if prior is not None:
            logits = logits + prior
        if mask is not None:
            logits = logits.masked_fill(~mask[:, None, None], -1e4)
        states: Tensor = self.out((logits.softmax(dim=-1) @ v).transpose(1, 2).flatten(2))
        return states

    def _split(self, x: Tensor) -> Tensor:
        heads: Tensor = x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        return heads


class ChannelDropout(nn.Module):
    """Dropout of whole channels of each image: positions share a mask, so few random numbers are drawn."""

    def __init__(self, share: float):
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """x [B, P, D] -> the same shape."""
        if not self.training or self.share == 0:
            return x
        kept = torch.rand(len(x), 1, x.shape[-1], device=x.device) >= self.share
        return x * (kept / (1 - self.share)).to(x.dtype)


def _mlp(width: int, dropout: float) -> nn.Sequential:
    last = nn.Linear(2 * width, width)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), ChannelDropout(dropout), last)


class EditLayer(nn.Module):
    """Positions attend to the text, then to each other, then pass a two-layer perceptron; all residual.

    The attention to a word is biased by the similarity of the position to the word's prototype; each head learns the
    scale of that prior.
    """

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.prior_scale = nn.Parameter(torch.full((heads,), 0.1))
        self.norm_text, self.norm_self = nn.LayerNorm(width), nn.LayerNorm(width)
        self.to_text, self.to_self = Attention(width, heads), Attention(width, heads)
        self.mlp = _mlp(width, dropout)

    def forward(self, x: Tensor, text: Tensor, mask: Tensor, similarity: Tensor) -> Tensor:
        """x [B, P, D], text [B, L, D], mask [B, L] bool, similarity [B, P, L] -> [B, P, D]."""
        x = x + self.to_text(self.norm_text(x), text, mask, self.prior_scale[:, None, None] * similarity[:, None])
        y = self.norm_self(x)
        x = x + self.to_self(y, y)
        states: Tensor = x + self.mlp(x)
        return states


class PrototypeInjection(nn.Module):
    """Adds word prototypes to positions, or subtracts them, each with a signed weight by position and word.

    Prototypes are projected with the image branch's own weights, so words unseen in training still map to meaningful
    features.
    """

    def __init__(self, width: int, rank: int = 64):
        super().__init__()
        self.norm_text, self.norm_self = nn.LayerNorm(width), nn.LayerNorm(width)
        self.position = nn.Linear(width, rank)
        self.word = nn.Linear(width, rank + 1)
        nn.init.zeros_(self.word.weight)
        nn.init.zeros_(self.word.bias)

    def forward(self, x: Tensor, text: Tensor, mask: Tensor, prototypes: Tensor, similarity: Tensor) -> Tensor:
        """x [B, P, D], text [B, L, D], mask [B, L] bool, prototypes [B, L, D], similarity [B, P, L] -> [B, P, D]."""
        position, word = self.position(self.norm_self(x)), self.word(self.norm_text(text))
        logits = position @ word[..., :-1].transpose(1, 2) * position.shape[-1] ** -0.5  # (B, P, L)
        weights = torch.tanh(logits + word[..., -1:].transpose(1, 2) * similarity) * mask[:, None]
        return x + weights @ prototypes


class Pool(nn.Module):
    """Attention pooling: each of several pools weighs the positions by a softmax and averages its own values."""

    def __init__(self, width: int, num_pools: int, values: int):
        super().__init__()
        self.num_pools = num_pools
        self.norm = nn.LayerNorm(width)
        self.attn_logits = nn.Linear(width, num_pools)
        self.value = nn.Linear(width, num_pools * values)
        self.out = nn.Linear(num_pools * values, DIMENSION)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(x)
        weights = self.attn_logits(x).softmax(dim=1).transpose(1, 2)  # (B, num_pools, P)
        # The average of a linear value is the value of the average, which takes one product per pool, not per position.
        averages = (weights @ x).transpose(0, 1)  # (num_pools, B, D)
        value = self.value.weight.unflatten(0, (self.num_pools, -1)).transpose(1, 2)  # (num_pools, D, d)
        values = (averages @ value).transpose(0, 1).flatten(1) + self.value.bias  # (B, num_pools * d)
        return functional.normalize(self.out(values).float(), dim=-1)


@dataclass(frozen=True)
class ComposerConfig:
    """The arguments of a `Composer`, as its checkpoint stores them.

    Attributes:
        channels, grid: C and the side length h = w of the feature maps.
        token_width: D_t, the length of a token state.
        prototype_dim: number of trailing channels shared between feature maps and token states; 0 without prototypes.
        width, heads, layers, num_pools, dropout: size of the network.
    """

    channels: int
    token_width: int
    grid: int
    prototype_dim: int = 0
    width: int = 256
    heads: int = 8
    layers: int = 3
    num_pools: int = 12
    dropout: float = 0.1


class Composer(nn.Module):
    """Feature map [B, C, h, w] (+ token states [B, L, D_t]) -> L2-normalized embedding [B, D], D = `dimension`.

    The first 256 components come from the positions of the map, edited or not. Where the encoder has prototypes, the
    prototype branch adds further components: the overall appearance of the image or, in a query, the appearance of the
    object that the text names (`mmgrad.models.prototype_head`).

    Channels are standardized by `mean` and `std`, which training measures once. The last `prototype_dim` channels of
    the feature map and of the token states share a space: their product is the evidence that a position shows the
    object of a word (`mmgrad.encoders.class_prototypes`). `edit_scale` is the weight with which the edited embedding
    is interpolated, tuned on validation because the head over-edits unseen images.
    """

    is_trained = True
    mean: Tensor
    std: Tensor
    edit_scale: Tensor

    def __init__(
        self,
        channels: int,
        token_width: int,
        grid: int,
        prototype_dim: int = 0,
        width: int = 256,
        heads: int = 8,
        layers: int = 3,
        num_pools: int = 12,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.config = ComposerConfig(
            channels, token_width, grid, prototype_dim, width, heads, layers, num_pools, dropout
        )
        self.prototype_dim = prototype_dim
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))
        self.register_buffer("edit_scale", torch.ones(()))
        self.embed = nn.Linear(channels, width)
        self.norm = nn.LayerNorm(width)
        self.pos_embed = nn.Parameter(_normal(grid * grid, width))
        self.mlp = _mlp(width, dropout)
        self.drop = ChannelDropout(dropout)
        self.token = nn.Linear(token_width, width)
        self.token_norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(EditLayer(width, heads, dropout) for _ in range(layers))
        self.injection = PrototypeInjection(width)
        self.pool = Pool(width, num_pools, 64)
        self.logit_scale = nn.Parameter(torch.tensor(3.0))
        self.prototype_head = PrototypeHead(token_width - prototype_dim, prototype_dim) if prototype_dim else None
        self.dimension = DIMENSION + (WIDTH if prototype_dim else 0)

    def encode_image(self, features: Tensor) -> Tensor:
        """g: feature map [B, C, h, w] -> [B, D], L2-normalized, no text."""
        return self.append_image_prototype(self.pool(self.positions(features)), features)

    def encode_reference(self, features: Tensor) -> Tensor:
        """The query without a text: feature map [B, C, h, w] -> [B, D], L2-normalized."""
        return self.append_query_prototype(self.pool(self.positions(features)), features)

    def encode_query(self, features: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        """q: feature map [B, C, h, w], token states [B, L, D_t], mask [B, L] bool -> [B, D], L2-normalized.

        Interpolated between the embeddings of the unedited and the edited map with the weight `edit_scale`.
        """
        x = self.positions(features)
        unedited, edited = self.pool(x), self.pool(self.edit(x, features, states, mask))
        embedding = functional.normalize(unedited + self.edit_scale * (edited - unedited), dim=-1)
        return self.append_query_prototype(embedding, features, states, mask)

    def append_image_prototype(self, embedding: Tensor, features: Tensor) -> Tensor:
        """Image embeddings [B, 256], joined with the prototype branch of the feature maps [B, C, h, w]: [B, D]."""
        if self.prototype_head is None:
            return embedding
        return _joined(embedding, self.prototype_embedding(features), self.prototype_head.branch_weight)

    def append_query_prototype(
        self, embedding: Tensor, features: Tensor, states: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Query embeddings [B, 256], joined with the prototype branch of their texts: [B, D].

        `features` [B, C, h, w] are those of the references; without states and mask there is no text.
        """
        if self.prototype_head is None:
            return embedding
        weight = self.prototype_head.weight_for(self.prototype_embedding(features))
        if states is None or mask is None:
            return _joined(embedding, self.prototype_head.null_embedding(len(embedding)), weight)
        plain, prototypes = states[..., : -self.prototype_dim], states[..., -self.prototype_dim :]
        return _joined(embedding, self.prototype_head.encode_text(plain, prototypes, mask), weight)

    def prototype_embedding(self, features: Tensor) -> Tensor:
        """The prototype branch of images with feature maps [B, C, h, w]: [B, WIDTH], L2-normalized.

        Raises ValueError where the encoder has no prototypes.
        """
        if self.prototype_head is None:
            raise ValueError("the encoder has no prototypes, so the composer has no prototype head")
        return self.prototype_head.encode_image(
            features[:, -self.prototype_dim :].mean(dim=(2, 3)) - self.mean[-self.prototype_dim :]
        )

    def positions(self, features: Tensor) -> Tensor:
        """Feature map [B, C, h, w] -> one vector per position, [B, h*w, width]."""
        x = features.flatten(2).transpose(1, 2)  # (B, h*w, C)
        weight = self._embedding()  # standardization folded into the layer: one pass over the features less
        y = functional.linear(x, weight, self.embed.bias - weight @ self.mean)
        y = self.norm(y) + self.pos_embed
        states: Tensor = y + self.mlp(y)
        return states

    def edit(self, x: Tensor, features: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        """Positions x [B, h*w, width] of the feature maps [B, C, h, w], edited by the text: the same shape."""
        shown, prototypes = (
            features[:, features.shape[1] - self.prototype_dim :],
            states[..., states.shape[-1] - self.prototype_dim :],
        )
        similarity = (prototypes @ shown.flatten(2)).transpose(1, 2) / SIMILARITY_SCALE  # (B, h*w, L)
        text = self.drop(self.token_norm(self.token(states)))
        for number, layer in enumerate(self.layers):
            x = layer(x, text, mask, similarity)
            if number == 0:  # the positions to change are known by now; the later layers adapt the rest
                x = self.injection(x, text, mask, self._as_positions(prototypes), similarity)
        return x

    def _embedding(self) -> Tensor:
        """The weights [width, C] for features whose channels are not standardized."""
        return self.embed.weight / self.std

    def _as_positions(self, prototypes: Tensor) -> Tensor:
        """Prototypes of tokens [B, L, prototype_dim] as positions of an image that shows them, [B, L, width].

        Zero for tokens without a prototype.
        """
        weight = self._embedding()[:, self.embed.in_features - self.prototype_dim :]
        y = self.norm(functional.linear(prototypes, weight))
        states: Tensor = (y + self.mlp(y)) * prototypes.any(dim=-1, keepdim=True)
        return states


def _normal(*shape: int) -> Tensor:
    """Random numbers with a deviation of 0.02; none are drawn on the meta device, where weights come from a file."""
    values = torch.empty(shape)
    return values if values.is_meta else nn.init.normal_(values, std=0.02)


def _joined(embedding: Tensor, prototype: Tensor, weight: Tensor) -> Tensor:
    """Two branches of length 1 as one embedding of length 1, in which the second has `weight` in [0, 1)."""
    return torch.cat([(1 - weight).sqrt() * embedding, weight.sqrt() * prototype], dim=-1)

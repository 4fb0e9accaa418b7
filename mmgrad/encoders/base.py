"""Frozen encoders: images to feature maps, texts to token states.

`trunk` runs without gradients. Its output, the feature map, is the leaf at which attention maps are computed. What runs
above it is `mmgrad.models.composer`, or `mmgrad.models.zero_shot` over the encoder's own head.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from mmgrad.imaging.letterbox import PAD, Letterbox

_WORD = re.compile(r"\w+(?:['’\-]\w+)*")


@dataclass(frozen=True)
class Word:
    """A whole word of a text: its characters [start, end) and the positions of its tokens."""

    text: str
    start: int
    end: int
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class TextTokens:
    """Token states [B, L, D] float32, mask [B, L] bool (True: a token), and for each text its words."""

    states: Tensor
    mask: Tensor
    words: tuple[tuple[Word, ...], ...] = ()

    def expand(self, count: int) -> "TextTokens":
        """The tokens of one text, B = 1, for `count` pictures: views, not copies."""
        return TextTokens(self.states.expand(count, -1, -1), self.mask.expand(count, -1), self.words * count)


class Encoder(Protocol):
    """What the engine needs of an encoder."""

    name: str
    size: int
    channels: int
    grid: int
    token_width: int
    fingerprint: str
    device: torch.device

    def prepare(self, images: Sequence[np.ndarray]) -> tuple[Tensor, list[Letterbox]]:
        """RGB uint8 images -> pixels [B, 3, size, size] float32, and the geometry of each."""
        ...

    def trunk(self, pixels: Tensor) -> Tensor:
        """pixels -> feature map [B, C, h, w] float32, no gradient."""
        ...

    def to_grid(self, contributions: Tensor) -> Tensor:
        """Contributions of each value of a feature map [B, C, h, w] -> their sum at each position, [B, H, W]."""
        ...

    def encode_text(self, texts: Sequence[str]) -> TextTokens:
        """Texts -> token states, mask and words."""
        ...

    def classify(self, features: Tensor) -> Tensor | None:
        """Feature maps -> the logits of the 1,000 ImageNet classes, [B, 1000]; None without a classifier."""
        ...

    def compile(self) -> bool:
        """Make `trunk` faster for work on many images in a process of its own; whether anything has changed."""
        ...


def baseline_features(encoder: Encoder) -> Tensor:
    """The feature map [1, C, h, w] of an image of one mean color, the baseline of integrated gradients."""
    return encoder.trunk(encoder.prepare([np.full((encoder.size, encoder.size, 3), PAD, np.uint8)])[0])


class Trainable(Encoder, Protocol):
    """An encoder whose feature maps and token states can be cached, as training needs.

    Attributes:
        source: the argument of `mmgrad.models.model.load_encoder` that loads it again.
        training_fingerprint: 16 hex digits that change with anything that feature maps or token states depend on.
        stage_names: the names of the tensors that `stages` returns.
        prototype_dim: number of trailing channels shared between feature maps and token states, see `Composer`.
        grid_out: side length of the grid that `to_grid` returns.
        mirrors: whether the feature map of a mirrored image is, nearly, the mirrored feature map.
    """

    source: str
    stage_names: tuple[str, ...]
    prototype_dim: int
    grid_out: int
    mirrors: bool

    @property
    def training_fingerprint(self) -> str:
        """Changes with anything that feature maps or token states depend on."""
        ...

    def stages(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """pixels -> the tensors to be cached, each [B, C, h, w] float32; `unpack` makes the feature map of them."""
        ...

    def unpack(self, *stages: Tensor) -> Tensor:
        """The tensors of `stages`, on any device -> feature map [B, C, h, w] float32."""
        ...

    def encode_tokens(self, texts: Sequence[str]) -> TextTokens:
        """Texts -> the part of their token states that is cached."""
        ...

    def add_prototypes(self, states: Tensor, texts: Sequence[str]) -> Tensor:
        """States [B, L, D'] of `encode_tokens` -> the complete states [B, L, D_t] of `encode_text`."""
        ...

    def prototype_rows(self) -> Tensor | None:
        """The prototypes of all names, [N, prototype_dim], each of length 1; None for an encoder without prototypes."""
        ...

    def class_activation(self, stage: Tensor, row: int) -> Tensor | None:
        """The class activation map of an ImageNet class over a last stage [C, h, w]; None without a classifier."""
        ...


def words_of(text: str, offsets: Sequence[tuple[int, int]]) -> tuple[Word, ...]:
    """The words of a text, each with its tokens; words that were cut off by truncation are left out.

    `offsets` are the (start, end) characters of each token, (0, 0) for special and padding tokens.
    """
    words = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        tokens = tuple(i for i, (a, b) in enumerate(offsets) if b > a and a < end and b > start)
        if tokens:
            words.append(Word(match.group(), start, end, tokens))
    return tuple(words)

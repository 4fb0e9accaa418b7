"""Frozen encoders: pictures to feature maps, texts to token states.

An encoder is the part below the seam: `trunk` runs without gradients and its output is the leaf that the attention
maps are taken at; what runs above it is `mmgrad.models.composer`, or `mmgrad.models.zero_shot` over the encoder's own
head.
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
        """RGB uint8 pictures -> pixels [B, 3, size, size] float32, and the geometry of each."""
        ...

    def trunk(self, pixels: Tensor) -> Tensor:
        """pixels -> feature map [B, C, h, w] float32, no gradient."""
        ...

    def to_grid(self, contributions: Tensor) -> Tensor:
        """Contributions of each value of a feature map [B, C, h, w] -> their sum at each place, [B, H, W]."""
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
    """The feature map [1, C, h, w] of a picture of mean colour, which shows nothing."""
    return encoder.trunk(encoder.prepare([np.full((encoder.size, encoder.size, 3), PAD, np.uint8)])[0])


class Trainable(Encoder, Protocol):
    """What training needs of an encoder besides: feature maps and texts that can be kept on disk.

    Attributes:
        source: what `mmgrad.models.model.load_encoder` makes it of again.
        training_fingerprint: 16 hex digits that change with anything that feature maps or text states depend on.
        stage_names: what `stages` gives, by name.
        prototype_dim: so many of the last channels of feature maps and text states are of one space, see `Composer`.
        places: places a side of what `evidence` gives.
        mirrors: whether the feature map of a mirrored picture is, nearly, the mirrored feature map.
    """

    source: str
    stage_names: tuple[str, ...]
    prototype_dim: int
    grid_out: int
    mirrors: bool

    @property
    def training_fingerprint(self) -> str:
        """See above."""
        ...

    def stages(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """pixels -> what is kept, each [B, C, h, w] float32; `unpack` of it is what `trunk` gives."""
        ...

    def unpack(self, *stages: Tensor) -> Tensor:
        """What `stages` gave -> feature map [B, C, h, w] float32."""
        ...

    def encode_tokens(self, texts: Sequence[str]) -> TextTokens:
        """Texts -> as much of their token states as is kept."""
        ...

    def add_prototypes(self, states: Tensor, texts: Sequence[str]) -> Tensor:
        """States [B, L, D'] that `read` gave, those of masked tokens left out, -> all that `encode_text` gives."""
        ...

    def prototype_rows(self) -> Tensor | None:
        """The looks of all names that have one, [N, prototype_dim], each of length 1; None without looks."""
        ...

    def class_activation(self, stage: Tensor, row: int) -> Tensor | None:
        """Evidence for one of the ImageNet classes at each place of a last stage [C, h, w]; None without classifier."""
        ...


def words_of(text: str, offsets: Sequence[tuple[int, int]]) -> tuple[Word, ...]:
    """Words of a text, each with the tokens whose characters lie in it; words cut off by truncation are left out.

    `offsets` are the (start, end) characters of each token, (0, 0) for special and padding tokens.
    """
    words = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        tokens = tuple(i for i, (a, b) in enumerate(offsets) if b > a and a < end and b > start)
        if tokens:
            words.append(Word(match.group(), start, end, tokens))
    return tuple(words)

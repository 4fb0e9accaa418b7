"""Frozen encoders: pictures to feature maps, texts to token states.

An encoder is the part below the seam: `trunk` runs without gradients and its output is the leaf that the attention
maps are taken at; what runs above it is `mmgrad.composer`, or `mmgrad.compositions` over the encoder's own head.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from mmgrad.images import Letterbox

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
    words: tuple[tuple[Word, ...], ...]


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

    def evidence(self, contributions: Tensor) -> Tensor:
        """Contributions of each value of a feature map [B, C, h, w] -> their sum at each place, [B, H, W]."""
        ...

    def encode_text(self, texts: Sequence[str]) -> TextTokens:
        """Texts -> token states, mask and words."""
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

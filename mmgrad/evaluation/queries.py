"""Encoded pictures and queries in batches: the input of every explainer, and the score that a map should explain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import cv2
import numpy as np
import torch
from torch import Tensor

from mmgrad.attribution.gradients import Head
from mmgrad.encoders.base import Encoder
from mmgrad.imaging.letterbox import Letterbox

Side = Literal["reference", "target"]
SIDES: tuple[Side, Side] = ("reference", "target")
BLUR = 10.0
"""Standard deviation, in pixels of the model's input, of the blur that replaces pixels (Fong and Vedaldi, arXiv
1704.03296)."""


@dataclass(frozen=True, eq=False)
class EncodedImages:
    """B pictures as the encoder sees them.

    Attributes:
        pictures: RGB uint8 [H, W, 3] each.
        pixels: the model's input, float32 [B, 3, S, S].
        boxes: geometry of each picture in that input.
        features: feature maps, float32 [B, C, h, w].
    """

    pictures: tuple[np.ndarray, ...]
    pixels: Tensor
    boxes: tuple[Letterbox, ...]
    features: Tensor

    @cached_property
    def blurred(self) -> Tensor:
        """The pixels with each picture blurred, [B, 3, S, S]; the padding is not blurred into the picture."""
        result = self.pixels.clone()
        for pixels, box in zip(result, self.boxes, strict=True):
            inner = pixels[(slice(None), *picture_area(box))]
            flat = np.ascontiguousarray(inner.permute(1, 2, 0).cpu().numpy())
            smooth = cv2.GaussianBlur(flat, (0, 0), BLUR, borderType=cv2.BORDER_REPLICATE)
            inner.copy_(torch.from_numpy(smooth).permute(2, 0, 1))
        return result

    def take(self, rows: Tensor) -> "EncodedImages":
        """The pictures at `rows` [K] int64, in this order."""
        own = rows.tolist()
        pictures, boxes = (tuple(column[i] for i in own) for column in (self.pictures, self.boxes))
        return EncodedImages(pictures, self.pixels[rows], boxes, self.features[rows])


@dataclass(frozen=True, eq=False)
class Queries:
    """B composed queries with their targets; `states` [B, L, D_t] and `mask` [B, L] are the encoded texts."""

    reference: EncodedImages
    target: EncodedImages
    texts: tuple[str, ...]
    states: Tensor
    mask: Tensor

    def __len__(self) -> int:
        return len(self.texts)

    def images(self, side: Side) -> EncodedImages:
        """The pictures of one side."""
        return self.reference if side == "reference" else self.target

    def with_texts(self, encoder: Encoder, texts: Sequence[str]) -> "Queries":
        """The same pictures with other texts."""
        tokens = encoder.encode_text(texts)
        return replace(self, texts=tuple(texts), states=tokens.states, mask=tokens.mask)


@dataclass(frozen=True, eq=False)
class ScoreFunction:
    """The match <q, g(target)> of one query as a function of one of its pictures.

    Attributes:
        embed: pixels [n, 3, S, S] in the place of that picture -> embeddings [n, D].
        other: the embedding they are compared with, [D]: g(target) for the reference, q for the target.
    """

    embed: Callable[[Tensor], Tensor]
    other: Tensor


def encode_images(encoder: Encoder, pictures: Sequence[np.ndarray]) -> EncodedImages:
    """Encode pictures, RGB uint8 [H, W, 3] each."""
    pixels, boxes = encoder.prepare(pictures)
    return EncodedImages(tuple(pictures), pixels, tuple(boxes), encoder.trunk(pixels))


def encode_queries(encoder: Encoder, reference: EncodedImages, target: EncodedImages, texts: Sequence[str]) -> Queries:
    """Queries of B references, B targets and B texts."""
    tokens = encoder.encode_text(texts)
    return Queries(reference, target, tuple(texts), tokens.states, tokens.mask)


@torch.no_grad()
def score_function(encoder: Encoder, composer: Head, queries: Queries, side: Side, index: int) -> ScoreFunction:
    """The match of the query `index` as a function of its picture on one side."""
    states, mask = queries.states[index : index + 1], queries.mask[index : index + 1]

    @torch.no_grad()
    def query(pixels: Tensor) -> Tensor:
        features = encoder.trunk(pixels)
        return composer.encode_query(features, states.expand(len(pixels), -1, -1), mask.expand(len(pixels), -1))

    @torch.no_grad()
    def image(pixels: Tensor) -> Tensor:
        return composer.encode_image(encoder.trunk(pixels))

    if side == "reference":
        return ScoreFunction(query, composer.encode_image(queries.target.features[index : index + 1])[0])
    own = composer.encode_query(queries.reference.features[index : index + 1], states, mask)
    return ScoreFunction(image, own[0])


def picture_area(box: Letterbox) -> tuple[slice, slice]:
    """Rows and columns of the model's input that the picture fills."""
    return slice(box.top, box.top + box.inner_height), slice(box.left, box.left + box.inner_width)


def resize_to_input(values: np.ndarray, box: Letterbox) -> np.ndarray:
    """A map [h, w] resized to the pixels of the model's input that the picture fills: float32 [inner_h, inner_w]."""
    return replace(box, height=box.inner_height, width=box.inner_width).restore(values)

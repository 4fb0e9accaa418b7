"""Queries in batches, as a model sees them: all that a map is made from, and the match that it should explain."""

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
"""Sigma, in pixels of the model's input, of the blur that covers a region (Fong and Vedaldi, arXiv 1704.03296)."""


@dataclass(frozen=True, eq=False)
class View:
    """B pictures, RGB uint8 [H, W, 3], as a model sees them: pixels [B, 3, S, S] float32, the geometry of each, and
    features [B, C, h, w] float32."""

    pictures: tuple[np.ndarray, ...]
    pixels: Tensor
    boxes: tuple[Letterbox, ...]
    features: Tensor

    @cached_property
    def blurred(self) -> Tensor:
        """The pixels with each picture blurred, [B, 3, S, S]; the padding around it is kept out of the blur."""
        result = self.pixels.clone()
        for pixels, box in zip(result, self.boxes, strict=True):
            inner = pixels[(slice(None), *inside(box))]
            flat = np.ascontiguousarray(inner.permute(1, 2, 0).cpu().numpy())
            smooth = cv2.GaussianBlur(flat, (0, 0), BLUR, borderType=cv2.BORDER_REPLICATE)
            inner.copy_(torch.from_numpy(smooth).permute(2, 0, 1))
        return result

    def take(self, rows: Tensor) -> "View":
        """The pictures `rows` [K] int64, in this order."""
        own = rows.tolist()
        pictures, boxes = (tuple(column[i] for i in own) for column in (self.pictures, self.boxes))
        return View(pictures, self.pixels[rows], boxes, self.features[rows])


@dataclass(frozen=True, eq=False)
class Queries:
    """B composed queries with their targets: two views, the texts, their states [B, L, D_t] and mask [B, L]."""

    reference: View
    target: View
    texts: tuple[str, ...]
    states: Tensor
    mask: Tensor

    def __len__(self) -> int:
        return len(self.texts)

    def view(self, side: Side) -> View:
        """The pictures of one side."""
        return self.reference if side == "reference" else self.target

    def with_texts(self, encoder: Encoder, texts: Sequence[str]) -> "Queries":
        """The same pictures with other texts."""
        tokens = encoder.encode_text(texts)
        return replace(self, texts=tuple(texts), states=tokens.states, mask=tokens.mask)


@dataclass(frozen=True, eq=False)
class Match:
    """The match <q, g(target)> of one query, seen from one of its pictures.

    `embed` takes pixels [n, 3, S, S] in that picture's place to embeddings [n, D]; `other` [D] is the embedding that
    they are compared with: g(target) for the reference, q for the target.
    """

    embed: Callable[[Tensor], Tensor]
    other: Tensor


def look(encoder: Encoder, pictures: Sequence[np.ndarray]) -> View:
    """What the encoder sees of some pictures."""
    pixels, boxes = encoder.prepare(pictures)
    return View(tuple(pictures), pixels, tuple(boxes), encoder.trunk(pixels))


def ask(encoder: Encoder, reference: View, target: View, texts: Sequence[str]) -> Queries:
    """Queries of as many references, targets and texts."""
    tokens = encoder.encode_text(texts)
    return Queries(reference, target, tuple(texts), tokens.states, tokens.mask)


@torch.no_grad()
def match(encoder: Encoder, composer: Head, queries: Queries, side: Side, index: int) -> Match:
    """The match of the query `index`, to be looked at with one of its pictures altered."""
    states, mask = queries.states[index : index + 1], queries.mask[index : index + 1]

    @torch.no_grad()
    def query(pixels: Tensor) -> Tensor:
        features = encoder.trunk(pixels)
        return composer.encode_query(features, states.expand(len(pixels), -1, -1), mask.expand(len(pixels), -1))

    @torch.no_grad()
    def image(pixels: Tensor) -> Tensor:
        return composer.encode_image(encoder.trunk(pixels))

    if side == "reference":
        return Match(query, composer.encode_image(queries.target.features[index : index + 1])[0])
    return Match(image, composer.encode_query(queries.reference.features[index : index + 1], states, mask)[0])


def inside(box: Letterbox) -> tuple[slice, slice]:
    """Rows and columns of the model's input that the picture fills."""
    return slice(box.top, box.top + box.inner_height), slice(box.left, box.left + box.inner_width)


def on_input(values: np.ndarray, box: Letterbox) -> np.ndarray:
    """A map [h, w] over the model's input, read as the app draws it at each pixel that the picture fills there:
    float32 [inner_height, inner_width]."""
    return replace(box, height=box.inner_height, width=box.inner_width).restore(values)

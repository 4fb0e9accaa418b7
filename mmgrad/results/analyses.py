"""Answers to follow-up questions about an explanation, and the protocol by which an explanation asks them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from mmgrad.gallery.sources.record import Record
from mmgrad.results.attention_map import AttentionMap


@dataclass(frozen=True, eq=False)
class Contrast:
    """Why `first` is ranked before `second`, or behind it.

    Attributes:
        first, second: the two pictures.
        scores: their cosine scores.
        reference: signed map over the reference; positive where it supports the first, negative where the second.
        targets: for each picture, a signed map of what in it supports the query (positive) and what opposes it.
        words: for each word of the text: the word, its characters [start, end), and by how much it prefers the first.
    """

    first: Record
    second: Record
    scores: tuple[float, float]
    reference: AttentionMap = field(repr=False)
    targets: tuple[AttentionMap, AttentionMap] = field(repr=False)
    words: tuple[tuple[str, int, int, float], ...]


@dataclass(frozen=True, eq=False)
class OccludedImage:
    """A picture with a region painted over, uint8 [H, W, 3], its score, and its rank from 1 in the whole gallery."""

    image: np.ndarray = field(repr=False)
    score: float
    rank: int


@dataclass(frozen=True, eq=False)
class OcclusionCheck:
    """One hit as it is, with the top region of its map occluded, and with control regions of the same size occluded.

    Attributes:
        record_id: the hit.
        share: the part of the picture that was occluded, in [0, 1].
        whole: the picture as it is.
        marked: the top region of the map occluded.
        elsewhere: one picture for each control region.
    """

    record_id: str
    share: float
    whole: OccludedImage
    marked: OccludedImage
    elsewhere: tuple[OccludedImage, ...]


class FollowUps(Protocol):
    """Follow-up questions about one query and its hits, by their ids; see `mmgrad.attribution.follow_ups`."""

    def contrast(self, first: str, second: str) -> Contrast:
        """Why the hit with the id `first` rather than the hit with the id `second`."""
        ...

    def verify(self, hit: str) -> OcclusionCheck:
        """Occlude what the map marks in a hit, and control regions, and rank it again."""
        ...

    def per_result_attribution(self, ids: Sequence[str]) -> tuple[AttentionMap, ...]:
        """For each hit, a map over the reference: how much the change at each place contributes to its score."""
        ...

    def text_agnostic_gradcam(self, ids: Sequence[str]) -> tuple[AttentionMap, tuple[AttentionMap, ...]]:
        """Grad-CAM that does not read the text, over the reference and over each hit."""
        ...

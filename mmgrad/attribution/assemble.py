"""Tensors to result values: attention maps, hits, words."""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from mmgrad.attribution.blend import ExplanationMaps
from mmgrad.attribution.encoded import EncodedImages, missing_note
from mmgrad.attribution.words import WordMaps
from mmgrad.gallery.pictures import Picture
from mmgrad.gallery.sources.record import Record
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.results import AttentionMap, Hit, WordAttribution

_SIZE = 224
"""The square of a placeholder, whose map is empty, so that any will do."""


def attention_map(
    values: Tensor,
    letterbox: Letterbox,
    image: np.ndarray | None = None,
    threshold: float = 0.0,
    change: Tensor | None = None,
) -> AttentionMap:
    """The map of a tensor [h, w] over a picture; a `threshold` of 0 is that of a signal that was not calibrated."""
    own = None if change is None else change.float().cpu().numpy()
    return AttentionMap(values.float().cpu().numpy(), letterbox, threshold, own, image)


def make_hits(
    ranking: Sequence[tuple[Record, float]],
    found: EncodedImages,
    changed: Mapping[str, Picture],
    maps: ExplanationMaps | None,
    threshold: float,
    grid: tuple[int, int],
) -> tuple[Hit, ...]:
    """The hits of a ranking, best first.

    Args:
        ranking: records and their scores.
        found: the pictures that can be shown.
        changed: by id, the pictures that are not as they were. Those that are not among `found` get no map.
        maps: of `found`; None where none were asked for.
        threshold: of "no evidence". grid: rows and columns of a map.
    """
    row_of = {record.id: row for row, record in enumerate(found.records)}
    hits = []
    for rank, (record, score) in enumerate(ranking, start=1):
        if record.id not in row_of:
            gone = changed[record.id]
            nowhere = AttentionMap.placeholder(grid, Letterbox.fit(gone.height, gone.width, _SIZE), gone.pixels)
            hits.append(Hit(rank, record, score, gone.pixels, nowhere, missing=True, note=missing_note(record.id)))
            continue
        row = row_of[record.id]
        image, box = found.images[row], found.letterboxes[row]
        if maps is None:
            shown = AttentionMap.placeholder(grid, box, image)
        else:
            shown = attention_map(maps.shown[row], box, image, threshold, maps.change[row])
        note = changed[record.id].note if record.id in changed else ""
        hits.append(Hit(rank, record, score, image, shown, note=note))
    return tuple(hits)


def make_words(
    maps: WordMaps, reference: AttentionMap, hits: Sequence[Hit], thresholds: Mapping[str, float]
) -> tuple[WordAttribution, ...]:
    """The words of a text. Over a hit that cannot be read they have placeholders; `maps` does not hold such hits."""
    over_reference, over_target = (thresholds.get(kind, 0.0) for kind in ("word_reference", "word_target"))
    readable = [hit for hit in hits if not hit.missing]
    words = []
    for word, weight, own, rows in zip(maps.words, maps.weights.tolist(), maps.reference, maps.targets, strict=True):
        of_hit = {
            hit.id: attention_map(values, hit.attention.letterbox, hit.image, over_target)
            for hit, values in zip(readable, rows, strict=True)
        }
        words.append(
            WordAttribution(
                word=word.text,
                start=word.start,
                end=word.end,
                weight=weight,
                reference=attention_map(own, reference.letterbox, reference.image, over_reference),
                targets=tuple(of_hit.get(hit.id, hit.attention) for hit in hits),
            )
        )
    return tuple(words)

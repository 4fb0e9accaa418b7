"""Tensors to result values: attention maps, hits, words."""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from mmgrad.attribution.blend import ExplanationMaps
from mmgrad.attribution.encoded import EncodedImages
from mmgrad.attribution.words import WordMaps
from mmgrad.gallery.sources.folder import Record
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.results import AttentionMap, Hit, WordAttribution


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
    notes: Mapping[str, str],
    maps: ExplanationMaps | None,
    threshold: float,
    placeholder: AttentionMap,
) -> tuple[Hit, ...]:
    """The hits of a ranking, best first.

    Args:
        ranking: records and their scores.
        found: the pictures that can be shown.
        notes: by id, a sentence about each picture that cannot be shown or is not as it was.
        maps: of `found`; None where none were asked for.
        placeholder: the map of a hit that has no picture.
    """
    row_of = {record.id: row for row, record in enumerate(found.records)}
    hits = []
    for rank, (record, score) in enumerate(ranking, start=1):
        if record.id not in row_of:
            hits.append(Hit(rank, record, score, None, placeholder, missing=True, note=notes.get(record.id, "")))
            continue
        row = row_of[record.id]
        image, box = found.images[row], found.letterboxes[row]
        if maps is None:
            shown = AttentionMap.placeholder(placeholder.values.shape, box, image)
        else:
            shown = attention_map(maps.shown[row], box, image, threshold, maps.change[row])
        hits.append(Hit(rank, record, score, image, shown, note=notes.get(record.id, "")))
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

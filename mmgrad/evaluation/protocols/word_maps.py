"""Localization of single words: does the removed noun point at the old object, and the added noun at the new one?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from mmgrad.attribution.encoded import EncodedQuery
from mmgrad.attribution.gradients import AttributionModel, Head
from mmgrad.attribution.words import FUNCTION_WORDS, WordMaps, word_maps, words_of_noun
from mmgrad.encoders.base import Encoder
from mmgrad.evaluation.families import draw_families
from mmgrad.evaluation.metrics.bootstrap import estimate
from mmgrad.evaluation.metrics.localization import dilate, energy_inside, points_inside
from mmgrad.evaluation.queries import SIDES, encode_images
from mmgrad.evaluation.table import row
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.synthetic.families import Family, Triplet

METRICS = ("pointing", "energy", "other_pointing")
METHOD = "MMGrad words"


def word_rows(
    encoder: Encoder,
    composers: Mapping[str, Head],
    split: str,
    count: int,
    families: int,
    workers: int = 1,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Measure the word maps of `count` replacements that name both objects, at most one per family.

    For each side: pointing game and energy of the noun of that side (removed noun in the reference, added noun in the
    target), and `other_pointing`, the pointing game of the other noun in the same region. Nouns of several words count
    with the mean of their words. `removed_weight` and the absolute `function_weight` (function words) are mean weights
    relative to that of the added noun; `added_positive` is the share of added nouns with a positive weight.
    """
    columns: dict[str, list[tuple[int, dict[str, float]]]] = {name: [] for name in composers}
    with tqdm(total=count, desc="words", unit=" texts", disable=not progress) as bar:
        for number, (family, triplet) in enumerate(_replacements(split, families, workers)):
            if number == count:
                break
            scenes = [family.scenes[triplet.reference], family.scenes[triplet.target]]
            seen = encode_images(encoder, scenes)
            tokens = encoder.encode_text([triplet.text])
            features, target = seen.features[:1], seen.features[1:]
            for name, composer in composers.items():
                model = AttributionModel(composer, encoder.to_grid)
                found = word_maps(model, encoder, EncodedQuery.of(composer, triplet.text, tokens, features), target)
                columns[name].append((number, _measure(found, triplet, seen.boxes)))
            bar.update()
    return [one for name, own in columns.items() for one in _rows(name, own)]


def _replacements(split: str, families: int, workers: int) -> Iterator[tuple[Family, Triplet]]:
    for family in draw_families(split, range(families), workers):
        for triplet in family.triplets:
            if triplet.edit == "replace" and triplet.removed and triplet.added:
                yield family, triplet
                break


def _measure(found: WordMaps, triplet: Triplet, boxes: Sequence[Letterbox]) -> dict[str, float]:
    """The metrics of one text."""
    assert triplet.removed
    assert triplet.added
    assert triplet.reference_mask is not None
    assert triplet.target_mask is not None
    removed, added = words_of_noun(found.words, triplet.removed), words_of_noun(found.words, triplet.added)
    values: dict[str, float] = {}
    sides = (
        ("reference", found.reference, triplet.reference_mask, boxes[0], removed, added),
        ("target", found.targets[:, 0], triplet.target_mask, boxes[1], added, removed),
    )
    for side, maps, mask, box, own, others in sides:
        inside = mask > 0
        wide = dilate(inside)
        shown = [box.restore(np.maximum(one.numpy(), 0)) for one in maps.float().cpu()]
        values[f"{side} pointing"] = float(np.mean([points_inside(shown[i], wide) for i in own]))
        values[f"{side} energy"] = float(np.mean([energy_inside(shown[i], inside) for i in own]))
        values[f"{side} other_pointing"] = float(np.mean([points_inside(shown[i], wide) for i in others]))
    weights = found.weights.float().cpu().numpy()
    empty = [i for i, word in enumerate(found.words) if word.text.lower() in FUNCTION_WORDS]
    values["added"] = float(weights[added].sum())
    values["removed"] = float(weights[removed].sum())
    values["function"] = float(np.abs(weights[empty]).mean()) if empty else float("nan")
    return values


def _rows(model: str, own: Sequence[tuple[int, dict[str, float]]]) -> Iterator[dict[str, Any]]:
    numbers = np.array([number for number, _ in own])

    def column(key: str) -> np.ndarray:
        return np.array([values[key] for _, values in own])

    keys = {"model": model, "method": METHOD}
    for side in SIDES:
        for metric in METRICS:
            yield row("words", metric, estimate(column(f"{side} {metric}"), numbers), side=side, **keys)
    added, function = column("added"), column("function")
    known = ~np.isnan(function)
    yield row("words", "added_positive", estimate((added > 0).astype(float), numbers), **keys)
    yield row("words", "removed_weight", float(column("removed").mean() / added.mean()), **keys)
    yield row("words", "function_weight", float(function[known].mean() / added[known].mean()), **keys)

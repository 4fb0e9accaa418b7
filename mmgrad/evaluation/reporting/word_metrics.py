"""Whether the words of a replacement point where they should: the noun that goes at the old thing in the reference, the
noun that comes at the new one in the target; and what function words weigh beside them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from tqdm import tqdm

from mmgrad.attribution.encoded import EncodedQuery
from mmgrad.attribution.gradients import AttributionModel, Head
from mmgrad.attribution.words import FUNCTION_WORDS, WordMaps, word_maps, words_of_noun
from mmgrad.encoders.base import Encoder
from mmgrad.evaluation.metrics.bootstrap import estimate
from mmgrad.evaluation.metrics.localization import dilate, energy_inside, points_inside
from mmgrad.evaluation.queries import look
from mmgrad.evaluation.reporting.tables import label, percent, table
from mmgrad.evaluation.runner import draw
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.synthetic.families import Family, Triplet

FIGURES = ("pointing", "energy", "other_pointing")


def word_figures(
    encoder: Encoder,
    composers: Mapping[str, Head],
    split: str,
    count: int,
    families: int,
    workers: int = 1,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Figures of the words of `count` replacements, one of a family, that name both things; a row for each model.

    By side: how often a word of its noun points at the region (15 px), what share of the word's evidence lies in it,
    and how often a word of the *other* noun points there, which it should not; a noun of several words counts as their
    mean. `goes_share` and, absolute, `function_share` are mean weights, as shares of that of the noun that comes.
    """
    columns: dict[str, list[tuple[int, dict[str, float]]]] = {name: [] for name in composers}
    with tqdm(total=count, desc="words", unit=" texts", disable=not progress) as bar:
        for number, (family, triplet) in enumerate(_replacements(split, families, workers)):
            if number == count:
                break
            scenes = [family.scenes[triplet.reference], family.scenes[triplet.target]]
            seen = look(encoder, scenes)
            tokens = encoder.encode_text([triplet.text])
            features, target = seen.features[:1], seen.features[1:]
            for name, composer in composers.items():
                model = AttributionModel(composer, encoder.to_grid)
                found = word_maps(model, encoder, EncodedQuery.of(composer, triplet.text, tokens, features), target)
                columns[name].append((number, _judged(found, triplet, seen.boxes)))
            bar.update()
    return [{"model": name, **_row(own)} for name, own in columns.items()]


def _replacements(split: str, families: int, workers: int) -> Iterator[tuple[Family, Triplet]]:
    for family in draw(split, range(families), workers):
        for triplet in family.triplets:
            if triplet.edit == "replace" and triplet.removed and triplet.added:
                yield family, triplet
                break


def _judged(found: WordMaps, triplet: Triplet, boxes: Sequence[Letterbox]) -> dict[str, float]:
    assert triplet.removed
    assert triplet.added
    assert triplet.reference_mask is not None
    assert triplet.target_mask is not None
    goes, comes = words_of_noun(found.words, triplet.removed), words_of_noun(found.words, triplet.added)
    figures: dict[str, float] = {}
    sides = (
        ("reference", found.reference, triplet.reference_mask, boxes[0], goes, comes),
        ("target", found.targets[:, 0], triplet.target_mask, boxes[1], comes, goes),
    )
    for side, maps, mask, box, own, others in sides:
        inside = mask > 0
        wide = dilate(inside)
        shown = [box.restore(np.maximum(values.numpy(), 0)) for values in maps.float().cpu()]
        figures[f"{side} pointing"] = float(np.mean([points_inside(shown[i], wide) for i in own]))
        figures[f"{side} energy"] = float(np.mean([energy_inside(shown[i], inside) for i in own]))
        figures[f"{side} other_pointing"] = float(np.mean([points_inside(shown[i], wide) for i in others]))
    weights = found.weights.float().cpu().numpy()
    empty = [i for i, word in enumerate(found.words) if word.text.lower() in FUNCTION_WORDS]
    figures["comes"] = float(weights[comes].sum())
    figures["goes"] = float(weights[goes].sum())
    figures["function"] = float(np.abs(weights[empty]).mean()) if empty else float("nan")
    return figures


def _row(own: Sequence[tuple[int, dict[str, float]]]) -> dict[str, Any]:
    numbers = np.array([number for number, _ in own])

    def column(key: str) -> np.ndarray:
        return np.array([figures[key] for _, figures in own])

    row: dict[str, Any] = {
        side: {key: asdict(estimate(column(f"{side} {key}"), numbers)) for key in FIGURES}
        for side in ("reference", "target")
    }
    comes, function = column("comes"), column("function")
    known = ~np.isnan(function)
    row["comes_positive"] = asdict(estimate((comes > 0).astype(float), numbers))
    row["goes_share"] = float(column("goes").mean() / comes.mean())
    row["function_share"] = float(function[known].mean() / comes[known].mean())
    return row


def words_section(report: dict) -> Iterator[str]:
    """The table of a report that has such figures."""
    rows = report.get("words")
    if not rows:
        return
    yield "### Words of a replacement"
    yield ""
    yield (
        f"{rows[0]['comes_positive']['count']:,} texts that name what goes and what comes. A word's map is that of "
        "what the text does more than the text without the word; “the other noun” should point elsewhere. Weights as "
        "shares of that of the noun that comes."
    )
    yield ""
    names = {"reference": "noun that goes, in the reference", "target": "noun that comes, in the target"}
    yield from table(
        ["words", "pointing game, 15 px", "energy inside", "the other noun, 15 px"],
        (
            [label(report, row["model"], names[side]), *(percent(row[side][key]) for key in FIGURES)]
            for row in rows
            for side in names
        ),
    )
    yield from table(
        ["weights", "noun that comes is positive", "noun that goes", "a function word, absolute"],
        (
            [row["model"], percent(row["comes_positive"]), f"{row['goes_share']:.2f}", f"{row['function_share']:.2f}"]
            for row in rows
        ),
    )

"""Evaluation on edit scenes: choose settings on the validation split, measure on the test split, return one table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from mmgrad.attribution.gradients import Head
from mmgrad.encoders.base import Encoder
from mmgrad.evaluation.explainers.captum_explainers import captum_explainers
from mmgrad.evaluation.explainers.explainers import OURS, Explainer
from mmgrad.evaluation.metrics.bootstrap import RESAMPLES, estimate
from mmgrad.evaluation.metrics.calibration import calibration, trials_of
from mmgrad.evaluation.metrics.localization import LEVELS, TOLERANCE, Localization, best_level
from mmgrad.evaluation.metrics.retrieval import CUTS, best_weight, recall_at, target_ranks, weighted_sum
from mmgrad.evaluation.protocols.first_results import FIRST, first_results
from mmgrad.evaluation.protocols.sanity_checks import run_sanity_checks
from mmgrad.evaluation.protocols.sanity_results import SanityChecks
from mmgrad.evaluation.protocols.word_maps import word_rows
from mmgrad.evaluation.queries import SIDES, Side
from mmgrad.evaluation.runner import OBJECT_EDITS, EvaluationRun, run
from mmgrad.evaluation.table import Results, row
from mmgrad.models.confidence import Confidence, fit
from mmgrad.synthetic.families import KINDS
from mmgrad.utils.thresholds import balanced_accuracy_threshold

COMPOSED, IMAGE, TEXT, SUM, CHANGE_SUM = "composed query", "image only", "text only", "sum", "sum with text change"
AS_SHOWN = "MMGrad as shown"
"""MMGrad maps as a user sees them: a map that is called "no evidence" is a miss."""
WITH_REFERENCE, WITHOUT_REFERENCE = "reference in gallery", "reference excluded"
FROM_CARD, FROM_VALIDATION = "model card", "validation"

Rows = Iterator[dict[str, Any]]
Columns = dict[tuple[str, str, str, str], np.ndarray]
Cuts = dict[str, dict[Side, tuple[float, str]]]
"""Threshold of the evidence and its source, by model and side."""


@dataclass(frozen=True)
class EvaluationOptions:
    """Settings of an evaluation on edit scenes.

    Attributes:
        split: "test" or "validation". The validation split is measured with settings chosen on itself.
        families: families of the split; a family is a reference with its edited variants.
        validation_families: families of the validation split, on which settings are chosen.
        maps: upper limit of explained queries.
        faithfulness: explained queries on which the slow checks run: deletion, insertion, randomization, stability.
        words: replacement queries whose words are localized one by one.
        seed: of the choice of queries and of random maps.
        workers: processes that draw pictures; 0 draws them in this process.
        progress: whether to show progress bars.
    """

    split: str = "test"
    families: int = 1450
    validation_families: int = 150
    maps: int = 2000
    faithfulness: int = 0
    words: int = 0
    seed: int = 0
    workers: int = 1
    progress: bool = True


def evaluate(
    encoder: Encoder,
    composers: Mapping[str, Head],
    options: EvaluationOptions | None = None,
    thresholds: Mapping[str, Mapping[str, float]] | None = None,
    confidences: Mapping[str, Confidence] | None = None,
    explainers: Mapping[str, Explainer] | None = None,
) -> Results:
    """Measure one or several composers over one encoder.

    Args:
        encoder: the encoder that the composers share.
        composers: composers in evaluation mode, by name. Differences are those of the first to each other one.
        options: what to measure; the defaults if None.
        thresholds: by model, the total positive evidence ("reference", "target") below which a map is empty; chosen on
            validation for models without an entry.
        confidences: by model, its calibrated confidence; fitted on validation for models without an entry.
        explainers: further explainers by name, measured beside the package's own and the baselines.
    """
    options = options or EvaluationOptions()
    models, extra = dict(composers), dict(explainers or {})
    settings = (options.maps, options.seed, options.workers, options.progress, extra)
    validation = run(encoder, models, "validation", options.validation_families, *settings)
    if (options.split, options.families) == ("validation", options.validation_families):
        data = validation
    else:
        data = run(encoder, models, options.split, options.families, *settings)
    cuts = {name: _thresholds(validation, name, (thresholds or {}).get(name)) for name in models}
    ranks: dict[tuple[str, str], np.ndarray] = {}
    columns: Columns = {}
    rows = [
        *_retrieval(data, validation, ranks),
        *_first_results(data),
        *_localization(data, validation, cuts, columns),
        *_abstention(data, cuts),
        *_calibration(data, validation, confidences or {}),
        *_differences(data, list(models), ranks, columns),
    ]
    about: dict[str, Any] = {
        "protocol": "edit scenes",
        "split": options.split,
        "families": options.families,
        "validation_families": options.validation_families,
        "queries": len(data.family),
        "gallery": len(data.owner),
        "maps": len(data.sides["reference"].query),
        "seed": options.seed,
        "resamples": RESAMPLES,
        "tolerance": TOLERANCE,
        "models": list(models),
    }
    if options.words:
        rows += word_rows(
            encoder, models, options.split, options.words, options.families, options.workers, options.progress
        )
    if options.faithfulness:
        checks: SanityChecks = run_sanity_checks(
            encoder,
            models,
            data,
            options.split,
            options.faithfulness,
            captum_explainers() | extra,
            options.seed,
            options.workers,
            options.progress,
        )
        rows += checks.rows(data)
        about |= checks.settings()
    return Results.of(about, rows)


def _compositions(data: EvaluationRun, name: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """g of the references; the queries on a blank picture; these minus g of the blank picture; g of the gallery."""
    own = data.embeddings[name]
    return own.images[data.reference], own.texts, own.texts - own.blank, own.images


def _retrieval(data: EvaluationRun, validation: EvaluationRun, kept: dict[tuple[str, str], np.ndarray]) -> Rows:
    """Recall of each model and of its baselines; ranks with the reference in the gallery are added to `kept`."""
    groups = list(data.groups(KINDS, np.arange(len(data.family))))
    for name, own in data.embeddings.items():
        images, texts, changes, gallery = _compositions(data, name)
        queries = {COMPOSED: own.queries, IMAGE: images, TEXT: texts}
        parts = _compositions(validation, name)
        for method, index, text in ((SUM, 1, texts), (CHANGE_SUM, 2, changes)):
            weight = best_weight(parts[0], parts[index], parts[3], validation.target, validation.reference)
            queries[method] = weighted_sum(images, text, weight)
            yield row("retrieval", "text_weight", weight, model=name, method=method)
        for method, query in queries.items():
            both = target_ranks(query, gallery, data.target, data.reference)
            kept[name, method] = both[0]
            for condition, ranks in zip((WITH_REFERENCE, WITHOUT_REFERENCE), both, strict=True):
                keys = {"model": name, "method": method, "condition": condition}
                for group, chosen in groups:
                    for k in CUTS:
                        found = estimate(recall_at(ranks, k), data.family, chosen)
                        yield row("retrieval", f"recall@{k}", found, group=group, **keys)


def _first_results(data: EvaluationRun) -> Rows:
    """What ranks first: the target, or which kind of error."""
    groups = list(data.groups(KINDS, np.arange(len(data.family))))
    for name, own in data.embeddings.items():
        kinds = first_results(data, own)
        for group, chosen in groups:
            for number, metric in enumerate(FIRST):
                found = estimate((kinds == number).astype(np.float64), data.family, chosen)
                keys = {"model": name, "method": COMPOSED, "group": group, "condition": WITH_REFERENCE}
                yield row("first result", metric, found, **keys)


def _thresholds(
    validation: EvaluationRun, name: str, given: Mapping[str, float] | None
) -> dict[Side, tuple[float, str]]:
    """By side, the total positive evidence below which a map is empty, and the source of this threshold."""
    if given:
        return {side: (float(given[side]), FROM_CARD) for side in SIDES}
    cuts: dict[Side, tuple[float, str]] = {}
    for side, maps in validation.sides.items():
        evidence = maps.total_positive[name]
        cut = balanced_accuracy_threshold(evidence[maps.defined], evidence[~maps.defined])
        cuts[side] = (cut, FROM_VALIDATION)
    return cuts


def _localization(data: EvaluationRun, validation: EvaluationRun, cuts: Cuts, kept: Columns) -> Rows:
    """Localization of all maps; the columns of each (side, model, method, metric) are added to `kept`."""
    for side in SIDES:
        maps = data.sides[side]
        query, area = maps.query[maps.defined], maps.area[maps.defined]
        family, groups = data.family[query], list(data.groups(OBJECT_EDITS, query))
        for group, chosen in groups:
            yield row("localization", "mask_area", estimate(area, family, chosen), side=side, group=group)
        for (model, method), found in maps.metrics.items():
            level = best_level(_ious(validation.sides[side].metrics[model, method]))
            own = [one for one in found if one is not None]
            columns = {key: np.array([getattr(one, key) for one in own]) for key in ("pointing", "pointing_0px")}
            columns |= {"energy": np.array([one.energy for one in own]), "iou": _ious(found)[:, level]}
            versions = {method: columns}
            if method == OURS:
                shown = maps.total_positive[model][maps.defined] >= cuts[model][side][0]
                versions[AS_SHOWN] = {key: column * shown for key, column in columns.items()}
            for version, values in versions.items():
                kept |= {(side, model, version, key): column for key, column in values.items()}
                keys = {"model": model, "method": version, "side": side}
                yield row("localization", "iou_level", float(LEVELS[level]), **keys)
                for group, chosen in groups:
                    for key, column in values.items():
                        yield row("localization", key, estimate(column, family, chosen), group=group, **keys)


def _ious(found: list[Localization | None]) -> np.ndarray:
    return np.array([one.iou for one in found if one is not None]).reshape(-1, len(LEVELS))


def _abstention(data: EvaluationRun, cuts: Cuts) -> Rows:
    """How often a map is called empty: rightly, where there is nothing to show, and wrongly, where there is."""
    for side, maps in data.sides.items():
        family = data.family[maps.query]
        for model, evidence in maps.total_positive.items():
            threshold, source = cuts[model][side]
            empty, keys = (evidence < threshold).astype(np.float64), {"model": model, "side": side}
            yield row("abstention", "threshold", threshold, condition=source, **keys)
            for metric, condition, chosen in (
                ("rightly_empty", "nothing to show", ~maps.defined),
                ("wrongly_empty", "something to show", maps.defined),
            ):
                yield row("abstention", metric, estimate(empty, family, chosen), condition=condition, **keys)
    family = data.family[data.sides["reference"].query]
    for kind, by_model in data.negatives.items():
        for model, evidence in by_model.items():
            empty = (evidence < cuts[model]["reference"][0]).astype(np.float64)
            found = estimate(empty, family, ~np.isnan(evidence))
            yield row("abstention", "rightly_empty", found, model=model, side="reference", condition=kind)


def _calibration(data: EvaluationRun, validation: EvaluationRun, given: Mapping[str, Confidence]) -> Rows:
    """How well the stated confidence in the first result is calibrated."""
    for name in data.embeddings:
        confidence = given.get(name) or fit(trials_of(validation, name))
        found = calibration(trials_of(data, name), confidence)
        source = {"model": name, "condition": FROM_CARD if name in given else FROM_VALIDATION}
        for metric, value in (
            ("accuracy", found.accuracy),
            ("calibration_error", found.error),
            ("brier", found.brier),
            ("auc", found.auc),
        ):
            yield row("confidence", metric, value, **source) | {"n": found.count}
        for kind, mean in found.confidence_by_kind.items():
            yield row("confidence", "confidence", mean, model=name, condition=kind)
        for number, one in enumerate(found.bins, start=1):
            for metric, value in (("confidence", one.confidence), ("accuracy", one.accuracy)):
                yield row("confidence", metric, value, group=f"bin {number}", **source) | {"n": one.count}


def _differences(
    data: EvaluationRun, models: list[str], ranks: dict[tuple[str, str], np.ndarray], columns: Columns
) -> Rows:
    """The first model minus each other model on the same queries (paired)."""
    first = models[0]
    for other in models[1:]:
        keys = {"model": first, "condition": f"minus {other}"}
        for k in (1, 10):
            gain = recall_at(ranks[first, COMPOSED], k) - recall_at(ranks[other, COMPOSED], k)
            yield row("differences", f"recall@{k}", estimate(gain, data.family), method=COMPOSED, **keys)
        for side in SIDES:
            maps = data.sides[side]
            family = data.family[maps.query[maps.defined]]
            for key in ("pointing", "pointing_0px", "energy", "iou"):
                gain = columns[side, first, OURS, key] - columns[side, other, OURS, key]
                yield row("differences", key, estimate(gain, family), method=OURS, side=side, **keys)

"""The whole evaluation: a validation pass that chooses what may be chosen, a test pass, and the table of figures."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from torch import Tensor

from mmgrad.attribution.gradients import Head
from mmgrad.encoders.base import Encoder
from mmgrad.evaluation.explainers.captum_explainers import captum_explainers
from mmgrad.evaluation.explainers.explainers import OURS, Explainer
from mmgrad.evaluation.metrics.bootstrap import RESAMPLES, estimate
from mmgrad.evaluation.metrics.calibration import reliability, trials_of
from mmgrad.evaluation.metrics.localization import LEVELS, TOLERANCE, Localisation, best_level, evidence_threshold
from mmgrad.evaluation.metrics.retrieval import CUTS, best_weight, recall_at, target_ranks, weighted_sum
from mmgrad.evaluation.protocols.sanity_checks import probe
from mmgrad.evaluation.queries import SIDES, Side
from mmgrad.evaluation.reporting.error_analysis import error_figures
from mmgrad.evaluation.reporting.sanity_metrics import probe_figures
from mmgrad.evaluation.reporting.word_metrics import word_figures
from mmgrad.evaluation.runner import OBJECT_EDITS, Pass, SideMaps, run
from mmgrad.models.confidence import Confidence, fit
from mmgrad.synthetic.families import KINDS

COMPOSED, IMAGE, TEXT, SUM, CHANGE_SUM = "composed query", "image only", "text only", "sum", "sum with text change"
AS_SHOWN = "MMGrad as shown"
Report = dict[str, Any]


def evaluate(
    encoder: Encoder,
    composers: Mapping[str, Head],
    thresholds: Mapping[str, Mapping[str, float]] | None = None,
    split: str = "test",
    families: int = 1450,
    validation_families: int = 150,
    maps: int = 2000,
    seed: int = 0,
    workers: int = 1,
    progress: bool = True,
    faithfulness: int = 0,
    explainers: Mapping[str, Explainer] | None = None,
    confidences: Mapping[str, Confidence] | None = None,
    words: int = 0,
) -> Report:
    """Figures of one or several composers over one encoder, by name, as a dict that JSON can hold.

    `thresholds` may give a model's "reference" and "target" sums of evidence below which a map is empty, and
    `confidences` how sure it is; otherwise they are chosen on validation, as are the weight of the text in the sums and
    the level of the IoU. `split` is "test" or "validation"; the latter is then judged by what was chosen on it. So many
    of the explained queries as `faithfulness` says are put to the slow probes: deletion, insertion, randomization,
    stability. Of so many replacements as `words` says, the words are judged one by one. `explainers` are further ways
    to make maps, by name, measured beside the project's own and the baselines; the probes add those of captum where it
    is installed.
    """
    models = dict(composers)
    settings = (maps, seed, workers, progress, explainers)
    validation = run(encoder, models, "validation", validation_families, *settings)
    judged = validation if (split, families) == ("validation", validation_families) else None
    judged = judged or run(encoder, models, split, families, *settings)
    given = thresholds or {}
    cuts = {name: _thresholds(validation, name, given.get(name)) for name in models}
    retrieval, ranks = _retrieval(judged, validation)
    localisation, columns = _localisation(judged, validation, cuts)
    report: Report = {
        "split": split,
        "families": families,
        "validation_families": validation_families,
        "queries": len(judged.family),
        "gallery": len(next(iter(judged.embeddings.values())).images),
        "maps": len(judged.sides["reference"].query),
        "seed": seed,
        "resamples": RESAMPLES,
        "tolerance": TOLERANCE,
        "models": list(models),
        "retrieval": retrieval,
        "errors": error_figures(judged, KINDS),
        "localisation": localisation,
        "no_evidence": _no_evidence(judged, cuts),
        "refused": _refused(judged, cuts),
        "reliability": _reliability(judged, validation, confidences or {}),
        "differences": _differences(judged, list(models), ranks, columns),
    }
    if words:
        report["words"] = word_figures(encoder, models, split, words, families, workers, progress)
    if faithfulness:
        probed = probe(
            encoder,
            models,
            judged,
            split,
            faithfulness,
            captum_explainers() | dict(explainers or {}),
            seed,
            workers,
            progress,
        )
        report["probes"] = probe_figures(probed, judged)
    return report


def _compositions(data: Pass, name: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """g of the references, and three texts: the query on a blank picture, that minus the blank, and the gallery."""
    own = data.embeddings[name]
    return own.images[data.reference], own.texts, own.texts - own.blank, own.images


def _retrieval(data: Pass, validation: Pass) -> tuple[list[dict], dict[tuple[str, str], np.ndarray]]:
    rows: list[dict] = []
    kept: dict[tuple[str, str], np.ndarray] = {}
    every = np.arange(len(data.family))
    groups = list(data.groups(KINDS, every))
    for name, own in data.embeddings.items():
        images, texts, changes, gallery = _compositions(data, name)
        weights = {}
        queries = {COMPOSED: own.queries, IMAGE: images, TEXT: texts}
        for method, index, ours in ((SUM, 1, texts), (CHANGE_SUM, 2, changes)):
            parts = _compositions(validation, name)
            where = (validation.target, validation.reference)
            weights[method] = best_weight(parts[0], parts[index], parts[3], *where)
            queries[method] = weighted_sum(images, ours, weights[method])
        for method, query in queries.items():
            both = target_ranks(query, gallery, data.target, data.reference)
            kept[name, method] = both[0]
            for included, ranks in zip((True, False), both, strict=True):
                for group, chosen in groups:
                    figures = {f"recall@{k}": asdict(estimate(recall_at(ranks, k), data.family, chosen)) for k in CUTS}
                    row = {"model": name, "method": method, "reference_in_gallery": included, "group": group}
                    rows.append(row | {"count": int(chosen.sum()), "weight": weights.get(method)} | figures)
    return rows, kept


def _thresholds(validation: Pass, name: str, given: Mapping[str, float] | None) -> dict[Side, tuple[float, str]]:
    """By side: the least sum of evidence of a map that is not empty, and where it comes from."""
    if given:
        return {side: (float(given[side]), "model card") for side in SIDES}
    cuts: dict[Side, tuple[float, str]] = {}
    for side, maps in validation.sides.items():
        evidence = maps.evidence[name]
        cuts[side] = (evidence_threshold(evidence[maps.defined], evidence[~maps.defined]), "validation")
    return cuts


def _column(figures: list[Localisation | None], read: Callable[[Localisation], float]) -> np.ndarray:
    return np.array([read(figure) for figure in figures if figure is not None])


def _ious(figures: list[Localisation | None]) -> np.ndarray:
    return np.array([figure.iou for figure in figures if figure is not None]).reshape(-1, len(LEVELS))


def _localisation(
    data: Pass, validation: Pass, cuts: dict[str, dict[Side, tuple[float, str]]]
) -> tuple[list[dict], dict[tuple[str, str, str, str], np.ndarray]]:
    rows: list[dict] = []
    kept: dict[tuple[str, str, str, str], np.ndarray] = {}
    for side in SIDES:
        maps = data.sides[side]
        defined = maps.defined
        query = maps.query[defined]
        family, area = data.family[query], maps.area[defined]
        groups = list(data.groups(OBJECT_EDITS, query))
        for (model, method), figures in maps.figures.items():
            level = best_level(_ious(validation.sides[side].figures[model, method]))
            columns = {
                "pointing": _column(figures, lambda figure: figure.pointing),
                "pointing_exact": _column(figures, lambda figure: figure.pointing_exact),
                "energy": _column(figures, lambda figure: figure.energy),
                "iou": _ious(figures)[:, level],
            }
            versions = {method: columns}
            if method == OURS:
                shown = maps.evidence[model][defined] >= cuts[model][side][0]
                versions[AS_SHOWN] = {key: column * shown for key, column in columns.items()}
            for version, values in versions.items():
                kept |= {(side, model, version, key): column for key, column in values.items()}
                for group, chosen in groups:
                    row: dict[str, object] = {"side": side, "model": model, "method": version, "group": group}
                    row |= {"count": int(chosen.sum()), "level": float(LEVELS[level])}
                    row["area"] = asdict(estimate(area, family, chosen))
                    rows.append(row | {key: asdict(estimate(v, family, chosen)) for key, v in values.items()})
    return rows, kept


def _no_evidence(data: Pass, cuts: dict[str, dict[Side, tuple[float, str]]]) -> list[dict]:
    """How often a map is called empty: where there is nothing to show, as it should be, and where there is."""
    rows = []
    for side, maps in data.sides.items():
        for model, evidence in maps.evidence.items():
            threshold, source = cuts[model][side]
            empty = (evidence < threshold).astype(np.float64)
            family = data.family[maps.query]
            rows.append(
                {
                    "side": side,
                    "model": model,
                    "threshold": threshold,
                    "source": source,
                    "undefined_called_empty": asdict(estimate(empty, family, ~maps.defined)),
                    "defined_called_empty": asdict(estimate(empty, family, maps.defined)),
                }
            )
    return rows


def _refused(data: Pass, cuts: dict[str, dict[Side, tuple[float, str]]]) -> list[dict]:
    """How often the reference map is called empty for texts that name nothing in the picture, as it should be."""
    rows = []
    family = data.family[data.sides["reference"].query]
    for kind, by_model in data.refused.items():
        for model, evidence in by_model.items():
            empty = (evidence < cuts[model]["reference"][0]).astype(np.float64)
            called = asdict(estimate(empty, family, ~np.isnan(evidence)))
            rows.append({"kind": kind, "model": model, "called_empty": called})
    return rows


def _reliability(data: Pass, validation: Pass, given: Mapping[str, Confidence]) -> list[dict]:
    """How far the confidence of each model can be trusted."""
    rows = []
    for name in data.embeddings:
        confidence = given.get(name) or fit(trials_of(validation, name))
        source = "model card" if name in given else "validation"
        rows.append({"model": name, "source": source, **reliability(trials_of(data, name), confidence)})
    return rows


def _differences(
    data: Pass,
    models: list[str],
    ranks: dict[tuple[str, str], np.ndarray],
    columns: dict[tuple[str, str, str, str], np.ndarray],
) -> list[dict]:
    """The first model minus each other one on the same queries, with the interval of the difference (paired)."""
    rows = []
    first = models[0]
    for other in models[1:]:
        for k in (1, 10):
            gain = recall_at(ranks[first, COMPOSED], k) - recall_at(ranks[other, COMPOSED], k)
            rows.append({"than": other, "figure": f"recall@{k}", "gain": asdict(estimate(gain, data.family))})
        for side in SIDES:
            maps: SideMaps = data.sides[side]
            family = data.family[maps.query[maps.defined]]
            for key in ("pointing", "pointing_exact", "energy", "iou"):
                gain = columns[side, first, OURS, key] - columns[side, other, OURS, key]
                rows.append({"than": other, "figure": f"{side} {key}", "gain": asdict(estimate(gain, family))})
    return rows

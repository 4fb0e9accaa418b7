"""The results on edit scenes as Markdown."""

from collections.abc import Iterator

from mmgrad.evaluation.explainers.explainers import OURS
from mmgrad.evaluation.metrics.retrieval import CUTS
from mmgrad.evaluation.protocols.scenes import COMPOSED, WITH_REFERENCE, WITHOUT_REFERENCE
from mmgrad.evaluation.queries import SIDES
from mmgrad.evaluation.reporting.sanity_report import sanity_sections
from mmgrad.evaluation.reporting.tables import cell, label, pivot, table
from mmgrad.evaluation.table import Results

RECALLS = [f"recall@{k}" for k in CUTS]
RECALL_NAMES = [f"R@{k}" for k in CUTS]
LOCALIZED = ["pointing", "pointing_0px", "energy", "iou"]


def scenes_markdown(results: Results) -> str:
    """All tables of `mmgrad.evaluation.evaluate`."""
    parts = (_head, _retrieval, _by_edit, _first_results, _localization, _abstention, _confidence, _words)
    return "\n".join(line for part in (*parts, _differences, sanity_sections, _plots) for line in part(results))


def _head(results: Results) -> Iterator[str]:
    about = results.settings
    yield from [
        f"## Evaluation on the {about['split']} split",
        "",
        f"{about['queries']:,} queries of {about['families']:,} families, a gallery of {about['gallery']:,} pictures; "
        f"maps of {about['maps']:,} queries. Values are in per cent with 95 % intervals (percentile bootstrap over "
        f"families, {about['resamples']:,} resamples). The weight of a sum, the level of the IoU and, for models "
        f"without thresholds of their own, the threshold of the evidence are chosen on {about['validation_families']} "
        "families of the validation split.",
        "",
    ]
    if "fingerprints" in about:
        names = ", ".join(f"{name} {fingerprint}" for name, fingerprint in about["fingerprints"].items())
        yield from (f"Models and fingerprints of their weights: {names}.", "")


def _retrieval(results: Results) -> Iterator[str]:
    weights = {
        (one.model, one.method): one.mean for one in results.select("retrieval", metric="text_weight").itertuples()
    }
    for condition in (WITH_REFERENCE, WITHOUT_REFERENCE):
        yield from (f"### Retrieval, {condition}", "")
        rows = results.select("retrieval", group="all", condition=condition)
        lines = []
        for (model, method), _, cells in pivot(rows, ["model", "method"], RECALLS):
            weight = f", weight {weights[model, method]}" if (model, method) in weights else ""
            lines.append([label(results, model, method + weight), *cells])
        yield from table(["query", *RECALL_NAMES], lines)
    yield from (
        "“Text only” is the composed query with a blank picture of mean color as its reference, since texts have no "
        "embedding of their own. “Sum” is g(reference) plus the weighted text-only query; “sum with text change” is "
        "g(reference) plus the weighted difference that the text makes on the blank picture. Both are L2-normalized.",
        "",
    )


def _by_edit(results: Results) -> Iterator[str]:
    for model in results.settings["models"]:
        yield from (f"### Retrieval by edit: {label(results, model, COMPOSED)}, {WITH_REFERENCE}", "")
        own = results.select("retrieval", model=model, method=COMPOSED)
        excluded = own[(own["condition"] == WITHOUT_REFERENCE) & (own["metric"] == "recall@1")]
        first = {one.group: cell(one) for one in excluded.itertuples()}
        lines = [
            [group, f"{n:,}", *cells, first[group]]
            for (group,), n, cells in pivot(own[own["condition"] == WITH_REFERENCE], ["group"], RECALLS)
        ]
        yield from table(["edit", "queries", *RECALL_NAMES, f"R@1, {WITHOUT_REFERENCE}"], lines)


def _first_results(results: Results) -> Iterator[str]:
    metrics = {
        "target_first": "the target",
        "reference_first": "the reference",
        "same_family_first": "another picture of the family",
        "other_family_first": "a picture of another family",
    }
    for model in results.settings["models"]:
        yield from (f"### What ranks first: {label(results, model, COMPOSED)}, {WITH_REFERENCE}", "")
        rows = results.select("first result", model=model)
        lines = ([group, f"{n:,}", *cells] for (group,), n, cells in pivot(rows, ["group"], list(metrics)))
        yield from table(["edit", "queries", *metrics.values()], lines)


def _localization(results: Results) -> Iterator[str]:
    names = [f"pointing game, {results.settings['tolerance']} px", "0 px", "energy inside", "IoU"]
    for side in SIDES:
        rows = results.select("localization", side=side)
        areas = {one.group: one for one in rows[rows["metric"] == "mask_area"].itertuples()}
        if not areas["all"].n:
            continue
        yield from (f"### The {side} map, edits of an object", "")
        yield from (
            f"{areas['all'].n:,} queries with a region to show; it covers {cell(areas['all'])} per cent of the "
            "picture. This is the energy of a uniform map. The ground-truth region is an oracle with the resolution of "
            "the model's maps: each cell holds the share of it that the region covers.",
            "",
        )
        overall = rows[(rows["group"] == "all") & (rows["metric"] != "mask_area")]
        found = pivot(overall, ["model", "method"], [*LOCALIZED, "iou_level"])
        lines = [[label(results, *keys), *cells] for keys, _, cells in found]
        yield from table(["map", *names, "level"], lines)
        for model in results.settings["models"]:
            yield from (f"By edit, {label(results, model, OURS)}:", "")
            own = rows[(rows["model"] == model) & (rows["method"] == OURS)]
            lines = [
                [group, f"{n:,}", *cells, cell(areas[group])] for (group,), n, cells in pivot(own, ["group"], LOCALIZED)
            ]
            yield from table(["edit", "queries", *names, "area of the mask"], lines)


def _abstention(results: Results) -> Iterator[str]:
    yield from (
        "### “No evidence”",
        "",
        "A map whose total positive evidence is below the threshold is called empty. It should be where there is "
        "nothing to show: in the reference of an addition, in the target of a removal, and for texts that name nothing "
        "in the reference. It should not be elsewhere. “MMGrad as shown” above counts an empty map as a miss.",
        "",
    )
    rows = results.select("abstention")
    thresholds = {
        (one.model, one.side): f"{one.mean:.4g} ({one.condition})"
        for one in rows[rows["metric"] == "threshold"].itertuples()
    }
    lines = []
    for (model, side, condition), n, cells in pivot(
        rows, ["model", "side", "condition"], ["rightly_empty", "wrongly_empty"]
    ):
        lines.append([label(results, model, side), thresholds[model, side], condition, f"{n:,}", *cells])
    yield from table(["map", "threshold", "text or region", "queries", "rightly empty", "wrongly empty"], lines)


def _confidence(results: Results) -> Iterator[str]:
    yield from (
        "### Confidence in the first result",
        "",
        "The stated probability that the first result is the requested picture. A quarter of the queries search for a "
        "picture that was removed from the gallery, and a quarter have the text of another query: neither can be "
        "right. “Error” is the expected calibration error. “AUC” is the chance that a right search is more confident "
        "than a wrong one.",
        "",
    )
    rows = results.select("confidence")
    metrics = ["accuracy", "calibration_error", "auc", "brier"]
    overall = rows[(rows["group"] == "all") & (rows["metric"] != "confidence")]
    stated = rows[(rows["group"] == "all") & (rows["metric"] == "confidence")]
    kinds = list(dict.fromkeys(stated["condition"]))
    means = {(one.model, one.condition): cell(one) for one in stated.itertuples()}
    lines = [
        [model, source, f"{n:,}", *cells, *(means.get((model, kind), "–") for kind in kinds)]
        for (model, source), n, cells in pivot(overall, ["model", "condition"], metrics)
    ]
    header = ["model", "calibrated by", "queries", "right", "error", "AUC", "Brier score"]
    yield from table([*header, *(f"stated: {kind}" for kind in kinds)], lines)
    for model in results.settings["models"]:
        own = rows[(rows["model"] == model) & rows["group"].str.startswith("bin ")]
        bins = pivot(own, ["group"], ["confidence", "accuracy"])
        lines = [[group, f"{n:,}", *cells] for (group,), n, cells in bins]
        yield from table([label(results, model, "stated probability"), "queries", "mean stated", "right"], lines)


def _words(results: Results) -> Iterator[str]:
    rows = results.select("words")
    if rows.empty:
        return
    yield from (
        "### Words of a replacement",
        "",
        f"{rows['n'].max():,} texts that name the removed and the added object. The map of a word shows what the text "
        "changes more than the text without the word. The other noun should point elsewhere. Weights are relative to "
        "that of the added noun.",
        "",
    )
    names = {"reference": "removed noun, in the reference", "target": "added noun, in the target"}
    localized = rows[rows["side"] != ""]
    lines = [
        [label(results, model, names[side]), *cells]
        for (model, side), _, cells in pivot(localized, ["model", "side"], ["pointing", "energy", "other_pointing"])
    ]
    yield from table(["words", "pointing game, 15 px", "energy inside", "the other noun, 15 px"], lines)
    metrics = ["added_positive", "removed_weight", "function_weight"]
    lines = [[model, *cells] for (model,), _, cells in pivot(rows[rows["side"] == ""], ["model"], metrics)]
    yield from table(["weights", "added noun is positive", "removed noun", "a function word, absolute"], lines)


def _differences(results: Results) -> Iterator[str]:
    rows = results.select("differences")
    if rows.empty:
        return
    yield from (f"### {results.settings['models'][0]} compared with the others on the same queries", "")
    yield from ("Differences in percentage points; an interval without 0 is a significant difference.", "")
    names = rows.assign(metric=(rows["side"] + " " + rows["metric"]).str.strip())
    lines = [[one.metric, one.condition, cell(one, signed=True)] for one in names.itertuples()]
    yield from table(["metric", "compared with", "difference"], lines)


def _plots(results: Results) -> Iterator[str]:
    for path in results.settings.get("plots", ()):
        name = path.rsplit("/", 1)[-1].removesuffix(".png").replace("-", " ")
        yield from (f"![{name}]({path})", "")

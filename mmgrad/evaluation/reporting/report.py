"""The figures of an evaluation as Markdown for people and JSON for programs."""

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path

from mmgrad.evaluation.metrics.retrieval import CUTS
from mmgrad.evaluation.reporting.error_analysis import error_section
from mmgrad.evaluation.reporting.sanity_report import probe_sections
from mmgrad.evaluation.reporting.tables import label, percent, table
from mmgrad.evaluation.reporting.word_metrics import words_section

Rows = list[dict]


def write_json(report: dict, path: Path) -> None:
    """Write a report, whole or not at all; what is not a number becomes null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(_plain(report), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(part, path)


def markdown(report: dict) -> str:
    """All tables of a report."""
    retrieval = (_retrieval, error_section)
    judged = (*retrieval, _localisation, _no_evidence, _refused, _reliability, words_section, _gains, probe_sections)
    return "\n".join(line for part in (_head, *judged, _plots) for line in part(report))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _head(report: dict) -> Iterator[str]:
    yield from [
        f"## Evaluation on the {report['split']} split",
        "",
        f"{report['queries']:,} queries of {report['families']:,} families, a gallery of {report['gallery']:,} "
        f"pictures; maps of {report['maps']:,} queries. Figures in per cent with 95 % intervals (percentile bootstrap "
        f"over families, whose queries are dependent; {report['resamples']:,} resamples). The weight of a sum, the "
        f"level of the IoU and the threshold of evidence are chosen on {report['validation_families']} families of the "
        "validation split.",
        "",
    ]
    if "fingerprints" in report:
        names = ", ".join(f"{name} {fingerprint}" for name, fingerprint in report["fingerprints"].items())
        yield f"Models and fingerprints of their weights: {names}."
        yield ""


def _retrieval(report: dict) -> Iterator[str]:
    rows: Rows = report["retrieval"]
    header = ["query", *(f"R@{k}" for k in CUTS)]
    for included in (True, False):
        yield f"### Retrieval, the reference {'among the gallery' if included else 'left out of the gallery'}"
        yield ""
        chosen = [row for row in rows if row["group"] == "all" and row["reference_in_gallery"] == included]
        yield from table(header, (_recalls(_name(report, row), row) for row in chosen))
    yield (
        "“Text only” is the composed query on a blank picture of mean colour, since texts have no embedding of their "
        "own; “sum” is g(reference) plus the weighted text-only query, “sum with text change” g(reference) plus the "
        "weighted difference that the text makes on the blank picture, both brought to length 1."
    )
    yield ""
    for model in report["models"]:
        yield f"### Retrieval by edit: {label(report, model, 'composed query')}, the reference among the gallery"
        yield ""
        own = [row for row in rows if row["model"] == model and row["method"] == "composed query"]
        left_out = {row["group"]: row for row in own if not row["reference_in_gallery"]}
        lines = [
            [*_recalls(row["group"], row, count=True), percent(left_out[row["group"]]["recall@1"])]
            for row in own
            if row["reference_in_gallery"] and row["count"]
        ]
        yield from table(["edit", "queries", *header[1:], "R@1, reference left out"], lines)


def _name(report: dict, row: dict) -> str:
    weight = f", weight {row['weight']}" if row["weight"] is not None else ""
    return label(report, row["model"], row["method"] + weight)


def _recalls(name: str, row: dict, count: bool = False) -> list[str]:
    counted = [f"{row['count']:,}"] if count else []
    return [name, *counted, *(percent(row[f"recall@{k}"]) for k in CUTS)]


def _localisation(report: dict) -> Iterator[str]:
    rows: Rows = report["localisation"]
    keys = ("pointing", "pointing_exact", "energy", "iou")
    names = [f"pointing game, {report['tolerance']} px", "0 px", "energy inside", "IoU"]
    for side in ("reference", "target"):
        own = [row for row in rows if row["side"] == side]
        overall = [row for row in own if row["group"] == "all"]
        if not overall or not overall[0]["count"]:
            continue
        yield f"### The {side} map, edits of a thing"
        yield ""
        yield (
            f"{overall[0]['count']:,} queries with a region to show; it covers {percent(overall[0]['area'])} of the "
            "picture. Compare the energy with that share, and with that of “the region itself”: a map of the truth "
            "with as many places as the model's, each of which holds the share of it that the region covers."
        )
        yield ""
        lines = [
            [label(report, row["model"], row["method"]), *(percent(row[key]) for key in keys), f"{row['level']:.3g}"]
            for row in overall
        ]
        yield from table(["map", *names, "level"], lines)
        for model in report["models"]:
            yield f"By edit, {label(report, model, 'MMGrad')}:"
            yield ""
            lines = [
                [row["group"], f"{row['count']:,}", *(percent(row[key]) for key in keys), percent(row["area"])]
                for row in own
                if row["model"] == model and row["method"] == "MMGrad" and row["count"]
            ]
            yield from table(["edit", "queries", *names, "mask's share"], lines)


def _no_evidence(report: dict) -> Iterator[str]:
    rows: Rows = report["no_evidence"]
    yield "### “No evidence”"
    yield ""
    yield (
        "A map whose positive evidence sums to less than the threshold is called empty. It should be where there is "
        "nothing to show (the reference of an addition, the target of a removal) and should not be elsewhere. “MMGrad "
        "as shown” above counts a map that is called empty as a miss."
    )
    yield ""
    lines = [
        [
            label(report, row["model"], row["side"]),
            f"{row['threshold']:.4g} ({row['source']})",
            f"{row['undefined_called_empty']['count']:,}",
            percent(row["undefined_called_empty"]),
            f"{row['defined_called_empty']['count']:,}",
            percent(row["defined_called_empty"]),
        ]
        for row in rows
    ]
    yield from table(
        ["map", "threshold", "nothing to show", "called empty", "something to show", "called empty"], lines
    )


def _refused(report: dict) -> Iterator[str]:
    rows: Rows = report["refused"]
    yield "Texts that name nothing in the reference; its map should be called empty:"
    yield ""
    yield from table(
        ["text", "queries", "called empty"],
        (
            [
                label(report, row["model"], row["kind"]),
                f"{row['called_empty']['count']:,}",
                percent(row["called_empty"]),
            ]
            for row in rows
        ),
    )


def _reliability(report: dict) -> Iterator[str]:
    rows: Rows = report["reliability"]
    yield "### Confidence in the first result"
    yield ""
    yield (
        "The stated chance that the first result is the picture asked for, of queries of which a quarter look for a "
        "picture that was taken out of the gallery and a quarter ask for the change of another picture: neither can be "
        "right. “Error” is the expected calibration error; “ranking” the chance that a right search is more confident "
        "than a wrong one."
    )
    yield ""
    kinds = list(rows[0]["means"])
    header = ["model", "from", "queries", "right", "error", "Brier", "ranking", *(f"said, {kind}" for kind in kinds)]
    yield from table(
        header,
        (
            [
                row["model"],
                row["source"],
                f"{row['count']:,}",
                f"{100 * row['right']:.1f}",
                f"{100 * row['error']:.1f}",
                f"{row['brier']:.3f}",
                _share(row["ranking"]),
                *(_share(row["means"].get(kind, math.nan)) for kind in kinds),
            ]
            for row in rows
        ),
    )
    for row in rows:
        name = label(report, row["model"], "said, came true")
        yield from table(
            [name, "queries", "said", "came true"],
            (
                [f"bin {n}", f"{b['count']:,}", f"{100 * b['said']:.1f}", f"{100 * b['came']:.1f}"]
                for n, b in enumerate(row["bins"], start=1)
            ),
        )


def _share(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.1f}"


def _gains(report: dict) -> Iterator[str]:
    rows: Rows = report["differences"]
    if rows:
        yield f"### {report['models'][0]} against the others, on the same queries"
        yield ""
        yield "Difference in points; an interval that does not hold 0 is a difference that another draw would show too."
        yield ""
        yield from table(["figure", "than", "gain"], ([r["figure"], r["than"], percent(r["gain"], True)] for r in rows))


def _plots(report: dict) -> Iterator[str]:
    for path in report.get("plots", ()):
        yield from (f"![{Path(path).stem.replace('-', ' ')}]({path})", "")

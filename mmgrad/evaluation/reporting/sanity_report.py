"""The sections of a report on what the probes found."""

from collections.abc import Iterator
from typing import Any

from mmgrad.evaluation.explainers.explainers import OURS
from mmgrad.evaluation.protocols.sanity_checks import JPEG, ORACLE, SHIFT, TEXT, WORDS
from mmgrad.evaluation.queries import SIDES
from mmgrad.evaluation.reporting.tables import label, number, percent, table

Found = dict[str, Any]


def probe_sections(report: dict) -> Iterator[str]:
    """Deletion and insertion, randomization, stability; nothing where they were not asked for."""
    found: Found | None = report.get("probes")
    if found is not None:
        for part in (_faithfulness, _gains, _randomisation, _stability):
            yield from part(report, found)


def _select(rows: list[dict], **wanted: str) -> list[dict]:
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def _by_figure(rows: list[dict]) -> dict[str, dict]:
    return {row["figure"]: row["value"] for row in rows}


def _faithfulness(report: dict, found: Found) -> Iterator[str]:
    share = f"{found['covered']:.0%}"
    header = ["deletion ↓", "insertion ↑", f"score drop, {share} ↑", "places lost ↑", "rank doublings ↑"]
    header += ["pointing game ↑", "energy inside ↑"]
    yield from [
        "### Deletion and insertion",
        "",
        f"{found['queries']:,} queries. Pixels of one picture are covered by a blur of themselves (sigma "
        f"{found['blur']:g} px) in the order of the map, and the match of query and target is computed anew: the area "
        f"under its curve over the share of pixels, from the whole picture on (deletion) and from the blur on "
        f"(insertion). With the first {share} of the pixels covered: the fall of the score, how many places of the "
        "gallery the target loses, and how often its rank doubles. Localisation on the same queries, in per cent. "
        "Seconds are for both maps of a query, its feature maps given; occlusion computes its own.",
        "",
    ]
    seconds = {(row["model"], row["method"]): row["seconds"] for row in found["seconds"]}
    for side in SIDES:
        own = _select(found["faithfulness"], side=side)
        yield from (f"The {side} map:", "")
        lines = [
            [label(report, model, method), *_cells(own, model, method, "all"), f"{seconds[model, method]:.3f}"]
            for model in report["models"]
            for method in found["methods"]
        ]
        yield from table(["map", *header, "seconds"], lines)
        for model in report["models"]:
            yield from (f"The {side} map by edit, {label(report, model, OURS)}:", "")
            groups = {
                row["group"]: row["value"]["count"]
                for row in _select(own, model=model, method=OURS, figure="deletion")
                if row["value"]["count"]
            }
            lines = [[group, f"{count:,}", *_cells(own, model, OURS, group)] for group, count in groups.items()]
            yield from table(["edit", "queries", *header], lines)


def _cells(rows: list[dict], model: str, method: str, group: str) -> list[str]:
    values = _by_figure(_select(rows, model=model, method=method, group=group))
    cells = [number(values[key], 3) for key in ("deletion", "insertion", "score_drop")]
    cells += [number(values["places_lost"], 1), number(values["rank_doublings"])]
    return [*cells, *(percent(values[key]) for key in ("pointing", "energy"))]


def _gains(report: dict, found: Found) -> Iterator[str]:
    keys = ("deletion", "insertion", "score_drop", "rank_doublings")
    yield from [
        f"### {OURS} against the other maps, on the same queries",
        "",
        "How much better it is; an interval above 0 is a gain that another draw would show too.",
        "",
    ]
    for side in SIDES:
        lines = []
        for model in report["models"]:
            rows = _select(found["gains"], side=side, model=model)
            for method in (method for method in found["methods"] if method != OURS):
                gains = {row["figure"]: row["gain"] for row in _select(rows, than=method)}
                cells = [number(gains[key], 3, signed=True) for key in keys]
                lines.append([label(report, model, method), *cells])
        names = [key.replace("_", " ") for key in keys]
        yield from table([f"{side} map, than", *names], lines)


def _randomisation(report: dict, found: Found) -> Iterator[str]:
    parameters, text = found["limits"]["parameters"], found["limits"]["text"]
    methods = [method for method in found["methods"] if method != ORACLE]
    yield from [
        "### Randomisation",
        "",
        "Rank correlation of the map with itself once a part of the model and all parts after it are drawn anew, from "
        "the head down to the trunk, and once the text is that of another query. It should fall: a star marks a map "
        f"that survives, at {parameters:g} or more ({text:g} for the text). Maps that are the same everywhere have no "
        "ranks.",
        "",
    ]
    for model in report["models"]:
        for side in SIDES:
            lines = []
            for stage in (*found["stages"][model], TEXT):
                own = _select(found["randomisation"], model=model, side=side, figure=stage, group="all")
                rows = {row["method"]: row for row in own}
                lines.append([stage, *(_marked(rows[method]) for method in methods)])
            yield from table([label(report, model, f"the {side} map"), *methods], lines)


def _marked(row: dict) -> str:
    return number(row["value"]) + (" *" if row["survives"] else "")


def _stability(report: dict, found: Found) -> Iterator[str]:
    yield from [
        "### Stability",
        "",
        f"Rank correlation of the map with itself once both pictures are moved by {found['shift']} px (the map is "
        f"moved back; mean of four directions), saved as JPEG of quality {found['quality']}, or once the change is "
        "asked for in another sentence. Higher is better, for maps that do not survive randomisation.",
        "",
    ]
    figures = (SHIFT, JPEG, WORDS)
    lines = []
    for model in report["models"]:
        for method in (method for method in found["methods"] if method != ORACLE):
            cells = []
            for side in SIDES:
                own = _select(found["stability"], model=model, method=method, side=side, group="all")
                cells += [number(_by_figure(own)[figure]) for figure in figures]
            lines.append([label(report, model, method), *cells])
    yield from table(["map", *(f"{side}, {figure}" for side in SIDES for figure in figures)], lines)

"""A report as figures: localization by edit, curves of deletion and insertion, and what randomization leaves.

Only matplotlib's object interface is used, as in `mmgrad.render.figure`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmgrad.evaluation.explainers.explainers import OURS
from mmgrad.evaluation.protocols.sanity_checks import ORACLE, TEXT
from mmgrad.evaluation.queries import SIDES
from mmgrad.evaluation.runner import OBJECT_EDITS

DPI = 130
COLORS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#888888", "#000000")
"""Told apart by people who see few colors (Okabe and Ito, 2008)."""
_COMPARED = (OURS, "text-blind Grad-CAM", ORACLE, "centre")


def draw_plots(report: dict, folder: Path) -> list[Path]:
    """Write the plots that the report has figures for as PNG files into `folder`, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, sheet in _sheets(report):
        FigureCanvasAgg(sheet)
        paths.append(folder / f"{name}.png")
        sheet.savefig(paths[-1], dpi=DPI, metadata={"Software": None})
    return paths


def _sheets(report: dict) -> Iterator[tuple[str, Figure]]:
    for model in report["models"]:
        suffix = f"-{Path(model).name}" if len(report["models"]) > 1 else ""
        yield f"localisation-by-edit{suffix}", _localisation(report, model)
        yield f"reliability{suffix}", _reliability(report, model)
        if "probes" in report:
            yield f"deletion-insertion{suffix}", _curves(report["probes"], model)
            yield f"faithfulness-by-edit{suffix}", _faithfulness(report["probes"], model)
            yield f"randomisation{suffix}", _randomisation(report["probes"], model)


def _localisation(report: dict, model: str) -> Figure:
    """Pointing game and energy of a model's maps by edit, both sides, beside baselines."""
    sheet = Figure(figsize=(11, 6), layout="constrained")
    panels = sheet.subplots(2, 2)
    for across, (key, title) in enumerate(
        (("pointing", f"pointing game, {report['tolerance']} px"), ("energy", "energy inside"))
    ):
        for down, side in enumerate(SIDES):
            bars = {
                method: {
                    row["group"]: row[key]
                    for row in report["localisation"]
                    if row["side"] == side and row["method"] == method and row["model"] in ("", model)
                }
                for method in _COMPARED
            }
            _bars(panels[down][across], {method: groups for method, groups in bars.items() if groups})
            panels[down][across].set_title(f"{side} map: {title}", fontsize=10)
    panels[0][0].legend(fontsize=8)
    return sheet


def _reliability(report: dict, model: str) -> Figure:
    """What came of each tenth of the stated chances; on the diagonal they are true."""
    row = next(row for row in report["reliability"] if row["model"] == model)
    sheet = Figure(figsize=(5, 5), layout="constrained")
    panel = sheet.subplots()
    panel.plot([0, 1], [0, 1], color="#888888", linewidth=1, linestyle="--")
    said, came = ([one[key] for one in row["bins"]] for key in ("said", "came"))
    panel.plot(said, came, color=COLORS[1], linewidth=1.5)
    panel.scatter(said, came, [20 + 400 * one["count"] / row["count"] for one in row["bins"]], color=COLORS[1])
    panel.set(xlim=(0, 1), ylim=(0, 1), xlabel="stated chance that the first is right", ylabel="share that was right")
    panel.set_title(f"calibration error {100 * row['error']:.1f} %", fontsize=10)
    panel.spines[["top", "right"]].set_visible(False)
    return sheet


def _curves(found: dict, model: str) -> Figure:
    """Mean score while deleting and inserting, and the target's rank while deleting, both sides."""
    sheet = Figure(figsize=(13, 7), layout="constrained")
    panels = sheet.subplots(2, 3)
    for down, side in enumerate(SIDES):
        rows = {r["method"]: r for r in found["curves"] if r["model"] == model and r["side"] == side}
        for color, method in zip(_colours(len(found["methods"])), found["methods"], strict=True):
            row, width = rows[method], 2.5 if method == OURS else 1.2
            shares = 100 * np.array(row["shares"])
            for across, name in enumerate(("deletion", "insertion")):
                panel, points = panels[down][across], row[name]
                panel.plot(shares, points["mean"], color=color, linewidth=width, label=method)
                panel.fill_between(shares, points["low"], points["high"], color=color, alpha=0.12, linewidth=0)
                better = "lower is better" if name == "deletion" else "higher is better"
                panel.set_title(f"{side} map: {name}, {better}", fontsize=10)
                panel.set_ylabel("score of the match")
            panels[down][2].plot(shares, row["rank"], color=color, linewidth=width)
        panels[down][2].set(yscale="log", ylabel="rank of the target, geometric mean")
        panels[down][2].set_title(f"{side} map: deletion, higher is better", fontsize=10)
    for panel in panels.flat:
        panel.set_xlabel("share of pixels, %")
        panel.spines[["top", "right"]].set_visible(False)
    panels[0][0].legend(fontsize=8)
    return sheet


def _faithfulness(found: dict, model: str) -> Figure:
    """Areas under the deletion and insertion curves by edit, beside baselines."""
    sheet = Figure(figsize=(11, 6), layout="constrained")
    panels = sheet.subplots(2, 2)
    for across, figure in enumerate(("deletion", "insertion")):
        for down, side in enumerate(SIDES):
            wanted = {"model": model, "side": side, "figure": figure}
            own = [row for row in found["faithfulness"] if all(row[key] == value for key, value in wanted.items())]
            bars = {m: {row["group"]: row["value"] for row in own if row["method"] == m} for m in _COMPARED}
            _bars(panels[down][across], bars)
            better = "lower is better" if figure == "deletion" else "higher is better"
            panels[down][across].set_title(f"{side} map: area under {figure}, {better}", fontsize=10)
    panels[0][0].legend(fontsize=8)
    return sheet


def _randomisation(found: dict, model: str) -> Figure:
    """Rank correlation with the original map along the cascade, and for a swapped text."""
    sheet = Figure(figsize=(13, 4.5), layout="constrained")
    stages = [*found["stages"][model], TEXT]
    methods = [method for method in found["methods"] if method not in (ORACLE, "uniform")]
    for panel, side in zip(sheet.subplots(1, 2), SIDES, strict=True):
        for color, method in zip(_colours(len(methods)), methods, strict=True):
            rows = {
                row["figure"]: row["value"]["mean"]
                for row in found["randomisation"]
                if (row["model"], row["method"], row["side"], row["group"]) == (model, method, side, "all")
            }
            values = [rows[stage] for stage in stages]
            panel.plot(range(len(stages) - 1), values[:-1], marker="o", markersize=3, color=color, label=method)
            panel.plot(len(stages) - 1, values[-1], marker="s", color=color)
        panel.axhline(found["limits"]["parameters"], color="0.6", linewidth=0.8, linestyle="--")
        panel.set_xticks(range(len(stages)), labels=stages, rotation=45, ha="right", fontsize=8)
        panel.set(ylim=(-0.5, 1.05), ylabel="rank correlation", title=f"{side} map: lower is better")
        panel.spines[["top", "right"]].set_visible(False)
    sheet.axes[0].legend(fontsize=8)
    return sheet


def _bars(panel: Axes, figures: dict[str, dict[str, dict]]) -> None:
    """Means with intervals of each method, grouped by edit; edits without queries are left out."""
    edits = [edit for edit in ("all", *OBJECT_EDITS) if any(by[edit]["count"] for by in figures.values())]
    width = 0.8 / max(len(figures), 1)
    for number, (method, by_edit) in enumerate(figures.items()):
        color = COLORS[_COMPARED.index(method)]
        values = [by_edit[edit] for edit in edits]
        means = np.array([value["mean"] for value in values])
        spread = np.abs([[v["mean"] - v["low"] for v in values], [v["high"] - v["mean"] for v in values]])
        where = np.arange(len(edits)) + (number - (len(figures) - 1) / 2) * width
        panel.bar(where, means, width, yerr=spread, color=color, label=method, error_kw={"linewidth": 0.8})
    panel.set_xticks(range(len(edits)), labels=edits, fontsize=9)
    panel.spines[["top", "right"]].set_visible(False)


def _colours(count: int) -> Sequence[str]:
    return [COLORS[number % len(COLORS)] for number in range(count)]

"""Plots of the results on edit scenes: localization by edit, calibration, faithfulness curves, randomization.

Only matplotlib's object interface is used, as in `mmgrad.render.figure`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmgrad.evaluation.explainers.explainers import OURS
from mmgrad.evaluation.protocols.sanity_checks import ORACLE, TEXT
from mmgrad.evaluation.queries import SIDES
from mmgrad.evaluation.runner import OBJECT_EDITS
from mmgrad.evaluation.table import Results, metric_of

DPI = 130
COLORS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#888888", "#000000")
"""Distinguishable for people with color vision deficiency (Okabe and Ito, 2008)."""
_COMPARED = (OURS, "text-agnostic Grad-CAM", ORACLE, "center")


def draw_plots(results: Results, folder: Path) -> list[Path]:
    """Write the plots of the results as PNG files into `folder`; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, sheet in _sheets(results):
        FigureCanvasAgg(sheet)
        paths.append(folder / f"{name}.png")
        sheet.savefig(paths[-1], dpi=DPI, metadata={"Software": None})
    return paths


def _sheets(results: Results) -> Iterator[tuple[str, Figure]]:
    models = results.settings["models"]
    for model in models:
        suffix = f"-{Path(model).name}" if len(models) > 1 else ""
        tolerance = results.settings["tolerance"]
        titles = {"pointing": f"pointing game, {tolerance} px", "energy": "energy inside"}
        yield f"localization-by-edit{suffix}", _by_edit(results.select("localization"), model, titles)
        yield f"calibration{suffix}", _calibration(results.select("confidence", model=model))
        if "faithfulness" in results.settings:
            areas = {
                metric: f"area under {metric}, {metric_of(metric).better} is better"
                for metric in ("deletion", "insertion")
            }
            yield f"deletion-insertion{suffix}", _curves(results, model)
            yield f"faithfulness-by-edit{suffix}", _by_edit(results.select("faithfulness"), model, areas)
            yield f"randomization{suffix}", _randomization(results, model)


def _by_edit(rows: pd.DataFrame, model: str, titles: dict[str, str]) -> Figure:
    """Two metrics of a model's maps by edit, on both sides, beside baselines."""
    sheet = Figure(figsize=(11, 6), layout="constrained")
    panels = sheet.subplots(2, 2)
    own = rows[rows["model"].isin(["", model])]
    for across, (metric, title) in enumerate(titles.items()):
        for down, side in enumerate(SIDES):
            _bars(panels[down][across], own[(own["side"] == side) & (own["metric"] == metric)])
            panels[down][across].set_title(f"{side} map: {title}", fontsize=10)
    sheet.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    return sheet


def _bars(panel: Axes, rows: pd.DataFrame) -> None:
    """Means with intervals of each method, grouped by edit; edits without queries are left out."""
    edits = [edit for edit in ("all", *OBJECT_EDITS) if (rows[rows["group"] == edit]["n"] > 0).any()]
    methods = [method for method in _COMPARED if (rows["method"] == method).any()]
    width = 0.8 / max(len(methods), 1)
    for number, method in enumerate(methods):
        own = rows[rows["method"] == method].set_index("group").loc[edits]
        spread = np.abs([own["mean"] - own["low"], own["high"] - own["mean"]])
        where = np.arange(len(edits)) + (number - (len(methods) - 1) / 2) * width
        color = COLORS[_COMPARED.index(method)]
        panel.bar(where, own["mean"], width, yerr=spread, color=color, label=method, error_kw={"linewidth": 0.8})
    panel.set_xticks(range(len(edits)), labels=edits, fontsize=9)
    panel.spines[["top", "right"]].set_visible(False)


def _calibration(rows: pd.DataFrame) -> Figure:
    """Accuracy of each tenth of the stated confidence; a calibrated confidence lies on the diagonal."""
    bins = rows[rows["group"].str.startswith("bin ")]
    stated, right = (bins[bins["metric"] == metric] for metric in ("confidence", "accuracy"))
    error = float(rows[rows["metric"] == "calibration_error"]["mean"].iloc[0])
    sheet = Figure(figsize=(5, 5), layout="constrained")
    panel = sheet.subplots()
    panel.plot([0, 1], [0, 1], color="#888888", linewidth=1, linestyle="--")
    panel.plot(stated["mean"], right["mean"], color=COLORS[1], linewidth=1.5)
    panel.scatter(stated["mean"], right["mean"], 20 + 400 * stated["n"] / stated["n"].sum(), color=COLORS[1])
    panel.set(xlim=(0, 1), ylim=(0, 1), xlabel="stated probability that the first is right", ylabel="share right")
    panel.set_title(f"calibration error {100 * error:.1f} %", fontsize=10)
    panel.spines[["top", "right"]].set_visible(False)
    return sheet


def _curves(results: Results, model: str) -> Figure:
    """Mean score while deleting and inserting, and the target's rank while deleting, on both sides."""
    sheet = Figure(figsize=(13, 7), layout="constrained")
    panels, methods = sheet.subplots(2, 3), results.settings["methods"]
    for down, side in enumerate(SIDES):
        rows = results.select("curves", model=model, side=side)
        for color, method in zip(_colors(len(methods)), methods, strict=True):
            own, width = rows[rows["method"] == method], 2.5 if method == OURS else 1.2
            for across, metric in enumerate(("deletion", "insertion", "target_rank")):
                points, panel = own[own["metric"] == metric], panels[down][across]
                shares = 100 * points["condition"].astype(float)
                panel.plot(shares, points["mean"], color=color, linewidth=width, label=method)
                if metric != "target_rank":
                    panel.fill_between(shares, points["low"], points["high"], color=color, alpha=0.12, linewidth=0)
        for across, metric in enumerate(("deletion", "insertion")):
            panels[down][across].set_title(f"{side} map: {metric}, {metric_of(metric).better} is better", fontsize=10)
            panels[down][across].set_ylabel("score of the match")
        panels[down][2].set(yscale="log", ylabel="rank of the target, geometric mean")
        panels[down][2].set_title(f"{side} map: deletion, higher is better", fontsize=10)
    for panel in panels.flat:
        panel.set_xlabel("share of pixels, %")
        panel.spines[["top", "right"]].set_visible(False)
    panels[0][0].legend(fontsize=8)
    return sheet


def _randomization(results: Results, model: str) -> Figure:
    """Rank correlation with the original map along the cascade, and for a swapped text."""
    sheet = Figure(figsize=(13, 4.5), layout="constrained")
    stages = [*results.settings["stages"][model], TEXT]
    methods = [method for method in results.settings["methods"] if method not in (ORACLE, "uniform")]
    for panel, side in zip(sheet.subplots(1, 2), SIDES, strict=True):
        rows = results.select("randomization", model=model, side=side, group="all")
        for color, method in zip(_colors(len(methods)), methods, strict=True):
            values = rows[rows["method"] == method].set_index("condition")["mean"].loc[stages].to_numpy()
            panel.plot(range(len(stages) - 1), values[:-1], marker="o", markersize=3, color=color, label=method)
            panel.plot(len(stages) - 1, values[-1], marker="s", color=color)
        limit = results.settings["survival_limits"]["parameters"]
        panel.axhline(limit, color="0.6", linewidth=0.8, linestyle="--")
        panel.set_xticks(range(len(stages)), labels=stages, rotation=45, ha="right", fontsize=8)
        panel.set(ylim=(-0.5, 1.05), ylabel="rank correlation", title=f"{side} map: lower is better")
        panel.spines[["top", "right"]].set_visible(False)
    sheet.axes[0].legend(fontsize=8)
    return sheet


def _colors(count: int) -> Sequence[str]:
    return [COLORS[number % len(COLORS)] for number in range(count)]

"""The columns of the probes as rows of means with intervals: over all queries and by edit."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from mmgrad.evaluation.explainers.explainers import OURS
from mmgrad.evaluation.metrics.bootstrap import estimate
from mmgrad.evaluation.metrics.faithfulness import COVERED, SHARES
from mmgrad.evaluation.metrics.randomization import LIMIT
from mmgrad.evaluation.metrics.stability import QUALITY, STEP
from mmgrad.evaluation.protocols.sanity_checks import TEXT, Key, Probed
from mmgrad.evaluation.queries import BLUR
from mmgrad.evaluation.runner import OBJECT_EDITS, Pass

BETTER = {"deletion": -1, "insertion": 1, "score_drop": 1, "rank_doublings": 1}
"""Figures that methods are compared by; the sign says which way is better."""


def probe_figures(probed: Probed, judged: Pass) -> dict[str, Any]:
    """All rows, as a dict that JSON can hold. A correlation's row says whether the map survives: whether it stays
    as alike as LIMIT or more."""
    family = judged.family[probed.rows]
    groups = list(judged.groups(OBJECT_EDITS, probed.rows))

    def rows(columns: Mapping[Key, np.ndarray]) -> list[dict[str, Any]]:
        found = []
        for (model, method, side, figure), values in columns.items():
            for group, chosen in groups:
                row = {"model": model, "method": method, "side": side, "group": group, "figure": figure}
                found.append(row | {"value": asdict(estimate(values, family, chosen & ~np.isnan(values)))})
        return found

    randomisation = rows(probed.randomisation)
    for row in randomisation:
        limit = LIMIT["text" if row["figure"] == TEXT else "parameters"]
        row["survives"] = bool(row["value"]["mean"] >= limit)
    return {
        "queries": len(probed.rows),
        "methods": list(probed.methods),
        "stages": {name: list(stages) for name, stages in probed.stages.items()},
        "blur": BLUR,
        "covered": float(SHARES[COVERED]),
        "shift": STEP,
        "quality": QUALITY,
        "limits": dict(LIMIT),
        "faithfulness": rows(probed.faithfulness),
        "gains": _gains(probed, family),
        "randomisation": randomisation,
        "stability": rows(probed.stability),
        "curves": _curves(probed, family),
        "seconds": [
            {"model": model, "method": method, "seconds": float(seconds.mean())}
            for (model, method), seconds in probed.seconds.items()
        ],
    }


def _gains(probed: Probed, family: np.ndarray) -> list[dict[str, Any]]:
    """MMGrad against each other method on the same queries (paired); above 0 where MMGrad is better."""
    rows = []
    for (model, method, side, figure), values in probed.faithfulness.items():
        if method != OURS and figure in BETTER:
            gain = BETTER[figure] * (probed.faithfulness[model, OURS, side, figure] - values)
            row = {"model": model, "than": method, "side": side, "figure": figure}
            rows.append(row | {"gain": asdict(estimate(gain, family))})
    return rows


def _curves(probed: Probed, family: np.ndarray) -> list[dict[str, Any]]:
    """Mean curves with their intervals at each share of the pixels, and the geometric mean of the ranks."""
    rows = []
    for (model, method, side), curves in probed.curves.items():
        row: dict[str, Any] = {"model": model, "method": method, "side": side, "shares": SHARES.tolist()}
        for name in ("deletion", "insertion"):
            stack = np.stack([getattr(curve, name) for curve in curves])  # (N, T + 1)
            points = [estimate(column, family) for column in stack.T]
            row[name] = {key: [getattr(point, key) for point in points] for key in ("mean", "low", "high")}
        row["rank"] = np.exp(np.log(np.stack([curve.ranks for curve in curves])).mean(axis=0)).tolist()
        rows.append(row)
    return rows

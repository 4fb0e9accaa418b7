"""What the faithfulness, randomization and stability checks measured, and its rows of the table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmgrad.evaluation.explainers.explainers import OURS
from mmgrad.evaluation.metrics.bootstrap import Estimate, estimate
from mmgrad.evaluation.metrics.faithfulness import COVERED, SHARES, Curves
from mmgrad.evaluation.metrics.randomization import LIMIT
from mmgrad.evaluation.metrics.stability import QUALITY, STEP
from mmgrad.evaluation.queries import BLUR, Side
from mmgrad.evaluation.runner import OBJECT_EDITS, EvaluationRun
from mmgrad.evaluation.table import metric_of, row

COMPARED = ("deletion", "insertion", "score_drop", "rank_doublings")
"""Metrics by which MMGrad is compared with the other methods."""

Key = tuple[str, str, Side, str]
"""Model, method, side, and a metric or a condition."""


@dataclass(frozen=True, eq=False)
class SanityChecks:
    """Checks of N explained queries. Columns are float64 [N]; NaN where a value is not defined.

    Attributes:
        queries: row of each query in the evaluation run, [N].
        methods: names of the explainers.
        stages: by model, the parts in the order in which they were re-initialized.
        faithfulness: columns by metric: those of `Curves.metrics`, "pointing" and "energy".
        randomization: rank correlations with the original map, by re-initialized part or swapped text.
        stability: rank correlations with the original map, by alteration of the query.
        curves: deletion and insertion curves by model, method and side.
        seconds: time for both maps of a query, its features given, by model and method.
    """

    queries: np.ndarray
    methods: tuple[str, ...]
    stages: dict[str, tuple[str, ...]]
    faithfulness: dict[Key, np.ndarray]
    randomization: dict[Key, np.ndarray]
    stability: dict[Key, np.ndarray]
    curves: dict[tuple[str, str, Side], list[Curves]]
    seconds: dict[tuple[str, str], np.ndarray]

    def settings(self) -> dict[str, Any]:
        """How the checks were made, for `Results.settings`."""
        return {
            "faithfulness": len(self.queries),
            "methods": list(self.methods),
            "stages": {name: list(stages) for name, stages in self.stages.items()},
            "blur": BLUR,
            "covered": float(SHARES[COVERED]),
            "shift": STEP,
            "jpeg_quality": QUALITY,
            "survival_limits": dict(LIMIT),
        }

    def rows(self, data: EvaluationRun) -> Iterator[dict[str, Any]]:
        """The rows of the table; `data` is the run that explained the queries."""
        family, groups = data.family[self.queries], list(data.groups(OBJECT_EDITS, self.queries))

        def estimates(columns: Mapping[Key, np.ndarray]) -> Iterator[tuple[Key, str, Estimate]]:
            for key, values in columns.items():
                for group, chosen in groups:
                    yield key, group, estimate(values, family, chosen & ~np.isnan(values))

        for (model, method, side, metric), group, found in estimates(self.faithfulness):
            yield row("faithfulness", metric, found, model=model, method=method, side=side, group=group)
        for table, columns in (("randomization", self.randomization), ("stability", self.stability)):
            for (model, method, side, condition), group, found in estimates(columns):
                keys = {"model": model, "method": method, "side": side, "group": group, "condition": condition}
                yield row(table, "rank_correlation", found, **keys)
        yield from self._gains(family)
        yield from self._curves(family)
        for (model, method), seconds in self.seconds.items():
            yield row("time", "seconds", float(seconds.mean()), model=model, method=method)

    def _gains(self, family: np.ndarray) -> Iterator[dict[str, Any]]:
        """MMGrad against each other method on the same queries (paired); above 0 where MMGrad is better."""
        for (model, method, side, metric), values in self.faithfulness.items():
            if method != OURS and metric in COMPARED:
                sign = -1 if metric_of(metric).better == "lower" else 1
                gain = estimate(sign * (self.faithfulness[model, OURS, side, metric] - values), family)
                made = row("gains", metric, gain, model=model, method=OURS, side=side, condition=f"than {method}")
                yield made | {"better": "higher"}

    def _curves(self, family: np.ndarray) -> Iterator[dict[str, Any]]:
        """Mean curves at each share of the pixels, and the geometric mean of the target's rank."""
        for (model, method, side), curves in self.curves.items():
            keys = {"model": model, "method": method, "side": side}
            ranks = np.exp(np.log(np.stack([curve.ranks for curve in curves])).mean(axis=0))
            for step, share in enumerate(SHARES):
                for metric in ("deletion", "insertion"):
                    values = np.array([getattr(curve, metric)[step] for curve in curves])
                    yield row("curves", metric, estimate(values, family), condition=f"{share:g}", **keys)
                yield row("curves", "target_rank", float(ranks[step]), condition=f"{share:g}", **keys)

"""The results of an evaluation: settings, and one tidy table with one row per measured value."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmgrad.errors import InputError
from mmgrad.evaluation.metrics.bootstrap import Estimate
from mmgrad.utils.atomic_io import atomic_write

SCHEMA = 2
"""Version of the JSON file."""

KEYS = ("table", "model", "method", "side", "group", "condition", "metric")
COLUMNS = (*KEYS, "mean", "low", "high", "n", "unit", "better")
"""Columns of the table.

table: the part of the evaluation, such as "retrieval" or "localization".
model, method, side, group: what was measured; "" where it does not apply. A group is "all", an edit type, or a subset.
condition: the variant of the measurement, such as "reference in gallery"; "" where there is one only.
metric: name of the metric, a key of METRICS, possibly with "@k".
mean, low, high: the mean over n queries with its 95 % interval; low and high are NaN for values without an interval.
unit, better: of the metric; better is "higher", "lower" or "".
"""


@dataclass(frozen=True)
class Metric:
    """Unit of a metric, and which direction is better: "higher", "lower" or "" where there is none."""

    unit: str
    better: str = ""


METRICS = {
    # Retrieval.
    "recall": Metric("share", "higher"),
    "recall_subset": Metric("share", "higher"),
    "map": Metric("share", "higher"),
    "text_weight": Metric("weight"),
    "target_first": Metric("share", "higher"),
    "reference_first": Metric("share", "lower"),
    "same_family_first": Metric("share", "lower"),
    "other_family_first": Metric("share", "lower"),
    # Localization.
    "pointing": Metric("share", "higher"),
    "pointing_0px": Metric("share", "higher"),
    "energy": Metric("share", "higher"),
    "iou": Metric("share", "higher"),
    "iou_level": Metric("share of peak"),
    "mask_area": Metric("share"),
    "other_pointing": Metric("share", "lower"),
    # Abstention.
    "rightly_empty": Metric("share", "higher"),
    "wrongly_empty": Metric("share", "lower"),
    "threshold": Metric("evidence"),
    # Confidence in the first result.
    "accuracy": Metric("share", "higher"),
    "confidence": Metric("share"),
    "calibration_error": Metric("share", "lower"),
    "brier": Metric("squared error", "lower"),
    "auc": Metric("share", "higher"),
    # Word weights.
    "added_positive": Metric("share", "higher"),
    "removed_weight": Metric("ratio", "lower"),
    "function_weight": Metric("ratio", "lower"),
    # Faithfulness and sanity checks.
    "deletion": Metric("score", "lower"),
    "insertion": Metric("score", "higher"),
    "score_drop": Metric("score", "higher"),
    "places_lost": Metric("places", "higher"),
    "rank_doublings": Metric("log2", "higher"),
    "target_rank": Metric("rank"),
    "rank_correlation": Metric("correlation"),
    "seconds": Metric("seconds", "lower"),
}
"""All metrics by name."""


def metric_of(name: str) -> Metric:
    """The metric of a name, which may have a cutoff: "recall@5". Means of several metrics are shares."""
    return METRICS.get(name.partition("@")[0]) or Metric("share", "higher")


def row(table: str, metric: str, value: Estimate | float, **keys: str) -> dict[str, Any]:
    """One row of the table; `keys` are the other columns of KEYS."""
    kind = metric_of(metric)
    made: dict[str, Any] = {key: "" for key in KEYS} | {"group": "all"} | keys | {"table": table, "metric": metric}
    if isinstance(value, Estimate):
        made |= {"mean": value.mean, "low": value.low, "high": value.high, "n": value.count}
    else:
        made |= {"mean": float(value), "low": math.nan, "high": math.nan, "n": 0}
    return made | {"unit": kind.unit, "better": kind.better}


@dataclass(frozen=True, eq=False)
class Results:
    """What an evaluation measured.

    Attributes:
        settings: how it was measured: split, seed, counts and the like.
        table: a DataFrame with the columns COLUMNS.
    """

    settings: Mapping[str, Any]
    table: pd.DataFrame = field(repr=False)

    @classmethod
    def of(cls, settings: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> "Results":
        """Results of rows that `row` made."""
        return cls(settings, pd.DataFrame(list(rows), columns=list(COLUMNS)).astype({"n": np.int64}))

    def select(self, table: str | None = None, **columns: str) -> pd.DataFrame:
        """The rows of a part of the evaluation with these values in other columns of KEYS."""
        chosen = self.table
        for column, value in (columns if table is None else {"table": table} | columns).items():
            chosen = chosen[chosen[column] == value]
        return chosen

    def value(self, table: str, metric: str, **columns: str) -> Estimate:
        """The one value of these keys. Raises KeyError where there is none, or more than one."""
        chosen = self.select(table, metric=metric, **columns)
        if len(chosen) != 1:
            raise KeyError(f"{len(chosen)} rows have table={table}, metric={metric}, {columns}")
        one = chosen.iloc[0]
        return Estimate(float(one["mean"]), float(one["low"]), float(one["high"]), int(one["n"]))

    def write_csv(self, path: Path) -> None:
        """Write the table as CSV; a value that is not a number is an empty cell."""
        atomic_write(path, self.table.to_csv(index=False).encode())

    def write_json(self, path: Path) -> None:
        """Write settings and table as JSON; a value that is not a number is null."""
        lines = ",\n".join(json.dumps([_plain(value) for value in one]) for one in self.table.itertuples(index=False))
        head = json.dumps({"schema": SCHEMA, "settings": _plain(dict(self.settings)), "columns": COLUMNS}, indent=1)
        atomic_write(path, f'{head.removesuffix("}").rstrip()},\n "rows": [\n{lines}\n ]\n}}\n'.encode())

    @classmethod
    def read_json(cls, path: Path) -> "Results":
        """Results that `write_json` wrote. Raises InputError for any other file."""
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
            if read["schema"] != SCHEMA:
                raise ValueError(f"schema {read['schema']}")
            rows = [dict(zip(read["columns"], values, strict=True)) for values in read["rows"]]
            table = pd.DataFrame(rows, columns=list(COLUMNS))
            return cls(read["settings"], table.astype(dict.fromkeys(("mean", "low", "high"), float) | {"n": np.int64}))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"'{path}' is no results file of `mmgrad evaluate --json`; please write it anew."
            ) from error


def _plain(value: Any) -> Any:
    """A value as strict JSON holds it."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""Markdown tables made of the rows of the results table."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd

from mmgrad.evaluation.table import Results

DASH = "–"
FORMATS = {
    "share": (100, 1),
    "share of peak": (1, 3),
    "score": (1, 3),
    "correlation": (1, 2),
    "log2": (1, 2),
    "places": (1, 1),
    "ratio": (1, 2),
    "weight": (1, 1),
    "evidence": (1, 4),
    "seconds": (1, 3),
    "squared error": (1, 3),
}
"""Factor and decimal places of each unit; shares are written in per cent."""


class Line(NamedTuple):
    """One line of a pivot: the values of its keys, the number of queries, and one cell per metric."""

    keys: tuple[str, ...]
    n: int
    cells: list[str]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table, the first column left-aligned; nothing where there are no rows."""
    body = [_line(cells) for cells in rows]
    if not body:
        return []
    aligned = [":--", *["--:"] * (len(header) - 1)]
    return [_line(header), "|" + "|".join(aligned) + "|", *body, ""]


def cell(one: Any, signed: bool = False) -> str:
    """Mean and interval of a row of the table: "74.2 (72.9 to 75.5)"; a dash where there is no value."""
    if math.isnan(one.mean):
        return DASH
    factor, digits = FORMATS[one.unit]
    style = f"{'+' if signed else ''}z.{digits}f"
    mean, low, high = (format(factor * value, style) for value in (one.mean, one.low, one.high))
    return mean if math.isnan(one.low) else f"{mean} ({low} to {high})"


def pivot(rows: pd.DataFrame, by: Sequence[str], metrics: Sequence[str], signed: bool = False) -> Iterator[Line]:
    """One line for each combination of the columns `by`, in order of appearance, with one cell per metric.

    Combinations without any query are left out.
    """
    for key, part in rows[rows["metric"].isin(metrics)].groupby(list(by), sort=False):
        found = {one.metric: one for one in part.itertuples()}
        if not all(math.isnan(one.mean) for one in found.values()):
            cells = [cell(found[metric], signed) if metric in found else DASH for metric in metrics]
            yield Line(tuple(key), int(part["n"].max()), cells)


def label(results: Results, model: str, method: str) -> str:
    """A method, with its model where there are several."""
    return f"{method} ({model})" if model and len(results.settings["models"]) > 1 else method


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

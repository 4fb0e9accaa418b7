"""Parts of a Markdown report: tables, and figures with their intervals."""

import math
from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table: the first column to the left, figures to the right."""
    aligned = [":--", *["--:"] * (len(header) - 1)]
    lines = [_line(header), "|" + "|".join(aligned) + "|"]
    return [*lines, *(_line(row) for row in rows), ""]


def percent(estimate: dict, signed: bool = False) -> str:
    """A mean and its interval in per cent: "74.2 (72.9 to 75.5)"; a dash where there is none."""
    if estimate["count"] == 0 or math.isnan(estimate["mean"]):
        return "–"
    mean, low, high = (100 * estimate[key] for key in ("mean", "low", "high"))
    sign = "+" if signed else ""
    return f"{mean:{sign}z.1f} ({low:{sign}z.1f} to {high:{sign}z.1f})"


def number(estimate: dict, digits: int = 2, signed: bool = False) -> str:
    """A mean and its interval as they are: "0.42 (0.40 to 0.44)"; a dash where there is none."""
    if estimate["count"] == 0 or math.isnan(estimate["mean"]):
        return "–"
    sign = "+" if signed else ""
    mean, low, high = (f"{estimate[key]:{sign}z.{digits}f}" for key in ("mean", "low", "high"))
    return f"{mean} ({low} to {high})"


def label(report: dict, model: str, method: str) -> str:
    """A method, with its model where there are several."""
    return f"{method} ({model})" if model and len(report["models"]) > 1 else method


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

"""Error analysis of retrieval: what stands first, the target or which kind of mistake. Category: retrieval."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np
import torch

from mmgrad.evaluation.metrics.bootstrap import estimate
from mmgrad.evaluation.reporting.tables import label, percent, table
from mmgrad.evaluation.runner import Embeddings, Pass

FIRST = ("the target", "the reference", "another of the family", "of another family")
"""The kinds of first results; they exclude each other. A family is a reference with its edited variants."""
BLOCK = 512


def first_results(data: Pass, own: Embeddings) -> np.ndarray:
    """The kind of each query's first result, int64 [Q], indices into FIRST; the reference is in the gallery."""
    first = torch.cat([(queries @ own.images.T).argmax(dim=1) for queries in own.queries.split(BLOCK)])
    kinds = np.where(data.owner[first.numpy()] == data.family, 2, 3)
    kinds[(first == data.reference).numpy()] = 1
    kinds[(first == data.target).numpy()] = 0
    return kinds


def error_figures(data: Pass, edits: Sequence[str]) -> list[dict]:
    """For each model and group of queries the share of each kind, with intervals."""
    rows = []
    every = np.arange(len(data.family))
    for name, own in data.embeddings.items():
        kinds = first_results(data, own)
        for group, chosen in data.groups(edits, every):
            shares = {
                kind: asdict(estimate((kinds == number).astype(np.float64), data.family, chosen))
                for number, kind in enumerate(FIRST)
            }
            rows.append({"model": name, "group": group, "count": int(chosen.sum())} | shares)
    return rows


def error_section(report: dict) -> Iterator[str]:
    """The figures as Markdown."""
    for model in report["models"]:
        yield f"### What stands first: {label(report, model, 'composed query')}, the reference among the gallery"
        yield ""
        own = [row for row in report["errors"] if row["model"] == model and row["count"]]
        lines = ([row["group"], f"{row['count']:,}", *(percent(row[kind]) for kind in FIRST)] for row in own)
        yield from table(["edit", "queries", *FIRST], lines)

"""The field's benchmarks, judged as they are published: FashionIQ, CIRR and CIRCO. Category: retrieval.

All figures are shares from 0 to 1, and higher is better:

- FashionIQ: Recall@10 and @50 in the gallery of each category, the reference among it, and the average of the three
  categories (Wu et al., arXiv 1905.12794). The gallery is the whole split, not only the pictures of the queries.
- CIRR: Recall@1, 5, 10 and 50, the reference left out of the gallery, and Recall_subset@1, 2 and 3 among the five other
  members of the image set (Liu et al., arXiv 2108.04024).
- CIRCO: mAP@5, 10, 25 and 50 over several truths, the reference among the gallery: neither the code of its server nor
  that of its authors' method takes it out (Baldrati et al., arXiv 2303.15247).

Beside each stands the other way to treat the reference.
"""

from collections.abc import Callable
from dataclasses import asdict
from math import hypot
from pathlib import Path
from typing import Any

import numpy as np

from mmgrad.datasets import circo, cirr, fashioniq
from mmgrad.datasets.base import Benchmark
from mmgrad.errors import InputError
from mmgrad.evaluation.metrics.bootstrap import RESAMPLES, Estimate, estimate
from mmgrad.evaluation.metrics.ranking import Ranked, average_precision, rank
from mmgrad.evaluation.metrics.retrieval import recall_at
from mmgrad.evaluation.protocols.benchmark_queries import compose, embed_gallery
from mmgrad.evaluation.protocols.submissions import BEST, check_submission, write_submission
from mmgrad.evaluation.reporting.tables import percent, table
from mmgrad.models.model import Model

READERS: dict[str, Callable[[Path, str], Benchmark]] = {
    "fashioniq": fashioniq.read_fashioniq,
    "cirr": cirr.read_cirr,
    "circo": circo.read_circo,
}
CUTS = {fashioniq.NAME: (10, 50), cirr.NAME: (1, 5, 10, 50), circo.NAME: (5, 10, 25, 50)}
SUBSET_CUTS = (1, 2, 3)
COMPOSED, IMAGE, TEXT = "composed query", "image only", "text only"
AVERAGE = "average"
Values = dict[str, np.ndarray]


def evaluate_benchmark(
    model: Model, name: str, root: Path, split: str = "val", submit: Path | None = None, progress: bool = True
) -> dict[str, Any]:
    """Figures of a model on one split, beside those of its image and its text alone, as a dict that JSON can hold.

    Args:
        model: any model.
        name: "fashioniq", "cirr" or "circo".
        root: the folder of the benchmark, laid out as its reader in `mmgrad.synthetic` says.
        split: "train", "val", or "test" ("test1" of CIRR), whose truths are secret.
        submit: a folder for the files of the benchmark's server; needed where the truths are secret.
        progress: whether to show how far it is.

    Raises:
        InputError: an unknown name or split, a missing or broken file, or a submission that cannot be.
    """
    if name not in READERS:
        raise InputError(f"There is no benchmark '{name}'; choose one of {', '.join(READERS)}.")
    benchmark = READERS[name](Path(root).expanduser(), split)
    check_submission(benchmark, submit)
    kept = benchmark.name != cirr.NAME  # the published figures' reference is in the gallery
    images = embed_gallery(model, list(benchmark.gallery.values()), progress)
    queries, texts = compose(model, benchmark, progress)
    ranked = rank(benchmark, images, queries, BEST if submit else 0, kept)
    rows: list[dict[str, Any]] = []
    if not benchmark.hidden:
        places = {one: row for row, one in enumerate(benchmark.gallery)}
        alone = {IMAGE: images[[places[query.reference] for query in benchmark.queries]], TEXT: texts}
        both = {COMPOSED: ranked} | {method: rank(benchmark, images, each) for method, each in alone.items()}
        rows = [row for method, each in both.items() for row in _rows(benchmark, method, each)]
    return {
        "benchmark": benchmark.name,
        "split": split,
        "model": model.name,
        "fingerprint": model.fingerprint,
        "queries": len(benchmark.queries),
        "gallery": {category: len(names) for category, names in benchmark.pools.items()},
        "published_with_reference": kept,
        "resamples": RESAMPLES,
        "rows": rows,
        "submission": [str(path) for path in write_submission(benchmark, ranked, submit)] if submit else [],
    }


def benchmark_markdown(report: dict[str, Any]) -> str:
    """The tables of `evaluate_benchmark`, in per cent."""
    pictures = ", ".join(
        f"{count:,}" + (f" ({category})" if len(report["gallery"]) > 1 else "")
        for category, count in report["gallery"].items()
    )
    lines = [
        f"## {report['benchmark']}, split {report['split']}",
        "",
        f"Model {report['model']} ({report['fingerprint']}); {report['queries']:,} queries, a gallery of {pictures} "
        "pictures.",
        "",
    ]
    for published in (True, False) if report["rows"] else ():
        kept = report["published_with_reference"] == published
        rows = [row for row in report["rows"] if row["reference_in_gallery"] == kept]
        place = "among the gallery" if kept else "left out of the gallery"
        lines += [f"### {'As published: the' if published else 'The'} reference {place}", ""]
        lines += _table(rows)
    if report["rows"]:
        lines += [
            "Per cent with 95 % intervals (percentile bootstrap over queries that share pictures, "
            f"{report['resamples']:,} resamples). “Image only” searches with the reference itself, “text only” with "
            "the text's own embedding, or with the composed query on a blank picture where texts have none.",
            "",
        ]
    if report["submission"]:
        lines += ["Files for the server: " + ", ".join(f"`{path}`" for path in report["submission"]) + ".", ""]
    return "\n".join(lines)


def _table(rows: list[dict[str, Any]]) -> list[str]:
    metrics = [key for key, value in rows[0].items() if isinstance(value, dict)]
    several = len({row["category"] for row in rows}) > 1
    header = ["query", *(["category"] if several else []), "queries", *map(_heading, metrics)]
    return table(
        header,
        (
            [
                row["method"],
                *([row["category"]] if several else []),
                f"{row['count']:,}",
                *(percent(row[key]) for key in metrics),
            ]
            for row in rows
        ),
    )


def _heading(metric: str) -> str:
    return metric.replace("recall_subset", "R_subset").replace("recall", "R").replace("map", "mAP")


def _rows(benchmark: Benchmark, method: str, ranked: Ranked) -> list[dict[str, Any]]:
    categories = np.array([query.category for query in benchmark.queries])
    # Queries of one image set, or else of one reference, share pictures.
    shared = [" ".join(sorted(query.subset)) or query.reference for query in benchmark.queries]
    family = np.unique(shared, return_inverse=True)[1]
    rows: list[dict[str, Any]] = []
    for kept in (True, False):
        values = _values(benchmark.name, ranked.kept if kept else ranked.left_out, ranked.subset)
        parts = {
            category: {key: estimate(column, family, categories == category) for key, column in values.items()}
            for category in benchmark.pools
        }
        if len(parts) > 1:
            parts[AVERAGE] = {key: _average([part[key] for part in parts.values()]) for key in values}
        for category, figures in parts.items():
            row: dict[str, Any] = {"method": method, "category": category, "reference_in_gallery": kept}
            row["count"] = next(iter(figures.values())).count
            rows.append(row | {key: asdict(figure) for key, figure in figures.items()})
    return rows


def _values(name: str, ranks: tuple[np.ndarray, ...], subset: tuple[np.ndarray, ...]) -> Values:
    """Each metric of each query, float64 [Q]; its mean is the benchmark's figure."""
    cuts = CUTS[name]
    if name == circo.NAME:
        return {f"map@{k}": np.array([average_precision(one, k) for one in ranks]) for k in cuts}
    first = np.array([one[0] for one in ranks])
    values = {f"recall@{k}": recall_at(first, k) for k in cuts}
    if name == fashioniq.NAME:
        return values | {"mean of recall@10, @50": (values["recall@10"] + values["recall@50"]) / 2}
    within = np.array([one[0] if len(one) else np.inf for one in subset])
    values |= {f"recall_subset@{k}": recall_at(within, k) for k in SUBSET_CUTS}
    return values | {"mean of recall@5, recall_subset@1": (values["recall@5"] + values["recall_subset@1"]) / 2}


def _average(parts: list[Estimate]) -> Estimate:
    """The mean of independent estimates, each of the same weight, and its interval.

    The distances of the limits from the means add up in squares (Zou and Donner, Statistics in Medicine 27, 2008).
    """
    mean = float(np.mean([part.mean for part in parts]))
    low, high = (hypot(*(getattr(part, end) - part.mean for part in parts)) / len(parts) for end in ("low", "high"))
    return Estimate(mean, mean - low, mean + high, sum(part.count for part in parts))

"""Published benchmarks, measured as their authors do: FashionIQ, CIRR and CIRCO.

All metrics are shares from 0 to 1, and higher is better:

- FashionIQ: Recall@10 and @50 in the gallery of each category, with the reference in the gallery, and the average of
  the three categories (Wu et al., arXiv 1905.12794). The gallery is the whole split, not only the pictures of the
  queries.
- CIRR: Recall@1, 5, 10 and 50 with the reference excluded, and Recall_subset@1, 2 and 3 among the five other members of
  the image set (Liu et al., arXiv 2108.04024).
- CIRCO: mAP@5, 10, 25 and 50 over several targets, with the reference in the gallery: neither the code of its server
  nor that of its authors' method excludes it (Baldrati et al., arXiv 2303.15247).

Each metric is also given with the other treatment of the reference.
"""

from collections.abc import Callable, Iterator
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
from mmgrad.evaluation.protocols.scenes import COMPOSED, IMAGE, TEXT, WITH_REFERENCE, WITHOUT_REFERENCE
from mmgrad.evaluation.protocols.submissions import BEST, check_submission, write_submission
from mmgrad.evaluation.table import Results, row
from mmgrad.models.model import Model

READERS: dict[str, Callable[[Path, str], Benchmark]] = {
    "fashioniq": fashioniq.read_fashioniq,
    "cirr": cirr.read_cirr,
    "circo": circo.read_circo,
}
CUTS = {fashioniq.NAME: (10, 50), cirr.NAME: (1, 5, 10, 50), circo.NAME: (5, 10, 25, 50)}
SUBSET_CUTS = (1, 2, 3)
AVERAGE = "average"
Values = dict[str, np.ndarray]


def evaluate_benchmark(
    model: Model, name: str, root: Path, split: str = "val", submit: Path | None = None, progress: bool = True
) -> Results:
    """Measure a model on one split of a benchmark, beside its image only and its text only.

    Args:
        model: any model.
        name: "fashioniq", "cirr" or "circo".
        root: the folder of the benchmark, laid out as its reader in `mmgrad.datasets` describes.
        split: "train", "val", or "test" ("test1" of CIRR), whose targets are secret.
        submit: a folder for the files of the benchmark's server; required where the targets are secret.
        progress: whether to show progress bars.

    Raises:
        InputError: an unknown name or split, a missing or broken file, or a submission that is not possible.
    """
    if name not in READERS:
        raise InputError(f"There is no benchmark '{name}'; choose one of {', '.join(READERS)}.")
    benchmark = READERS[name](Path(root).expanduser(), split)
    check_submission(benchmark, submit)
    kept = benchmark.name != cirr.NAME  # whether the published metrics count the reference
    images = embed_gallery(model, list(benchmark.gallery.values()), progress)
    queries, texts = compose(model, benchmark, progress)
    ranked = rank(benchmark, images, queries, BEST if submit else 0, kept)
    rows: list[dict[str, Any]] = []
    if not benchmark.hidden:
        places = {one: row for row, one in enumerate(benchmark.gallery)}
        alone = {IMAGE: images[[places[query.reference] for query in benchmark.queries]], TEXT: texts}
        both = {COMPOSED: ranked} | {method: rank(benchmark, images, each) for method, each in alone.items()}
        rows = [one | {"model": model.name} for method, each in both.items() for one in _rows(benchmark, method, each)]
    about = {
        "protocol": "benchmark",
        "benchmark": benchmark.name,
        "split": split,
        "models": [model.name],
        "fingerprints": {model.name: model.fingerprint},
        "queries": len(benchmark.queries),
        "gallery": {category: len(names) for category, names in benchmark.pools.items()},
        "published": WITH_REFERENCE if kept else WITHOUT_REFERENCE,
        "resamples": RESAMPLES,
        "submission": [str(path) for path in write_submission(benchmark, ranked, submit)] if submit else [],
    }
    return Results.of(about, rows)


def _rows(benchmark: Benchmark, method: str, ranked: Ranked) -> Iterator[dict[str, Any]]:
    categories = np.array([query.category for query in benchmark.queries])
    # Queries of one image set, or else of one reference, share pictures.
    shared = [" ".join(sorted(query.subset)) or query.reference for query in benchmark.queries]
    family = np.unique(shared, return_inverse=True)[1]
    for condition, ranks in ((WITH_REFERENCE, ranked.with_reference), (WITHOUT_REFERENCE, ranked.without_reference)):
        values = _values(benchmark.name, ranks, ranked.subset)
        parts = {
            category: {key: estimate(column, family, categories == category) for key, column in values.items()}
            for category in benchmark.pools
        }
        if len(parts) > 1:
            parts[AVERAGE] = {key: _average([part[key] for part in parts.values()]) for key in values}
        for category, found in parts.items():
            for metric, one in found.items():
                yield row("retrieval", metric, one, method=method, group=category, condition=condition)


def _values(name: str, ranks: tuple[np.ndarray, ...], subset: tuple[np.ndarray, ...]) -> Values:
    """Each metric for each query, float64 [Q]; the benchmark reports its mean."""
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
    """The unweighted mean of independent estimates and its interval.

    The squared distances of the limits from the means add up (Zou and Donner, Statistics in Medicine 27, 2008).
    """
    mean = float(np.mean([part.mean for part in parts]))
    low, high = (hypot(*(getattr(part, end) - part.mean for part in parts)) / len(parts) for end in ("low", "high"))
    return Estimate(mean, mean - low, mean + high, sum(part.count for part in parts))

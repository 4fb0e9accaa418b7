"""Whether a stated confidence is right as often as it says. Lower calibration error is better; category: honesty."""

from collections.abc import Iterator

import numpy as np

from mmgrad.evaluation.runner import Pass
from mmgrad.models.confidence import KINDS, Confidence, Trials, trials

BINS = 10


def trials_of(data: Pass, name: str) -> Trials:
    """All queries of a pass as searches by one of its models."""
    own = data.embeddings[name]
    return trials(own.queries, own.foreign, own.images, data.reference, data.target)


def reliability(found: Trials, confidence: Confidence) -> dict[str, object]:
    """How stated chances compare with what came of them.

    `bins`: for each tenth of the chances its `count`, mean chance `said` and share that was right, `came`. `error`: the
    expected calibration error, the mean distance of the two over all queries (Naeini et al., AAAI 2015; Guo et al.,
    arXiv 1706.04599). `brier`: the mean squared error. `ranking`: the chance that a right search is more confident than
    a wrong one (area under the ROC curve). `means`: the mean chance of each kind of query.
    """
    said, came = confidence(found.clues).double().numpy(), found.right.numpy().astype(np.float64)
    kind = found.kind.numpy()
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    bins = list(_bins(place, said, came))
    return {
        "bins": bins,
        "error": sum(one["count"] * abs(one["said"] - one["came"]) for one in bins) / len(said),
        "brier": float(((said - came) ** 2).mean()),
        "ranking": _area(said, came > 0),
        "count": len(said),
        "right": float(came.mean()),
        "means": {
            name: float(said[kind == number].mean()) for number, name in enumerate(KINDS) if (kind == number).any()
        },
    }


def _bins(place: np.ndarray, said: np.ndarray, came: np.ndarray) -> Iterator[dict[str, float]]:
    for number in range(BINS):
        own = place == number
        if own.any():
            yield {"count": int(own.sum()), "said": float(said[own].mean()), "came": float(came[own].mean())}


def _area(said: np.ndarray, right: np.ndarray) -> float:
    """By ranks, ties shared (Mann and Whitney, 1947); nan where all or none is right."""
    _, place, counts = np.unique(said, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    good, bad = int(right.sum()), int((~right).sum())
    return float((ranks[right].sum() - good * (good + 1) / 2) / (good * bad)) if good and bad else float("nan")

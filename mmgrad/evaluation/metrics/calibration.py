"""Calibration of the stated confidence in the first result."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import brier_score_loss, roc_auc_score

from mmgrad.evaluation.runner import EvaluationRun
from mmgrad.models.confidence import KINDS, Confidence, Trials, trials

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Searches whose stated confidence is in one tenth of [0, 1]: their number, mean confidence and accuracy."""

    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """How stated confidences compare with outcomes.

    Attributes:
        count: number of searches.
        accuracy: share of searches whose first result is right.
        error: expected calibration error over BINS equal bins (Naeini et al., AAAI 2015; Guo et al., arXiv 1706.04599).
        brier: mean squared error of the confidence.
        auc: area under the ROC curve, the chance that a right search is more confident than a wrong one; NaN where
            all searches or none are right.
        bins: the bins that hold a search, in order.
        confidence_by_kind: mean confidence of each kind of search in `mmgrad.models.confidence.KINDS`.
    """

    count: int
    accuracy: float
    error: float
    brier: float
    auc: float
    bins: tuple[Bin, ...]
    confidence_by_kind: dict[str, float]


def trials_of(data: EvaluationRun, name: str) -> Trials:
    """All queries of a run as searches by one of its models."""
    own = data.embeddings[name]
    return trials(own.queries, own.foreign, own.images, data.reference, data.target)


def calibration(found: Trials, confidence: Confidence) -> Calibration:
    """Calibration of a confidence over some searches."""
    stated, right = confidence(found.clues).double().numpy(), found.right.numpy().astype(np.float64)
    kind, number = found.kind.numpy(), np.minimum((stated * BINS).astype(int), BINS - 1)
    members = [own for own in (number == n for n in range(BINS)) if own.any()]
    bins = tuple(Bin(int(own.sum()), float(stated[own].mean()), float(right[own].mean())) for own in members)
    return Calibration(
        count=len(stated),
        accuracy=float(right.mean()),
        error=sum(one.count * abs(one.confidence - one.accuracy) for one in bins) / len(stated),
        brier=float(brier_score_loss(right, stated, pos_label=1)),
        auc=float(roc_auc_score(right, stated)) if 0 < right.mean() < 1 else float("nan"),
        bins=bins,
        confidence_by_kind={name: float(stated[kind == n].mean()) for n, name in enumerate(KINDS) if (kind == n).any()},
    )

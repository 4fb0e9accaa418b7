"""Means with bootstrap confidence intervals."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

RESAMPLES = 1000
SEED = 20_230_816


@dataclass(frozen=True)
class Estimate:
    """A mean over `count` queries and its 95 % interval [low, high]; NaN where there is no query."""

    mean: float
    low: float
    high: float
    count: int


def estimate(values: np.ndarray, family: np.ndarray, chosen: np.ndarray | None = None) -> Estimate:
    """Mean of a metric with the interval of the percentile bootstrap over families.

    Queries of one family share pictures and are dependent. Therefore whole families are resampled, not single queries
    (cluster bootstrap; Davison and Hinkley, Bootstrap Methods, 1997, section 3.8). The seed is fixed.

    Args:
        values: value of each query, [Q].
        family: family of each query, int [Q].
        chosen: which queries count, bool [Q]; all if None.
    """
    if chosen is not None:
        values, family = values[chosen], family[chosen]
    if len(values) == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    _, group = np.unique(family, return_inverse=True)
    sums = np.bincount(group, weights=values.astype(np.float64))  # (F,)
    sizes = np.bincount(group).astype(np.float64)
    draws = _draws(len(sizes))  # (R, F)
    means = (draws @ sums) / (draws @ sizes)
    low, high = np.quantile(means, (0.025, 0.975))
    return Estimate(float(values.mean()), float(low), float(high), len(values))


@lru_cache(maxsize=64)
def _draws(families: int) -> np.ndarray:
    """How often each family is drawn in each resample, float64 [R, F]; every row sums to F."""
    rng = np.random.default_rng(SEED)
    return rng.multinomial(families, np.full(families, 1 / families), size=RESAMPLES).astype(np.float64)

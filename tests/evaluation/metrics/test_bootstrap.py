import math

import numpy as np
import pytest

from mmgrad.evaluation.metrics.bootstrap import estimate


def test_mean_and_count_are_those_of_the_chosen_queries() -> None:
    found = estimate(np.array([1.0, 0.0, 1.0, 0.0]), np.arange(4), np.array([True, True, True, False]))
    assert found.mean == pytest.approx(2 / 3)
    assert found.count == 3


def test_the_interval_agrees_with_a_plain_loop_over_resampled_families() -> None:
    rng = np.random.default_rng(1)
    family = rng.integers(0, 60, 400)
    values = (rng.random(400) < 0.3 + 0.5 * (family % 2)).astype(float)
    found = estimate(values, family)
    names = np.unique(family)
    means = []
    for _ in range(3000):
        drawn = rng.choice(names, len(names))
        means.append(np.concatenate([values[family == name] for name in drawn]).mean())
    low, high = np.quantile(means, (0.025, 0.975))
    assert found.low == pytest.approx(low, abs=0.012)  # the Monte Carlo error of 1,000 resamples
    assert found.high == pytest.approx(high, abs=0.012)


def test_copies_within_a_family_do_not_make_the_interval_narrower() -> None:
    values = np.random.default_rng(0).integers(0, 2, 50).astype(float)
    alone = estimate(values, np.arange(50))
    repeated = estimate(np.repeat(values, 20), np.repeat(np.arange(50), 20))
    assert (repeated.low, repeated.high) == pytest.approx((alone.low, alone.high))


def test_the_same_data_give_the_same_interval() -> None:
    values = np.random.default_rng(0).random(30)
    assert estimate(values, np.arange(30)) == estimate(values, np.arange(30))


def test_no_query_is_not_a_figure() -> None:
    found = estimate(np.zeros(3), np.arange(3), np.zeros(3, bool))
    assert found.count == 0
    assert math.isnan(found.mean)

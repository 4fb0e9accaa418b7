"""The cut of the best balanced accuracy, against all cuts tried one by one."""

import numpy as np
import pytest

from mmgrad.utils.thresholds import balanced_accuracy_threshold


@pytest.mark.parametrize("most_missed", [0.04, 0.3, 1.0])
def test_no_other_allowed_cut_is_better(most_missed: float) -> None:
    rng = np.random.default_rng(0)
    present, absent = rng.gamma(4, 1, 80), rng.gamma(1.5, 0.5, 30)
    cut = balanced_accuracy_threshold(present, absent, most_missed)

    def accuracy(threshold: float) -> float:
        return float((absent < threshold).mean() + (present >= threshold).mean())

    bound = np.quantile(present, most_missed)
    tried = np.concatenate([present, absent, [0, 99, bound], present + 1e-9])
    assert cut <= bound
    assert (present < cut).mean() <= most_missed + 1 / len(present)
    assert accuracy(cut) == max(accuracy(threshold) for threshold in tried if threshold <= bound)


def test_of_equally_good_cuts_the_smallest_is_taken() -> None:
    assert balanced_accuracy_threshold(np.array([3.0, 5.0]), np.array([1.0, 2.0])) == 3


def test_without_values_of_both_kinds_nothing_is_below_the_threshold() -> None:
    assert balanced_accuracy_threshold(np.ones(3), np.zeros(0)) == 0
    assert balanced_accuracy_threshold(np.zeros(0), np.ones(3)) == 0

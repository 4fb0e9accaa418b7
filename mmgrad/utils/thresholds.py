"""The threshold that separates two sets of values best."""

import numpy as np


def balanced_accuracy_threshold(present: np.ndarray, absent: np.ndarray, most_missed: float = 1.0) -> float:
    """The cut with the greatest balanced accuracy, where values below it are called absent.

    Candidates are the observed values. The smallest of several equally good cuts is taken.

    Args:
        present: values that should reach the threshold, [P].
        absent: values that should be below it, [A].
        most_missed: quantile of `present` that the threshold must not exceed, so that about this share of `present` at
            most is below it.

    Returns:
        The threshold; 0 where one of the two sets is empty.
    """
    if not len(present) or not len(absent):
        return 0.0
    present, absent = (np.sort(np.asarray(values, dtype=np.float64)) for values in (present, absent))
    bound = float(np.quantile(present, most_missed))
    cuts = np.unique(np.concatenate([present, absent, [bound]]))
    cuts = cuts[cuts <= bound]
    missed, rejected = (np.searchsorted(values, cuts, side="left") / len(values) for values in (present, absent))
    return float(cuts[int((rejected - missed).argmax())])

"""Pessimistic ranks against counting one by one."""

import math

import numpy as np
import torch

from mmgrad.utils.ranking import pessimistic_ranks


def test_ranks_agree_with_counting_the_rivals_that_are_not_lower() -> None:
    scores = torch.from_numpy(np.random.default_rng(0).integers(0, 6, (5, 20)).astype(np.float32))
    scores[0, 3] = math.nan
    own, ignored = scores[:, :4].clone(), torch.zeros(5, 20, dtype=torch.bool)
    ignored[:, :4] = True
    found = pessimistic_ranks(scores, own, ignored)
    for q in range(5):
        for t in range(4):
            rivals = [float(score) for score in scores[q, 4:]]
            assert found[q, t] == 1 + sum(not rival < float(own[q, t]) for rival in rivals)


def test_without_ignored_pictures_a_candidate_is_its_own_rival() -> None:
    scores = torch.tensor([0.3, 0.9, 0.3])
    assert pessimistic_ranks(scores, torch.tensor([0.3, 1.0])).tolist() == [4, 1]

"""Calibration figures against outcomes whose chances are known, and counts of pairs."""

import itertools
import math

import pytest
import torch

from mmgrad.evaluation.metrics.calibration import calibration
from mmgrad.models.confidence import Confidence, Trials

TRUE = Confidence((6.0, 0.0, 0.0), -3.0)


def drawn(count: int) -> Trials:
    generator = torch.Generator().manual_seed(0)
    clues = torch.rand(count, 3, generator=generator)
    right = torch.rand(count, generator=generator) < TRUE(clues)
    return Trials(clues, right, torch.arange(count) % 3)


def test_true_chances_have_next_to_no_error_and_boasting_has() -> None:
    found = drawn(30_000)
    honest = calibration(found, TRUE)
    boasting = calibration(found, Confidence((6.0, 0.0, 0.0), 0.0))
    assert honest.error < 0.015
    assert boasting.error > 0.2
    assert honest.brier < boasting.brier
    assert honest.auc == pytest.approx(boasting.auc)  # the same order
    assert sum(one.count for one in honest.bins) == 30_000
    assert set(honest.confidence_by_kind) == {"as asked", "target not in the gallery", "text of another picture"}


def test_the_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    clues = torch.rand(60, 3, generator=torch.Generator().manual_seed(1)).mul(10).round().div(10)
    right = torch.rand(60, generator=torch.Generator().manual_seed(2)) < 0.4
    found, stated = Trials(clues, right, torch.zeros(60, dtype=torch.long)), TRUE(clues)
    pairs = list(itertools.product(stated[right].tolist(), stated[~right].tolist()))
    expected = sum((good > bad) + 0.5 * (good == bad) for good, bad in pairs) / len(pairs)
    assert calibration(found, TRUE).auc == pytest.approx(expected)
    brier = sum((p - float(r)) ** 2 for p, r in zip(stated.tolist(), right.tolist(), strict=True)) / 60
    assert calibration(found, TRUE).brier == pytest.approx(brier)


def test_without_a_right_search_there_is_no_auc() -> None:
    found = Trials(torch.rand(5, 3), torch.zeros(5, dtype=torch.bool), torch.zeros(5, dtype=torch.long))
    assert math.isnan(calibration(found, TRUE).auc)

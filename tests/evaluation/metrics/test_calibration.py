"""Calibration figures against outcomes whose chances are known, and counts of pairs."""

import itertools

import pytest
import torch

from mmgrad.evaluation.metrics.calibration import _area, reliability
from mmgrad.models.confidence import Confidence, Trials

TRUE = Confidence((6.0, 0.0, 0.0), -3.0)


def drawn(count: int) -> Trials:
    generator = torch.Generator().manual_seed(0)
    clues = torch.rand(count, 3, generator=generator)
    right = torch.rand(count, generator=generator) < TRUE(clues)
    return Trials(clues, right, torch.arange(count) % 3)


def test_true_chances_have_next_to_no_error_and_boasting_has() -> None:
    found = drawn(30_000)
    honest = reliability(found, TRUE)
    boasting = reliability(found, Confidence((6.0, 0.0, 0.0), 0.0))
    assert honest["error"] < 0.015
    assert boasting["error"] > 0.2
    assert honest["brier"] < boasting["brier"]
    assert honest["ranking"] == pytest.approx(boasting["ranking"])  # the same order
    assert sum(one["count"] for one in honest["bins"]) == 30_000
    assert set(honest["means"]) == {"as asked", "target not in the gallery", "text of another picture"}


def test_the_ranking_is_the_share_of_pairs_in_the_right_order() -> None:
    said, right = torch.rand(60).mul(10).round().div(10).numpy(), (torch.rand(60) < 0.4).numpy()
    pairs = list(itertools.product(said[right], said[~right]))
    expected = sum((good > bad) + 0.5 * (good == bad) for good, bad in pairs) / len(pairs)
    assert _area(said, right) == pytest.approx(expected)

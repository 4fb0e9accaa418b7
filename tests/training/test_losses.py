"""The losses against definitions written out in loops."""

import math

import pytest
import torch

from mmgrad.training.losses import PRESENCE_WEIGHT, PRESENT, attention_loss, consistency_loss, contrastive_loss


def test_contrastive_loss_is_the_mean_negative_log_probability_of_the_target():
    torch.manual_seed(0)
    queries, candidates = (torch.nn.functional.normalize(torch.randn(n, 4), dim=1) for n in (3, 5))
    target = torch.tensor([4, 0, 2])
    expected = 0.0
    for q in range(3):
        scores = [7.0 * float(queries[q] @ candidates[c]) for c in range(5)]
        expected -= math.log(math.exp(scores[target[q]]) / sum(map(math.exp, scores))) / 3
    assert float(contrastive_loss(queries, candidates, target, 7.0)) == pytest.approx(expected, rel=1e-5)


def slow_attention_loss(evidence: torch.Tensor, region: torch.Tensor) -> float:
    location, presence, defined = 0.0, 0.0, 0
    for m, r in zip(evidence.tolist(), region.tolist(), strict=True):
        cells = [(max(v, 0.0), s) for row, shares in zip(m, r, strict=True) for v, s in zip(row, shares, strict=True)]
        total, there = sum(v for v, _ in cells), any(s > 0 for _, s in cells)
        odds = ((total + 1e-4) / PRESENT) ** 2
        presence -= math.log(odds / (1 + odds)) if there else math.log(1 / (1 + odds))
        if there:
            defined += 1
            share = sum(v for v, s in cells if s > 0) / total
            peak = max(v for v, _ in cells)
            overlap = sum(v / peak * s for v, s in cells)
            union = sum(v / peak for v, _ in cells) + sum(s for _, s in cells) - overlap
            location += -math.log(share) + 1 - overlap / union
    return location / defined + PRESENCE_WEIGHT * presence / len(evidence)


def test_attention_loss_equals_its_definition_written_in_loops():
    torch.manual_seed(1)
    evidence = torch.randn(4, 3, 3) + 0.5
    region = (torch.rand(4, 3, 3) - 0.2).clamp_min(0)
    region[2] = 0
    expected = slow_attention_loss(evidence, region)
    assert float(attention_loss(evidence, region)) == pytest.approx(expected, rel=1e-3)


def test_evidence_inside_the_region_is_better_than_outside():
    region = torch.zeros(1, 4, 4)
    region[0, :2, :2] = 1
    outside = torch.zeros(1, 4, 4)
    outside[0, 2:, 2:] = 0.1
    assert attention_loss(0.1 * region, region) < attention_loss(outside, region)


def test_where_nothing_changes_less_evidence_is_better():
    region = torch.cat([torch.ones(1, 2, 2), torch.zeros(1, 2, 2)])
    quiet, loud = (torch.stack([torch.ones(2, 2), torch.full((2, 2), v)]) for v in (0.001, 1.0))
    assert attention_loss(quiet, region) < attention_loss(loud, region)


def test_a_map_without_positive_evidence_has_finite_loss_and_gradient():
    evidence = torch.full((2, 3, 3), -1.0, requires_grad=True)
    loss = attention_loss(evidence, torch.ones(2, 3, 3))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(evidence.grad).all()


def test_consistency_loss_equals_its_definition_written_in_loops():
    torch.manual_seed(2)
    one, other = torch.randn(3, 2, 3), torch.randn(3, 2, 3)
    expected = 0.0
    for m, n in zip(one.flatten(1).tolist(), other.flatten(1).tolist(), strict=True):
        sums = [sum(max(v, 0) for v in values) for values in (m, n)]
        expected += sum(abs(max(a, 0) / sums[0] - max(b, 0) / sums[1]) for a, b in zip(m, n, strict=True)) / 3
    assert float(consistency_loss(one, other)) == pytest.approx(expected, rel=1e-4)


def test_maps_agree_whatever_their_scale_and_differ_most_where_they_share_no_place():
    evidence = torch.tensor([[[0.0, 0.2], [0.6, 0.0]]])
    assert float(consistency_loss(evidence, 3 * evidence)) == pytest.approx(0, abs=1e-4)
    assert float(consistency_loss(evidence, evidence.flip(-1))) == pytest.approx(2, abs=1e-4)
    assert float(consistency_loss(evidence[:0], evidence[:0])) == 0


def test_maps_that_vanish_gain_nothing():
    """Scaled down a hundredfold, maps that disagree disagree as before."""
    one, other = torch.rand(2, 3, 3), torch.rand(2, 3, 3)
    assert float(consistency_loss(0.01 * one, 0.01 * other)) == pytest.approx(
        float(consistency_loss(one, other)), rel=1e-3
    )

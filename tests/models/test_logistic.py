"""Logistic regression against Newton's method, written out."""

import numpy as np
import pytest
import torch

from mmgrad.models.logistic import fit_logistic


def newton(inputs: np.ndarray, positive: np.ndarray, weights: np.ndarray, penalty: float) -> np.ndarray:
    """The minimum by Newton's method in double precision: the weight, then the bias."""
    design = np.hstack([inputs, np.ones((len(inputs), 1))])
    penalties = np.diag([2 * penalty] * inputs.shape[1] + [0.0])
    found = np.zeros(design.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-design @ found))
        gradient = design.T @ (weights * (chance - positive)) + penalties @ found
        hessian = design.T @ (design * (weights * chance * (1 - chance))[:, None]) + penalties
        found -= np.linalg.solve(hessian, gradient)
    return found


@pytest.mark.parametrize("penalty", [1e-4, 0.1])
def test_the_minimum_is_the_one_of_newtons_method(penalty: float) -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(300, 3))
    positive = (inputs @ [1.0, -2.0, 0.5] + rng.logistic(size=300) > 0.3).astype(float)
    weights = rng.uniform(0.5, 2, 300) / 300
    weight, bias = fit_logistic(
        *(torch.tensor(each, dtype=torch.float32) for each in (inputs, positive, weights)), penalty
    )
    assert [*weight.tolist(), float(bias)] == pytest.approx(newton(inputs, positive, weights, penalty), abs=2e-3)


def test_separable_samples_have_a_finite_fit() -> None:
    inputs = torch.tensor([[-1.0], [-2.0], [1.0], [2.0]])
    weight, bias = fit_logistic(inputs, torch.tensor([0, 0, 1, 1]), torch.full((4,), 0.25), 1e-4)
    assert torch.isfinite(weight).all()
    assert float(weight) > 1
    assert abs(float(bias)) < 1e-3

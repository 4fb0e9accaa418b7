"""Logistic regression by L-BFGS: the one fit that confidence and the single-object classifier share."""

import torch
from torch import Tensor
from torch.nn import functional


def fit_logistic(
    inputs: Tensor, positive: Tensor, weights: Tensor, penalty: float, max_iter: int = 300
) -> tuple[Tensor, Tensor]:
    """The weight [D] and bias [] that minimize the weighted cross-entropy plus `penalty` times the squared weight.

    Args:
        inputs: [N, D], float32 or float64; the fit is computed in it.
        positive: [N], 1 for positives and 0 for negatives.
        weights: [N], of the samples; the loss is their weighted sum.
        penalty: of the squared weight; the bias is not penalized. It keeps the fit of separable samples finite.
        max_iter: of L-BFGS with a strong Wolfe line search.
    """
    weight = inputs.new_zeros(1, inputs.shape[1], requires_grad=True)
    bias = inputs.new_zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=max_iter, line_search_fn="strong_wolfe")
    inputs, positive, weights = inputs.detach(), positive.to(inputs)[:, None], weights.to(inputs)[:, None]

    def loss() -> Tensor:
        optimizer.zero_grad()
        logits = functional.linear(inputs, weight, bias)
        missed = functional.binary_cross_entropy_with_logits(logits, positive, weights, reduction="sum")
        value: Tensor = missed + penalty * weight.square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(loss)
    return weight.detach()[0], bias.detach()[0]

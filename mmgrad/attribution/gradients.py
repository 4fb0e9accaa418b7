"""Multi-modal gradient attention (MMGrad): which positions of a feature map a text-conditioned match depends on.

A *signal* is a function from feature maps to one number for each picture. A map is the gradient of the signal at the
feature map, times the feature map, summed over channels (gradient x activation; Grad-CAM weights the channels by their
pooled gradients instead, Selvaraju et al., arXiv 1610.02391). The signals are those of Udhayanan et al., arXiv
2308.16649, and their variants. Gradients flow through the composer only. Nothing is hooked, and no state is left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from mmgrad.encoders.base import TextTokens

Weighting = Literal["position", "channel"]
Signal = Callable[[Tensor], Tensor]
"""Feature maps [B, C, h, w] -> the signal of each picture [B]."""

ToGrid = Callable[[Tensor], Tensor]
"""Contributions [B, C, h, w] of the values of a feature map -> their sum at each place of the grid [B, H, W]."""


class Head(Protocol):
    """The differentiable part of a model: a trained composer, or a formula over an encoder's own head.

    q is pool(edit(positions(F), F, T)) and g is pool(positions(F)). The steps are separate so that one signal can share
    `positions` between both. g(I) and q(I, T), [B, D], may have further components that do not depend on the positions.
    """

    def encode_image(self, features: Tensor) -> Tensor:
        """g of feature maps [B, C, h, w]: [B, D], L2-normalized."""
        ...

    def encode_reference(self, features: Tensor) -> Tensor:
        """The query without a text, [B, D], L2-normalized: q minus this is the change that a text makes."""
        ...

    def encode_query(self, features: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        """q of feature maps [B, C, h, w], text states [B, L, D_t] and their mask [B, L] bool: [B, D]."""
        ...

    def positions(self, features: Tensor) -> Tensor:
        """The part that g and q share, of any shape [B, ...]."""
        ...

    def edit(self, x: Tensor, features: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        """x changed by the text, in the shape of x; `features` is what x was computed from."""
        ...

    def pool(self, x: Tensor) -> Tensor:
        """The embedding of x."""
        ...


@dataclass(frozen=True, eq=False)
class AttributionModel:
    """What attribution needs of a model.

    Attributes:
        composer: from feature maps and text states to embeddings, differentiable.
        to_grid: the encoder's sum of contributions over channels, on the grid of its maps.
        baseline: [1, C, h, w], the feature map of a picture of uniform color, where integrated gradients start from.
            Only needed by `midpoint_integrated_gradients`.
    """

    composer: Head
    to_grid: ToGrid
    baseline: Tensor | None = None


def similarity_signal(composer: Head, embedding: Tensor) -> Signal:
    """<e, g(I)> for a constant e [B, D]: text-agnostic where e is g of another picture; where e is a change, the
    signal of what shows that change."""
    return lambda features: (embedding * composer.encode_image(features)).sum(dim=-1)


def query_signal(composer: Head, embedding: Tensor, tokens: TextTokens) -> Signal:
    """<q(I, T), e> for a constant embedding e [B, D]: the match, as a function of the reference."""
    return lambda features: (embedding * composer.encode_query(features, tokens.states, tokens.mask)).sum(dim=-1)


def signed_map(
    signal: Signal,
    features: Tensor,
    to_grid: ToGrid,
    weighting: Weighting = "position",
    create_graph: bool = False,
) -> Tensor:
    """The contribution of each place to the signal: [B, H, W] float32, raw scale; negative values oppose it.

    Args:
        features: [B, C, h, w]; copied to a float32 leaf.
        weighting: "position" is gradient x activation; "channel" weights activations by the gradient's mean over
            positions, as Grad-CAM does.
        create_graph: keep the graph, so that the map can be differentiated by the composer's parameters.
    """
    leaf = features.detach().float().requires_grad_()
    with torch.enable_grad():
        gradient = torch.autograd.grad(signal(leaf).sum(), leaf, create_graph=create_graph)[0]
    if weighting == "channel":
        gradient = gradient.mean(dim=(2, 3), keepdim=True)
    return to_grid(gradient * leaf.detach())


def reference_map(
    model: AttributionModel,
    features: Tensor,
    tokens: TextTokens,
    baseline: TextTokens | None = None,
    create_graph: bool = False,
) -> Tensor:
    """Which region of each reference the text is changing: signed maps [B, H, W].

    The signal is the change itself, <d, q(I, T) - g(I)> with d = q - g held constant, both as `pool` gives them. With
    `baseline`, the tokens of another text, it is <d, q(I, T) - q(I, baseline)>: the share of the words that the other
    text lacks.

    Args:
        features: [B, C, h, w]. tokens: of B texts.
    """
    composer = model.composer

    def moved(leaf: Tensor) -> Tensor:
        x = composer.positions(leaf)
        before = x if baseline is None else composer.edit(x, leaf, baseline.states, baseline.mask)
        return composer.pool(composer.edit(x, leaf, tokens.states, tokens.mask)) - composer.pool(before)

    def signal(leaf: Tensor) -> Tensor:
        change = moved(leaf)
        held = moved(features) if create_graph else change.detach()
        return (held * change).sum(dim=-1)

    return signed_map(signal, features, model.to_grid, create_graph=create_graph)


def target_map(model: AttributionModel, features: Tensor, change: Tensor, create_graph: bool = False) -> Tensor:
    """Where the change d [B, D] shows in each picture: signed maps [B, H, W] of <d, g(I)>."""
    return signed_map(similarity_signal(model.composer, change), features, model.to_grid, create_graph=create_graph)


def midpoint_integrated_gradients(model: AttributionModel, signal: Signal, features: Tensor) -> Tensor:
    """The contribution of each place to a signal, signed maps [B, H, W].

    Integrated gradients (Sundararajan et al., arXiv 1703.01365) with one step: a single gradient, half-way between the
    baseline and `features` [B, C, h, w]. At the picture itself a cosine is near its maximum and its gradient says
    little. The values of a map sum to about signal(features) - signal(baseline).
    """
    if model.baseline is None:
        raise ValueError("integrated gradients need the baseline of the AttributionModel")
    way = features.detach().float() - model.baseline
    leaf = (model.baseline + way / 2).requires_grad_()
    with torch.enable_grad():
        gradient = torch.autograd.grad(signal(leaf).sum(), leaf)[0]
    return model.to_grid(gradient * way)


def target_maps(model: AttributionModel, features: Tensor, changes: Tensor) -> Tensor:
    """Where each of W changes [W, D] shows in each of K pictures: signed maps [W, K, H, W].

    The same as `target_map` for every pair, with one forward pass for all changes and one backward pass for each; peak
    memory is that of K pictures.
    """
    leaf = features.detach().float().requires_grad_()  # (K, C, h, w)
    with torch.enable_grad():
        embeddings = model.composer.encode_image(leaf)
        gradients = [torch.autograd.grad((embeddings @ change).sum(), leaf, retain_graph=True)[0] for change in changes]
    return torch.stack([model.to_grid(gradient * leaf.detach()) for gradient in gradients])

"""Multi-modal gradient attention (MMGrad): which positions of a feature map a text-conditioned match depends on.

A *signal* is a plain function of embeddings that yields one number a picture; a map is the gradient of the signal at
the feature map, times the feature map, summed over channels (gradient x activation; Selvaraju et al., arXiv 1610.02391,
weigh by pooled gradients instead). The signals are those of Udhayanan et al., arXiv 2308.16649, and their variants.
Only the composer is differentiated; nothing is hooked and no state is left on a model.
"""

from collections.abc import Callable
from typing import Literal, Protocol

import torch
from torch import Tensor

Weighting = Literal["position", "channel"]
Embed = Callable[[Tensor], Tensor]  # feature maps [B, C, h, w] -> the signal of each [B]


class Head(Protocol):
    """What maps need of what runs above the seam: a trained composer, or a formula over an encoder's own head.

    What the text does to the picture is pool(edit(positions(F), F, T)) against pool(positions(F)), differentiable by F:
    the steps stand apart so that signals of both share the first. A head may add to g(I) and q(I, T), [B, D], what does
    not depend on that.
    """

    def encode_image(self, features: Tensor) -> Tensor:
        """g of feature maps [B, C, h, w], L2-normalised."""
        ...

    def encode_reference(self, features: Tensor) -> Tensor:
        """Where queries start from, before any text, L2-normalised: q - start is the change that a text makes."""
        ...

    def encode_query(self, features: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        """q of feature maps [B, C, h, w], text states [B, L, D_t] and their mask [B, L] bool."""
        ...

    def positions(self, features: Tensor) -> Tensor:
        """What g and q share, of any shape [B, ...]."""
        ...

    def edit(self, x: Tensor, features: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        """The same as x, changed by the text; `features` is what x was made of."""
        ...

    def pool(self, x: Tensor) -> Tensor:
        """What the embedding of either is made of."""
        ...


def similarity_signal(composer: Head, embedding: Tensor) -> Embed:
    """<e, g(I)> for a constant e [B, D]: with e = g of another picture text-blind, with e a change, what shows it."""
    return lambda features: (embedding * composer.encode_image(features)).sum(dim=-1)


def query_signal(composer: Head, embedding: Tensor, states: Tensor, mask: Tensor) -> Embed:
    """<q(I, T), e> for a constant embedding e [B, D]: the match itself, seen from the reference."""
    return lambda features: (embedding * composer.encode_query(features, states, mask)).sum(dim=-1)


def signed_map(
    signal: Embed,
    features: Tensor,
    evidence: Callable[[Tensor], Tensor],
    weighting: Weighting = "position",
    create_graph: bool = False,
) -> Tensor:
    """Evidence of each place for the signal, [B, H, W] float32, raw scale; negative values speak against it.

    `features` [B, C, h, w] is copied to a leaf of its own, in float32; `evidence` is the encoder's, which sums
    contributions over channels. `weighting` is "position" (gradient x activation) or "channel" (activation weighted by
    the gradient's mean over positions, as Grad-CAM). With `create_graph` the map itself can be differentiated by the
    composer's parameters, as the attention loss needs.
    """
    leaf = features.detach().float().requires_grad_()
    with torch.enable_grad():
        gradient = torch.autograd.grad(signal(leaf).sum(), leaf, create_graph=create_graph)[0]
    if weighting == "channel":
        gradient = gradient.mean(dim=(2, 3), keepdim=True)
    return evidence(gradient * leaf.detach())


def reference_map(
    composer: Head,
    features: Tensor,
    states: Tensor,
    mask: Tensor,
    evidence: Callable[[Tensor], Tensor],
    baseline: tuple[Tensor, Tensor] | None = None,
    create_graph: bool = False,
) -> Tensor:
    """Which region of each reference the text is changing: signed maps [B, H, W].

    features [B, C, h, w], states [B, L, D_t], mask [B, L]. The signal is the change itself, <d, q(I, T) - g(I)> with
    d = q - g held constant, both as `pool` gives them. With a `baseline`, states and mask of another text, it is
    <d, q(I, T) - q(I, baseline)>: the share of the words that the other text lacks.
    """

    def moved(leaf: Tensor) -> Tensor:
        x = composer.positions(leaf)
        before = composer.pool(x) if baseline is None else composer.pool(composer.edit(x, leaf, *baseline))
        return composer.pool(composer.edit(x, leaf, states, mask)) - before

    def signal(leaf: Tensor) -> Tensor:
        change = moved(leaf)
        held = moved(features) if create_graph else change.detach()
        return (held * change).sum(dim=-1)

    return signed_map(signal, features, evidence, create_graph=create_graph)


def target_map(
    composer: Head,
    features: Tensor,
    change: Tensor,
    evidence: Callable[[Tensor], Tensor],
    create_graph: bool = False,
) -> Tensor:
    """Where the change d [B, D] shows in each picture: signed maps [B, H, W] of <d, g(I)>."""
    return signed_map(similarity_signal(composer, change), features, evidence, create_graph=create_graph)


def midpoint_integrated_gradients(
    signal: Embed, features: Tensor, blank: Tensor, evidence: Callable[[Tensor], Tensor]
) -> Tensor:
    """What each place adds to a signal, signed maps [B, H, W], which sum to about what the picture brings over a blank.

    Integrated gradients (Sundararajan et al., arXiv 1703.01365) with a single gradient, taken half-way between `blank`
    [1, C, h, w], the features of a picture that shows nothing, and `features` [B, C, h, w]. At the picture itself a
    cosine is near its maximum and its gradient says little.
    """
    way = features.detach().float() - blank
    leaf = (blank + way / 2).requires_grad_()
    with torch.enable_grad():
        gradient = torch.autograd.grad(signal(leaf).sum(), leaf)[0]
    return evidence(gradient * way)


def target_maps(composer: Head, features: Tensor, changes: Tensor, evidence: Callable[[Tensor], Tensor]) -> Tensor:
    """Where each of W changes [W, D] shows in each of K pictures: signed maps [W, K, H, W].

    `target_map` of every pair, with one pass up for all changes and one down for each: it takes memory for K pictures.
    """
    leaf = features.detach().float().requires_grad_()  # (K, C, h, w)
    with torch.enable_grad():
        embeddings = composer.encode_image(leaf)
        gradients = [torch.autograd.grad((embeddings @ change).sum(), leaf, retain_graph=True)[0] for change in changes]
    return torch.stack([evidence(gradient * leaf.detach()) for gradient in gradients])

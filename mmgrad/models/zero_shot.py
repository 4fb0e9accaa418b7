"""Queries without training: the image and text embeddings of a dual encoder, such as CLIP, composed by a formula.

A dual encoder embeds images and texts in one space, g(I) and t(T). Each formula composes a query from the two.
`DualComposer` gives a formula, or a pseudo-word network (`mmgrad.models.pseudo_word`), the interface of a trained head.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmgrad.errors import InputError

Compose = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Image features [B, D] of any length, text states [B, L, D] and their mask [B, L] -> queries [B, D] of any length.

The states are those of `mmgrad.encoders.dual_encoder`, or of `mmgrad.encoders.prompts` for a pseudo-word.
"""

BALANCE = 0.7
STRENGTH = 2.0
"""Weights of the text. They and `DEFAULT` are the best ones of `benchmarks/compositions.py`, on photographs."""


class DualComposer(nn.Module):
    """Feature map [B, C, h, w] (+ text states [B, L, D], mask [B, L]) -> L2-normalized embedding [B, D] float32.

    `head` is the encoder's, from feature map to image embedding; `compose` combines that with the text. The steps are
    those of `mmgrad.models.composer.Composer`, so the same maps can be computed.
    """

    is_trained = False

    def __init__(self, head: nn.Module, compose: Compose):
        super().__init__()
        self.head, self.compose = head, compose

    def encode_image(self, features: Tensor) -> Tensor:
        """g: feature map [B, C, h, w] -> [B, D], no text."""
        return self.pool(self.positions(features))

    def encode_reference(self, features: Tensor) -> Tensor:
        """The query without a text: the image embedding."""
        return self.encode_image(features)

    def encode_query(self, features: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        """q: feature map [B, C, h, w], text states [B, L, D], mask [B, L] bool -> [B, D]."""
        return self.pool(self.edit(self.positions(features), features, states, mask))

    def positions(self, features: Tensor) -> Tensor:
        """The image feature [B, D] that g and q share, not normalized: pseudo-word networks read its length."""
        embedding: Tensor = self.head(features)
        return embedding

    def edit(self, x: Tensor, features: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        """Image features [B, D] composed with the text, [B, D]."""
        return self.compose(x, states, mask)

    def pool(self, x: Tensor) -> Tensor:
        """The features at length 1."""
        return functional.normalize(x, dim=-1)


def weighted_sum(image: Tensor, states: Tensor, mask: Tensor, balance: float = BALANCE) -> Tensor:
    """(1 - balance) g + balance t(T); balance in [0, 1]."""
    return (1 - balance) * _unit(image) + balance * _text(states)


def slerp(image: Tensor, states: Tensor, mask: Tensor, balance: float = 0.8) -> Tensor:
    """Spherical interpolation from g to t(T) with `balance` b in [0, 1] (Jang et al., arXiv 2405.00571).

    sin((1 - b) a) / sin(a) g + sin(b a) / sin(a) t, with the angle a between them. The default is beyond the middle,
    because images are more similar to each other than to any text.
    """
    image, text = _unit(image), _text(states)
    cosine = (image * text).sum(dim=-1, keepdim=True)
    angle = torch.acos(cosine.clamp(-1 + 1e-6, 1 - 1e-6))  # g = t and g = -t define no circle: stay short of them
    return (torch.sin((1 - balance) * angle) * image + torch.sin(balance * angle) * text) / torch.sin(angle)


def direction(image: Tensor, states: Tensor, mask: Tensor, strength: float = STRENGTH) -> Tensor:
    """g + strength (t(new) - t(old)), where the text names both (Couairon et al., arXiv 2112.03162); strength >= 0.

    Other texts (see `mmgrad.encoders.named_change`) fall back to the sum with its default balance.
    """
    moved = _unit(image) + strength * (_unit(states[:, 1]) - _unit(states[:, 2]))
    named = mask[:, 1:3].all(dim=1, keepdim=True)
    return torch.where(named, moved, weighted_sum(image, states, mask))


COMPOSITIONS: dict[str, Callable[..., Tensor]] = {"sum": weighted_sum, "slerp": slerp, "direction": direction}
DEFAULT = "direction"
PSEUDO_WORD = "pseudo-word"
"""The composition that is not a formula: it needs the file of a network."""


def select_composition(name: str | None = None, weight: float | None = None) -> Compose:
    """The formula of a name, "direction" by default, with the weight of the text: its balance or strength.

    Raises InputError for an unknown name and for a weight that is out of range.
    """
    name = name or DEFAULT
    if name not in COMPOSITIONS:
        raise InputError(f"There is no composition '{name}'; choose one of {', '.join((*COMPOSITIONS, PSEUDO_WORD))}.")
    if weight is None:
        return COMPOSITIONS[name]
    if not (0 <= weight < float("inf") if name == "direction" else 0 <= weight <= 1):
        allowed = "at least 0" if name == "direction" else "from 0 (only the picture) to 1 (only the text)"
        raise InputError(f"The text's weight for '{name}' must be {allowed}, not {weight}.")
    return partial(COMPOSITIONS[name], **{"strength" if name == "direction" else "balance": weight})


def check_composition(name: str | None, weight: float | None, adapter: str | Path | None) -> str:
    """The name of the composition that is meant. Raises InputError where the arguments do not go together."""
    if name != PSEUDO_WORD and (adapter is None or name is not None):
        if adapter is not None:
            raise InputError(f"The composition '{name}' takes no adapter; leave it out, or choose pseudo-word.")
        select_composition(name, weight)
        return name or DEFAULT
    if adapter is None:
        raise InputError("The composition 'pseudo-word' needs the file of its network: --adapter FILE.safetensors.")
    if weight is not None:
        raise InputError("The composition 'pseudo-word' has no weight; leave it out.")
    return PSEUDO_WORD


def _text(states: Tensor) -> Tensor:
    return _unit(states[:, 0])


def _unit(x: Tensor) -> Tensor:
    return functional.normalize(x, dim=-1)

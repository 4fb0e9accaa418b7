"""Sanity checks for attribution maps (Adebayo et al., arXiv 1810.03292): re-initialized models and swapped texts.

A map that stays the same for them explains neither the model nor the text.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmgrad.encoders.base import Encoder

SPREAD = 0.02
"""Standard deviation of the values that replace parameters with a constant initial value."""
LIMIT = {"parameters": 0.3, "text": 0.5}
"""A map survives a check if its mean rank correlation with the original map is at least this."""

Network = TypeVar("Network", bound=nn.Module)


def cascading_randomization(composer: Network, seed: int = 0) -> list[tuple[str, Network]]:
    """Copies of a composer with more and more parts re-initialized, from the last part to the first.

    Parts are its children in reverse order of registration, with module lists split; the composer's own parameters come
    last. Returns (name of the part, copy) for each step.
    """
    copies: list[tuple[str, Network]] = []
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        last = composer
        for name in _parts(composer):
            last = copy.deepcopy(last)
            reinitialize(last.get_submodule(name))
            copies.append((name, last))
        own = [name for name, _ in composer.named_parameters(recurse=False)]
        if own:
            last = copy.deepcopy(last)
            for name in own:
                _draw(last.get_parameter(name))
            copies.append((", ".join(own), last))
    return copies


def random_trunk(encoder: Encoder, pixels: Tensor, seed: int = 0) -> Encoder | None:
    """A copy of the encoder with all networks re-initialized; None where it has none.

    Batch normalization measures its statistics on `pixels` [B, 3, S, S], because a random network gives no signal under
    the old ones. The encoder itself is not changed. Raises ValueError if some features of the trunk stay the same.
    """
    if not any(isinstance(part, nn.Module) for part in vars(encoder).values()):
        return None
    other = copy.deepcopy(encoder)
    networks = [part for part in vars(other).values() if isinstance(part, nn.Module)]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for network in networks:
            reinitialize(network)
    norms = [module for network in networks for module in network.modules() if isinstance(module, _BatchNorm)]
    for norm in norms:
        norm.momentum = None  # the mean over all batches
        norm.train()
    other.trunk(pixels)
    for norm in norms:
        norm.eval()
    if (other.trunk(pixels) == encoder.trunk(pixels)).all(dim=3).all(dim=2).all(dim=0).any():
        raise ValueError("features of the trunk do not come from modules of the encoder and cannot be randomized")
    return other


@torch.no_grad()
def reinitialize(module: nn.Module) -> None:
    """Re-initialize all parameters of a module in place.

    Parts with `reset_parameters` use it; other parameters are drawn from a normal distribution with their own standard
    deviation. Parameters with a constant initial value (norms, layers set to zero) get random values around it.
    """
    for part in module.modules():
        if callable(reset := getattr(part, "reset_parameters", None)):
            reset()
            for parameter in part.parameters(recurse=False):
                if _constant(parameter):
                    parameter.add_(SPREAD * torch.randn_like(parameter))
        else:
            for parameter in part.parameters(recurse=False):
                _draw(parameter)


def partners(texts: Sequence[str], families: Sequence[int]) -> list[int | None]:
    """For each of B queries, the next query of another family with another text; None where there is none."""
    count = len(texts)
    found: list[int | None] = []
    for k in range(count):
        following = ((k + step) % count for step in range(1, count))
        found.append(next((j for j in following if families[j] != families[k] and texts[j] != texts[k]), None))
    return found


def _draw(parameter: Tensor) -> None:
    if _constant(parameter):
        parameter.add_(SPREAD * torch.randn_like(parameter))
    else:
        parameter.normal_(std=float(parameter.std()))


def _constant(parameter: Tensor) -> bool:
    return bool(parameter.min() == parameter.max())


def _parts(module: nn.Module, prefix: str = "") -> Iterator[str]:
    """Names of the parts that have parameters, last part first."""
    for name, child in reversed(list(module.named_children())):
        if isinstance(child, nn.ModuleList):
            yield from _parts(child, f"{prefix}{name}.")
        elif any(True for _ in child.parameters()):
            yield f"{prefix}{name}"

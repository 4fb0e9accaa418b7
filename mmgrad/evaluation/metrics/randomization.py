"""Models that have forgotten what they learned, and queries with the wrong text: a map that looks the same for them
explains neither (Adebayo et al., arXiv 1810.03292)."""

import copy
from collections.abc import Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmgrad.encoders.base import Encoder

SPREAD = 0.02  # of values drawn for what starts as a constant
LIMIT = {"parameters": 0.3, "text": 0.5}
"""A map whose mean correlation with the original is not below this survives."""

Network = TypeVar("Network", bound=nn.Module)


def cascade(composer: Network, seed: int = 0) -> list[tuple[str, Network]]:
    """Copies of a composer with more and more of it drawn anew: its last part first, then the part before it, too.

    Parts are its children in the reverse of the order in which they are registered, lists taken apart; parameters of
    its own come last. Returns (name of the part, copy).
    """
    copies: list[tuple[str, Network]] = []
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        last = composer
        for name in _parts(composer):
            last = copy.deepcopy(last)
            reinitialise(last.get_submodule(name))
            copies.append((name, last))
        own = [name for name, _ in composer.named_parameters(recurse=False)]
        if own:
            last = copy.deepcopy(last)
            for name in own:
                _draw(last.get_parameter(name))
            copies.append((", ".join(own), last))
    return copies


def random_trunk(encoder: Encoder, pixels: Tensor, seed: int = 0) -> Encoder | None:
    """The encoder with all its networks drawn anew; None where it has none.

    Batch normalization measures its statistics on `pixels` [B, 3, S, S]: under the old ones a random network is silent.
    The encoder itself is not changed. Raises ValueError where features of the trunk stay as they were.
    """
    if not any(isinstance(part, nn.Module) for part in vars(encoder).values()):
        return None
    other = copy.deepcopy(encoder)
    networks = [part for part in vars(other).values() if isinstance(part, nn.Module)]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for network in networks:
            reinitialise(network)
    norms = [module for network in networks for module in network.modules() if isinstance(module, _BatchNorm)]
    for norm in norms:
        norm.momentum = None  # the mean over all batches
        norm.train()
    other.trunk(pixels)
    for norm in norms:
        norm.eval()
    if (other.trunk(pixels) == encoder.trunk(pixels)).all(dim=3).all(dim=2).all(dim=0).any():
        raise ValueError("features of the trunk do not come from modules of the encoder and cannot be randomised")
    return other


@torch.no_grad()
def reinitialise(module: nn.Module) -> None:
    """Draw all parameters of a module anew, in place.

    Parts with `reset_parameters` as they were first drawn, other parameters from a normal distribution of their own
    spread. What starts as a constant (norms, and layers set to zero) gets random values around it.
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
    """For each of B queries the next one of another family with another text; None where there is none."""
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
    """Names of the parts with parameters, the last first."""
    for name, child in reversed(list(module.named_children())):
        if isinstance(child, nn.ModuleList):
            yield from _parts(child, f"{prefix}{name}.")
        elif any(True for _ in child.parameters()):
            yield f"{prefix}{name}"

"""Where a model runs."""

from collections.abc import Callable

import torch

from mmgrad.errors import ModelError

_DEVICES: dict[str, Callable[[], bool]] = {
    "cuda": lambda: torch.cuda.is_available(),
    "mps": lambda: torch.backends.mps.is_available(),
    "cpu": lambda: True,
}
"""The kinds of device, the best first, and whether there is one here."""


def choose_device(device: str | torch.device | None) -> torch.device:
    """The asked-for device, or the best one here: cuda, else mps, else cpu. ModelError if it does not exist."""
    if device is None:
        return torch.device(next(kind for kind, here in _DEVICES.items() if here()))
    try:
        chosen = torch.device(device)
        torch.zeros(1, device=chosen).cpu()  # "meta" makes tensors too, but none that hold anything
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        here = " or ".join(f"'{kind}'" for kind, is_here in _DEVICES.items() if is_here())
        raise ModelError(f"The device '{device}' cannot be used here; give {here}, or leave it out.") from error
    return chosen

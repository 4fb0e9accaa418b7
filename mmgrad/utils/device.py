"""Where a model runs, and whether it fits there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from mmgrad.errors import ModelError

_DEVICES: dict[str, Callable[[], bool]] = {
    "cuda": lambda: torch.cuda.is_available(),
    "mps": lambda: torch.backends.mps.is_available(),
    "cpu": lambda: True,
}
"""The kinds of device, the best first, and whether there is one here."""


def choose_device(device: str | torch.device | None) -> torch.device:
    """The given device, or the best one here: cuda, else mps, else cpu. ModelError if it does not exist."""
    if device is None:
        return torch.device(next(kind for kind, here in _DEVICES.items() if here()))
    try:
        chosen = torch.device(device)
        torch.zeros(1, device=chosen).cpu()  # "meta" makes tensors too, but none that hold anything
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        here = " or ".join(f"'{kind}'" for kind, is_here in _DEVICES.items() if is_here())
        raise ModelError(f"The device '{device}' cannot be used here; give {here}, or leave it out.") from error
    return chosen


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """A CPU tensor on another device; to a GPU through pinned memory, so that the copy does not wait."""
    if device.type != "cuda" or tensor.device.type != "cpu":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


@contextmanager
def float32_convolutions() -> Iterator[None]:
    """Convolutions in full float32 on a GPU, where cuDNN rounds to TF32 by default.

    TF32 changes scores of the default model by up to 0.0005 and maps by up to 3 % of their peak, which is more than a
    gallery that was indexed on a CPU should differ.
    """
    cudnn = torch.backends.cudnn
    with cudnn.flags(True, benchmark=cudnn.benchmark, deterministic=cudnn.deterministic, allow_tf32=False):
        yield


def free_memory(device: torch.device) -> int | None:
    """Free bytes of a GPU's memory; None where they are not known, as on a CPU."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


def check_memory(needed: int, device: torch.device, what: str = "The gallery", smaller: str = "") -> None:
    """Raise ModelError where a GPU has less free memory than `needed` bytes.

    Args:
        needed: bytes that are about to be allocated.
        device: where they are to be allocated.
        what: subject of the message.
        smaller: what else the user can do, such as "choose --gallery-dtype float16, which needs 0.5 GB".
    """
    free = free_memory(device)
    if free is not None and needed > free:
        advice = f"{smaller}, or use --device cpu" if smaller else "use --device cpu"
        raise ModelError(
            f"{what} needs {gigabytes(needed)} of memory on '{device}', which has {gigabytes(free)} free; {advice}."
        )


def gigabytes(count: int) -> str:
    """A number of bytes for a message, such as "1.5 GB"."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"

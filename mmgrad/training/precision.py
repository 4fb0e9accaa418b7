"""Half precision where the processor multiplies in it, single precision where it would only emulate that."""

import time
from functools import cache

import torch

SIDE = 512


def precision(device: torch.device | str) -> torch.autocast:
    """A context in which matrix products are bfloat16 on a GPU and on processors that have instructions for it."""
    kind = torch.device(device).type
    return torch.autocast(kind, torch.bfloat16, enabled=kind != "cpu" or _is_fast())


@cache
def _is_fast() -> bool:
    """Whether products in bfloat16 beat those in float32 here; emulated, they take about a hundred times as long."""
    return _seconds(torch.bfloat16) < _seconds(torch.float32)


def _seconds(dtype: torch.dtype) -> float:
    matrix = torch.ones(SIDE, SIDE, dtype=dtype)
    matrix @ matrix  # what is set up once does not count
    start = time.perf_counter()
    matrix @ matrix
    return time.perf_counter() - start

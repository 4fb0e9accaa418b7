"""Independence of the global defaults of torch."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def standard_torch() -> Iterator[None]:
    """Create modules in float32 and outside inference mode, whatever the caller has set; also a decorator.

    Modules take the default dtype when they are created, and parameters that are created in inference mode can never
    take part in a gradient.
    """
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.inference_mode(False):
            yield
    finally:
        torch.set_default_dtype(before)

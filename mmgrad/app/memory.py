"""Give memory back to the operating system between answers.

An answer allocates hundreds of megabytes for a moment: decoded pictures, activations, gradients. glibc keeps freed
blocks for later, in one arena per thread that allocates, so a server with many threads grows far beyond what it uses.
Two calls of glibc prevent this. Elsewhere (musl, macOS, Windows) both functions do nothing.
"""

import ctypes
import sys
from functools import lru_cache

ARENAS = 2
"""Number of arenas. glibc's default is eight per core; MALLOC_ARENA_MAX sets the same from outside."""

_M_ARENA_MAX = -8  # from <malloc.h>


def limit_arenas() -> None:
    """Limit the number of arenas. Call it before threads start."""
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_M_ARENA_MAX, ARENAS)


def release_memory() -> None:
    """Return the free blocks of all arenas to the operating system; takes a few milliseconds."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


@lru_cache(maxsize=1)
def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None

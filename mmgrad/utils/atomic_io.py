"""Files that are written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def atomic_write(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old content or the new one, whenever the process is stopped.

    Its folder is made where it is missing. Raises OSError, and then leaves no file of its own behind.
    """
    with atomic_path(path) as part:
        part.write_bytes(data)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; at the end of the block it takes the place of `path`.

    After an exception `path` is left as it was, and the partial file is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.chmod(0o666 & ~_umask())  # mkstemp lets the owner only
        os.replace(part, path)
    except BaseException:  # Ctrl-C included
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

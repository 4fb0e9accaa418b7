"""Whether an index that is killed again and again ends with the bytes of an undisturbed one, in flat memory.

    python benchmarks/indexing_kills.py [--pictures 10000] [--kills 20] [--seed 0]

The model is one random layer over 32 x 32 pixels whose rows depend on what shares their batch, so that another batching
would show. Exit status 1 where the bytes differ.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional

from mmgrad.gallery.gallery import Gallery
from mmgrad.gallery.store import MANIFEST, TENSOR

SAMPLES = 8


class Layer:
    """A cheap model; prints the resident memory now and then."""

    dimension = 64
    fingerprint = "one random layer"

    def __init__(self, every: int):
        self.weights = torch.from_numpy(np.random.default_rng(0).normal(size=(3 * 32 * 32, 64)).astype(np.float32))
        self.every, self.seen = every, 0

    def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
        """RGB uint8 [H, W, 3] each -> [B, 64]."""
        if self.every and self.seen // self.every != (self.seen + len(images)) // self.every:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            print(f"  {self.seen} pictures: {pages * os.sysconf('SC_PAGE_SIZE') / 1e6:.0f} MB", flush=True)
        self.seen += len(images)
        stack = np.stack([cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA) for image in images])
        rows = (torch.from_numpy(stack).flatten(1).float() / 128 - 1) @ self.weights
        return functional.normalize(rows + 1e-3 * rows.mean(dim=0), dim=1)


def main() -> int:
    """Run, kill, compare; returns the exit status."""
    options = _parser().parse_args()
    torch.set_num_threads(1)
    moments = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as place:
        os.environ["XDG_CACHE_HOME"] = f"{place}/cache"
        folder = Path(place) / "pictures"
        _draw(folder, options.pictures)
        time.sleep(3)  # until the times of the files can be relied on
        start = time.perf_counter()
        _run(folder, every=options.pictures // SAMPLES, wait=True)
        whole = time.perf_counter() - start
        undisturbed = _taken(folder)
        print(f"undisturbed: {options.pictures} pictures in {whole:.1f} s")
        kills = finished = 0
        while kills < options.kills:
            process = _run(folder)
            time.sleep(moments.uniform(0, 2 * whole / options.kills))
            os.kill(process, signal.SIGKILL)
            if os.WIFSIGNALED(os.waitpid(process, 0)[1]):
                kills += 1
                continue
            finished += 1
            if _taken(folder) != undisturbed:
                return _told(kills, finished, False)
        _run(folder, wait=True)
        return _told(kills, finished, _taken(folder) == undisturbed)


def _told(kills: int, finished: int, equal: bool) -> int:
    print(f"{kills} kills, {finished} runs done in between, byte-equal to the undisturbed run: {equal}")
    return 0 if equal else 1


def _run(folder: Path, every: int = 0, wait: bool = False) -> int:
    """Index in a process of its own, which has nothing to import."""
    sys.stdout.flush()
    process = os.fork()
    if not process:
        Gallery.build(folder, Layer(every), progress=False)
        os._exit(0)
    if wait:
        _, status = os.waitpid(process, 0)
        if status:
            raise RuntimeError(f"the run failed with status {status}")
    return process


def _taken(folder: Path) -> tuple[bytes, ...]:
    """The stored gallery, which is taken away."""
    found = tuple((folder / name).read_bytes() for name in (TENSOR, MANIFEST))
    for name in (TENSOR, MANIFEST):
        (folder / name).unlink()
    return found


def _draw(folder: Path, count: int) -> None:
    """Small JPEGs of noise, one in a hundred of them broken."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        picture = cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (64, 48))
        data = cv2.imencode(".jpg", picture)[1].tobytes()
        (folder / f"{number:06}.jpg").write_bytes(data[: 20 if number % 100 == 7 else None])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    sys.exit(main())

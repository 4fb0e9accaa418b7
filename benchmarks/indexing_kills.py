"""Whether an index that is killed again and again ends with the rows of an undisturbed one, in flat memory.

    python benchmarks/indexing_kills.py [--pictures 10000] [--kills 20] [--seed 0]

The model is one random layer over 32 x 32 pixels. Exit status 1 where a picture is lost or there twice, or where a row
differs by more than 1e-6.
"""

import argparse
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional

from mmgrad.gallery.gallery import Gallery

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
        return functional.normalize(rows, dim=1)


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
            if not _same(_taken(folder), undisturbed):
                return _told(kills, finished, False)
        _run(folder, wait=True)
        return _told(kills, finished, _same(_taken(folder), undisturbed))


def _told(kills: int, finished: int, equal: bool) -> int:
    print(f"{kills} kills, {finished} runs done in between, same rows as the undisturbed run: {equal}")
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


def _taken(folder: Path) -> dict[str, np.ndarray | None]:
    """The rows of the index, which is taken away, by the ids of the pictures; None for a picture that is broken."""
    index = folder / ".mmgrad"
    with sqlite3.connect(next(index.glob("*.sqlite"))) as db:
        found = db.execute("SELECT id, embedding FROM pictures").fetchall()
    rows = {name: None if row is None else np.frombuffer(row, "<f4") for name, row in found}
    if len(rows) != len(found):
        raise RuntimeError("a picture is there twice")
    gallery = Gallery.load(folder, Layer(0), progress=False)  # embeds nothing: the snapshot is whole
    for record, row in zip(gallery.records, gallery.embeddings.numpy(), strict=True):
        stored = rows[record.id]
        if stored is None or not np.array_equal(stored, row):
            raise RuntimeError("the snapshot differs from the database")
    shutil.rmtree(index)
    return rows


def _same(one: dict[str, np.ndarray | None], other: dict[str, np.ndarray | None]) -> bool:
    def close(name: str) -> bool:
        row, same = one[name], other[name]
        return row is same if row is None or same is None else bool(np.abs(row - same).max() < 1e-6)

    return one.keys() == other.keys() and all(close(name) for name in one)


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

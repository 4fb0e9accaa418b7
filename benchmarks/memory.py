"""Memory of the page over many uploads of several visitors: a Markdown table, and whether the bars are met.

    python benchmarks/memory.py [--uploads 2000] [--visitors 4] [--every 100]

The handlers run in this process, as they do in a server: visitors in threads of their own, one question at a time. Each
upload is a photograph-like JPEG made on the spot; it is looked at, asked about with all steps, and every fifth time
followed by an occlusion check. The resident memory is read at the start, after the examples, and on the way.

Bars: after the first reading the memory stays within 5 %, and it never exceeds 1.2 GB.
"""

import argparse
import io
import itertools
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
from gradio.data_classes import ImageData
from latency import TEXTS
from PIL import Image

from mmgrad.app.examples import load_examples
from mmgrad.app.handlers import Handlers
from mmgrad.app.image_input import ImageInput
from mmgrad.app.memory import limit_arenas
from mmgrad.engine import load

FLAT = 0.05
PEAK = 1.2  # GB


def main() -> int:
    """Measure, print the table, and return 1 if a bar is not met."""
    options = _parser().parse_args()
    limit_arenas()
    readings = [("start", resident())]
    handlers = Handlers({"gallery": load(device="cpu")}, load_examples())
    readings.append(("ready, examples answered", resident()))
    visit = Visit(handlers, options.megapixels)
    began = time.monotonic()
    with ThreadPoolExecutor(options.visitors) as pool:
        for done in range(0, options.uploads, options.every):
            count = min(options.every, options.uploads - done)
            list(pool.map(visit, range(done, done + count)))
            readings.append((f"{done + count} uploads", resident()))
            print(
                f"{readings[-1][0]}: {readings[-1][1]:.2f} GB, kept {handlers.images.size / 1e6:.0f} MB",
                file=sys.stderr,
            )
    return report(readings, options, time.monotonic() - began)


class Visit:
    """One upload of one visitor, from the file to the last step of the answer."""

    def __init__(self, handlers: Handlers, megapixels: float):
        self.handlers = handlers
        self.megapixels = megapixels
        self.field = ImageInput()
        self.model = Lock()  # as the queue of the page: one question at a time
        Path(self.field.GRADIO_CACHE).mkdir(parents=True, exist_ok=True)

    def __call__(self, number: int) -> None:
        path = Path(self.field.GRADIO_CACHE) / f"benchmark-{number}.jpg"
        path.write_bytes(photograph(number, self.megapixels))
        try:
            given = ImageData(path=str(path))
            with self.model:
                self.handlers.look(self.field.preprocess(given))
            text = TEXTS[number % len(TEXTS)]
            visitor: Any = SimpleNamespace(session_hash=f"visitor-{number % 7}")  # what `ask` reads of a gr.Request
            with self.model:
                *_, answer = self.handlers.ask(self.field.preprocess(given), text, request=visitor)
            if number % 5 == 0:
                event = {"query": answer["query"], "ticket": number, "id": answer["hits"][0]["id"]}
                with self.model:
                    self.handlers.check(gr.EventData(None, event))
        except gr.Error as error:
            print(f"upload {number}: {error}", file=sys.stderr)
        finally:
            path.unlink(missing_ok=True)


def photograph(seed: int, megapixels: float) -> bytes:
    """A JPEG of smooth shapes and some grain, 4:3."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(height * 4 / 3)
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    grain = Image.fromarray(rng.integers(0, 256, (height // 8, width // 8, 3), np.uint8)).resize((width, height))
    buffer = io.BytesIO()
    Image.blend(coarse, grain, 0.1).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def resident() -> float:
    """Resident memory of this process in GB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e9


def report(readings: list[tuple[str, float]], options: argparse.Namespace, seconds: float) -> int:
    """Print the table and the verdict; 1 if a bar is not met."""
    print(f"| {options.megapixels:g} megapixels, {options.visitors} visitors | resident memory |\n|:--|--:|")
    print("\n".join(f"| {name} | {size:.2f} GB |" for name, size in readings))
    later = [size for _, size in itertools.islice(readings, 2, None)]
    first = options.every
    growth = max(later) / later[0] - 1
    met = growth <= FLAT and max(later) <= PEAK
    print(f"\nGrowth after the first {first} uploads: {growth:+.1%} (bar: {FLAT:+.0%}).")
    print(f"Peak: {max(later):.2f} GB (bar: {PEAK} GB).")
    print(f"{options.uploads} uploads in {seconds:.0f} s.")
    return 0 if met else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uploads", type=int, default=2000)
    parser.add_argument("--visitors", type=int, default=4)
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument("--megapixels", type=float, default=12)
    return parser


if __name__ == "__main__":
    sys.exit(main())

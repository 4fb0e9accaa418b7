"""How fast a folder of large photographs is indexed, beside the bare encoder.

    python benchmarks/indexing.py [--photos DIR] [--device cpu] [--pictures 200] [--small] [--no-thumbnails]

The photographs of a folder are enlarged to 4032 x 3024 pixels, with noise, and stored as JPEGs of about 2.5 MB, as
phones write them; `--small` takes them as they are. Then, in turns: the encoder alone on decoded pictures; reading and
decoding alone; and a whole index, from the files to the stored rows and thumbnails. All rates are medians. Pictures per
second of processor time say what one core does, also on a machine that is busy with other things.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from mmgrad.gallery.gallery import Gallery
from mmgrad.gallery.indexer import BATCH, WORKERS
from mmgrad.gallery.sources.folder import read_folder
from mmgrad.imaging.io import load_image, read_image
from mmgrad.models.model import load_model
from mmgrad.utils.resources import GALLERY

WIDTH, HEIGHT = 4032, 3024


def main() -> None:
    """Measure and print the figures."""
    options = _parser().parse_args()
    model = load_model(options.model, options.device)
    cores = len(os.sched_getaffinity(0))
    steps = ("bare encoder", "reading and decoding", "whole index")
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "pictures"
        _make(options.photos, folder, options.pictures, options.small)
        records = read_folder(folder)
        pictures = [read_image(record.path).pixels for record in records]
        model.encode_image(pictures[:BATCH])  # warms up

        def encode() -> None:
            for start in range(0, len(pictures), BATCH):
                rows = model.encode_image(pictures[start : start + BATCH])
            rows.cpu()

        def decode() -> None:
            with ThreadPoolExecutor(WORKERS) as pool:
                list(pool.map(lambda record: read_image(record.path).height, records))

        def index() -> None:
            Gallery.build(folder, model, progress=False, force=True, thumbnails=not options.no_thumbnails)

        for _ in range(options.rounds):
            for name, step in zip(rates, (encode, decode, index), strict=True):
                wall, processor = _seconds(step)
                rates[name].append((len(records) / wall, len(records) / processor))
        start = time.perf_counter()
        Gallery.load(folder, model, progress=False)
        loaded = time.perf_counter() - start
        stored = sum(path.stat().st_size for path in (folder / ".mmgrad").iterdir()) / len(records)
    size = "as they are" if options.small else f"{WIDTH} x {HEIGHT}"
    device = torch.cuda.get_device_name() if model.device.type == "cuda" else "cpu"
    title = f"{len(records)} pictures, {size}; {model.name} on {device}, {cores} cores"
    print(f"| {title} | pictures/s | pictures/s of processor time |\n|:--|--:|--:|")
    for name, found in rates.items():
        wall, processor = (statistics.median(each) for each in zip(*found, strict=True))
        print(f"| {name} | {wall:.1f} | {processor:.1f} |")
    print(f"\nThe index loads in {loaded:.2f} s and takes {stored / 1000:.1f} kB a picture.")


def _seconds(step: Callable[[], None]) -> tuple[float, float]:
    """Seconds on the clock, and of processor time in all threads."""
    start = time.perf_counter(), time.process_time()
    step()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def _make(photos: Path, folder: Path, count: int, small: bool) -> None:
    """Fill a folder with photographs; a source is used again, with other noise, where there are too few."""
    folder.mkdir()
    sources = [record.path for record in read_folder(photos)]

    def make(number: int) -> None:
        picture = Image.fromarray(load_image(sources[number % len(sources)]))
        if not small:
            noise = np.random.default_rng(number).normal(0, 6, (HEIGHT // 2, WIDTH // 2, 3))
            large = np.asarray(picture.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)).astype(np.int16)
            large += noise.astype(np.int16).repeat(2, axis=0).repeat(2, axis=1)
            picture = Image.fromarray(np.clip(large, 0, 255).astype(np.uint8))
        picture.save(folder / f"{number:05}.jpg", quality=90)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(make, range(count)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="'compact' (the default), the folder of a checkpoint, or a CLIP or SigLIP")
    parser.add_argument("--device", help="such as cpu or cuda (default: the best one here)")
    parser.add_argument("--photos", type=Path, default=GALLERY, help="a folder of pictures (default: the shipped one)")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--small", action="store_true", help="take the pictures as they are")
    parser.add_argument("--no-thumbnails", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    return parser


if __name__ == "__main__":
    main()

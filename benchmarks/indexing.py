"""How much of the bare encoder's rate indexing reaches, side by side in one run.

    python benchmarks/indexing.py [--model NAME] [--gallery DIR] [--pictures 300] [--rounds 3]

In turns: the encoder alone on the pictures already decoded, in the same batches; and a whole index of a copy of their
folder, from reading to the stored gallery. The ratio is the median of the rounds'.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from mmgrad.engine import DEFAULT_GALLERY
from mmgrad.gallery.gallery import Gallery
from mmgrad.gallery.indexer import BATCH
from mmgrad.gallery.sources.folder import read_folder
from mmgrad.imaging.io import load_image
from mmgrad.models.model import load_model


def main() -> None:
    """Measure and print the figures."""
    options = _parser().parse_args()
    model = load_model(options.model)
    records = read_folder(options.gallery)[: options.pictures]
    pictures = [load_image(record.path) for record in records]
    model.encode_image(pictures[:BATCH])  # warms up
    bare, whole = [], []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "pictures"
        for record in records:
            (folder / record.id).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(record.path), folder / record.id)
        for _ in range(options.rounds):
            start = time.perf_counter()
            for first in range(0, len(pictures), BATCH):
                model.encode_image(pictures[first : first + BATCH])
            bare.append(len(pictures) / (time.perf_counter() - start))
            start = time.perf_counter()
            Gallery.build(folder, model, progress=False, anew=True)
            whole.append(len(pictures) / (time.perf_counter() - start))
    ratio = statistics.median(one / other for one, other in zip(whole, bare, strict=True))
    print(f"| {len(pictures)} pictures, {options.rounds} rounds, {model.name} on {model.device} | median |\n|:--|--:|")
    print(f"| bare encoder | {statistics.median(bare):.1f} pictures/s |")
    print(f"| index | {statistics.median(whole):.1f} pictures/s |\n| ratio | {100 * ratio:.0f} % |")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="'compact' (the default), the folder of a checkpoint, or a CLIP or SigLIP")
    parser.add_argument("--gallery", type=Path, default=DEFAULT_GALLERY, help="a folder (default: the shipped one)")
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    return parser


if __name__ == "__main__":
    main()

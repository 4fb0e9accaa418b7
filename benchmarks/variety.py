"""Where a head does worse than on what it was trained on: a Markdown table of its Recall@1.

    python benchmarks/variety.py checkpoints/compact [OTHER ...] [--families 300] [--cache runs/cache-variety]

The same number of families each time, all their pictures the gallery, the reference included: scenes that were trained
on, in sentences of training; scenes of validation in sentences of the wordings that every split uses; and in those of
wordings that only validation uses. Per cent, with a 95 % interval over families. The scenes of training are of the
families from 0 on, which the shipped head was trained on in its stages 1 to 6.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from mmgrad.encoders.base import Trainable
from mmgrad.evaluation.metrics.bootstrap import estimate
from mmgrad.models.checkpoint import load_composer
from mmgrad.models.composer import Composer
from mmgrad.models.model import load_encoder
from mmgrad.synthetic.families import SPLITS
from mmgrad.training import scene_cache as cache
from mmgrad.training.features import Features
from mmgrad.training.scene_cache import Part
from mmgrad.training.validation import embed

TRAINED, SEEN, UNSEEN = "scenes and wordings of training", "new scenes, known wordings", "new scenes, new wordings"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("heads", nargs="+", type=Path, help="folders of checkpoints")
    parser.add_argument("--families", type=int, default=300)
    parser.add_argument("--cache", type=Path, default=Path("runs/cache-variety"))
    options = parser.parse_args()
    encoder = load_encoder("compact")
    train, validation = (cache.build(options.cache, encoder, Part(split, options.families)) for split in SPLITS[:2])
    unseen = np.array([row["unseen_template"] for row in validation.info])
    groups = {TRAINED: (train, None), SEEN: (validation, ~unseen), UNSEEN: (validation, unseen)}
    edits = sorted({row["edit"] for row in validation.info})
    print(f"Recall@1, {options.families} families, galleries of {int(validation.scene_starts[-1]):,} pictures.\n")
    print(f"| head | | all | {' | '.join(edits)} |\n|:--|:--|--:|{'--:|' * len(edits)}")
    for head in options.heads:
        composer = load_composer(head)[0]
        found = {id(data): _first(composer, data, encoder) for data in (train, validation)}
        for name, (data, chosen) in groups.items():
            print(_row(str(head), name, data, found[id(data)], chosen, edits))


def _first(composer: Composer, data: Features, encoder: Trainable) -> np.ndarray:
    """Whether the target comes first, for each triplet [T] bool."""
    g, q = embed(composer, data, encoder)
    return np.asarray((q @ g.T).argmax(dim=1) == data.target)


def _row(head: str, name: str, data: Features, found: np.ndarray, chosen: np.ndarray | None, edits: list[str]) -> str:
    chosen = np.ones(len(found), bool) if chosen is None else chosen
    kind = np.array([row["edit"] for row in data.info])
    every = estimate(found.astype(float), np.asarray(data.family), chosen)
    cells = [f"{100 * every.mean:.1f} ({100 * every.low:.1f} to {100 * every.high:.1f})"]
    cells += [f"{100 * found[chosen & (kind == edit)].mean():.1f}" for edit in edits]
    return f"| {head} | {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    torch.set_num_threads(2)
    main()

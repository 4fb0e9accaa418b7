"""Which formula of `mmgrad.models.zero_shot` finds most, in a space that the compact encoders share: a Markdown table.

    python benchmarks/compositions.py [--families 200] [--photos DIR]

The compact encoders have such a space without training: the averaged features of a picture, and the looks of words,
rows of the classifier over those features. The picture is g, the mean look of the text's words t(T), that of the old
and new thing t(old) and t(new). The weight of each formula is chosen on the even families of the validation split and
judged on the odd ones; the first row knows no text. The pictures come from the cache of `python -m mmgrad train`.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from mmgrad.encoders.compact import CompactEncoder
from mmgrad.encoders.efficientnet_lite import TOP
from mmgrad.encoders.named_change import named_change
from mmgrad.models.zero_shot import COMPOSITIONS, select_composition
from mmgrad.training import scene_cache as cache
from mmgrad.training.features import Features
from mmgrad.training.scene_cache import Part

WEIGHTS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.5, 2.0, 3.0)
CUTS = (1, 5, 10)


def main() -> None:
    """Measure and print the table."""
    options = _parser().parse_args()
    encoder = CompactEncoder()
    data = cache.build(options.cache, encoder, Part("validation", options.families, options.photos))
    images = _pictures(data, encoder)
    states, mask = _texts([row["text"] for row in data.info], encoder)
    odd, named = data.family % 2 == 1, mask[:, 1:].all(dim=1)
    groups = {"all": odd, "texts that name both": odd & named, "other texts": odd & ~named}
    print(f"{int(odd.sum()):,} queries, {len(images):,} pictures, reference left out. Recall@1 / 5 / 10, per cent.\n")
    heads = (f"{name} ({int(own.sum()):,})" for name, own in groups.items())
    print("| composition | weight | " + " | ".join(heads) + " |")
    print("|:--|--:|" + "--:|" * len(groups))
    for name in ("picture alone", *COMPOSITIONS):
        allowed = [w for w in WEIGHTS if w <= 1 or name == "direction"]
        ranks = {
            weight: _ranks(select_composition(name, weight)(images[data.reference], states, mask), images, data)
            for weight in allowed
            if name in COMPOSITIONS
        } or {0.0: _ranks(images[data.reference], images, data)}
        weight = max(ranks, key=lambda w: float((ranks[w][~odd] == 0).float().mean()))
        cells = [
            " / ".join(f"{100 * float((ranks[weight][own] < cut).float().mean()):.1f}" for cut in CUTS)
            for own in groups.values()
        ]
        print(f"| {name} | {weight:g} | " + " | ".join(cells) + " |")


def _pictures(data: Features, encoder: CompactEncoder) -> Tensor:
    """The averaged features of all pictures [S, 1280], what all share taken away."""
    parts = torch.arange(int(data.scene_starts[-1])).split(128)
    pooled = torch.cat([encoder.unpack(*data.scenes(part))[:, -TOP:].mean(dim=(2, 3)) for part in parts])
    return pooled - pooled.mean(dim=0)


def _texts(texts: list[str], encoder: CompactEncoder) -> tuple[Tensor, Tensor]:
    """States [T, 3, 1280], t(T), t(new) and t(old), and which of them there are [T, 3], as `direction` reads them."""
    states, mask = torch.zeros(len(texts), 3, TOP), torch.zeros(len(texts), 3, dtype=torch.bool)
    for row, text in enumerate(texts):
        new, old = named_change(text) or ("", "")
        for column, said in enumerate((text, new, old)):
            look = encoder.token_prototypes([said])[0].sum(dim=0) if said else torch.zeros(TOP)
            states[row, column], mask[row, column] = look, bool(look.any())
    return states, mask


def _ranks(queries: Tensor, images: Tensor, data: Features) -> Tensor:
    """How many pictures other than the reference come before the target of each query, [T]; equal ones count."""
    scores = torch.nn.functional.normalize(queries, dim=-1) @ torch.nn.functional.normalize(images, dim=-1).T
    scores[torch.arange(len(scores)), data.reference] = -torch.inf
    own = scores.gather(1, data.target[:, None])
    return (scores >= own).sum(dim=1) - 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--families", type=int, default=200)
    parser.add_argument("--photos", type=Path, help="labelled photographs (labels.csv) instead of edit scenes")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    return parser


if __name__ == "__main__":
    main()

"""How much of the map of the whole match to blend into the map of the change: a Markdown table.

    python benchmarks/map_parts.py [--queries 48] [--workers 2]

Values of `NOISE_FLOOR` and `BACKGROUND_WEIGHT` of `mmgrad.attribution.blend` on the validation split, edits of an
object. Columns: deletion (lower is better) and insertion (higher is better) of `mmgrad.evaluation.metrics.faithfulness`
with their gain over the change alone (above 0 where better, 95 % interval); the rank correlation of the map with the
map for a swapped text; and the energy inside the region that changes. All rows use the same queries.
"""

import argparse
import copy
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import torch
from torch import Tensor

from mmgrad.attribution.blend import BACKGROUND_WEIGHT, NOISE_FLOOR, blend
from mmgrad.evaluation.explainers.explainers import Maps, change_only, match_only
from mmgrad.evaluation.metrics.bootstrap import estimate
from mmgrad.evaluation.metrics.correlation import agreement
from mmgrad.evaluation.metrics.faithfulness import deletion_insertion, pixel_order
from mmgrad.evaluation.metrics.localization import energy_inside
from mmgrad.evaluation.metrics.randomization import partners
from mmgrad.evaluation.queries import SIDES, Side, encode_images, encode_queries, score_function
from mmgrad.evaluation.runner import OBJECT_EDITS
from mmgrad.models.model import load_model
from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.synthetic.families import Family, Triplet, make_family

PAIRS = ((0.0, 0.0), (0.03, 0.03), (0.06, 0.03), (0.1, 0.03), (0.1, 0.06))
"""Noise floor and background weight of each row; the first is the change alone."""
CHUNK = 8
"""Queries that are measured together."""

Columns = dict[tuple[int, Side, str], list[float]]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--queries", type=int, default=48, help="one of each family of validation")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    numbers = np.arange(options.queries)
    with ProcessPoolExecutor(options.workers, get_context("spawn")) as pool:
        parts = list(pool.map(_measure, np.array_split(numbers, -(-options.queries // CHUNK))))
    found: Columns = defaultdict(list)
    for part in parts:
        for key, column in part.items():
            found[key] += column
    print(f"{options.queries} queries of as many families; shipped: floor {NOISE_FLOOR}, weight {BACKGROUND_WEIGHT}.\n")
    for side in SIDES:
        print(_table(found, side))


def _measure(numbers: np.ndarray) -> Columns:
    """Measure one query of each family."""
    torch.set_num_threads(1)
    model = load_model("compact")
    encoder, composer = model.encoder, model.composer
    quick = copy.copy(encoder)
    quick.compile()
    families = [make_family(load_asset_library(), "validation", int(number)) for number in numbers]
    triplets = [_pick(family, int(number)) for family, number in zip(families, numbers, strict=True)]
    pairs = list(zip(families, triplets, strict=True))
    reference = encode_images(encoder, [family.scenes[triplet.reference] for family, triplet in pairs])
    target = encode_images(encoder, [family.scenes[triplet.target] for family, triplet in pairs])
    queries = encode_queries(encoder, reference, target, [triplet.text for triplet in triplets])
    others = partners(queries.texts, numbers.tolist())
    swapped = queries.with_texts(
        encoder, [queries.texts[k if other is None else other] for k, other in enumerate(others)]
    )
    gallery = composer.encode_image(torch.cat([reference.features, target.features])).detach()
    own, again = (
        (change_only(encoder, composer, asked), match_only(encoder, composer, asked)) for asked in (queries, swapped)
    )
    found: Columns = defaultdict(list)
    for row, (floor, rest) in enumerate(PAIRS):
        maps, maps_again = _over(*own, floor, rest), _over(*again, floor, rest)
        alike = agreement(maps, maps_again, queries)
        for side in SIDES:
            found[row, side, "swapped"] += alike[side].tolist()
            for k, triplet in enumerate(triplets):
                view = queries.images(side)
                seen = score_function(quick, composer, queries, side, k)
                turns = pixel_order(maps[side][k], view.boxes[k], np.random.default_rng(int(numbers[k])))
                scores = gallery @ seen.other if side == "target" else None
                metrics = deletion_insertion(
                    seen, view.pixels[k], view.blurred[k], turns, scores, gallery, len(triplets) + k
                ).metrics()
                for name in ("deletion", "insertion"):
                    found[row, side, name].append(metrics[name])
                mask = triplet.reference_mask if side == "reference" else triplet.target_mask
                shown = view.boxes[k].restore(np.maximum(maps[side][k], 0))
                inside = energy_inside(shown, mask > 0) if mask is not None and mask.any() else float("nan")
                found[row, side, "energy"].append(inside)
    return dict(found)


def _pick(family: Family, number: int) -> Triplet:
    """An edit of an object; the kinds take turns."""
    kind = OBJECT_EDITS[number % len(OBJECT_EDITS)]
    of_a_thing = [triplet for triplet in family.triplets if triplet.edit in OBJECT_EDITS]
    return next((triplet for triplet in of_a_thing if triplet.edit == kind), of_a_thing[0])


def _over(change: Maps, whole: Maps, floor: float, rest: float) -> Maps:
    if floor == rest == 0:
        return change  # with its negative values
    both: dict[Side, Tensor] = {
        side: blend(torch.from_numpy(change[side]), torch.from_numpy(whole[side]), floor, rest) for side in SIDES
    }
    return {side: values.numpy() for side, values in both.items()}


def _table(found: Columns, side: Side) -> str:
    lines = [
        f"### {side}",
        "",
        "| floor | weight | deletion | gain | insertion | gain | text swapped | energy |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row, (floor, rest) in enumerate(PAIRS):
        cells = [f"{floor:g}", f"{rest:g}"]
        for name, sign in (("deletion", -1), ("insertion", 1)):
            values, first = np.array(found[row, side, name]), np.array(found[0, side, name])
            gain = estimate(sign * (values - first), np.arange(len(values)))
            cells += [f"{values.mean():.3f}", f"{gain.mean:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})" if row else ""]
        cells += [
            f"{np.nanmean(found[row, side, 'swapped']):.2f}",
            f"{100 * np.nanmean(found[row, side, 'energy']):.1f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()

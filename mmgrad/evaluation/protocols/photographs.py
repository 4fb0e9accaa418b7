"""Real photographs, of classes that the head was never trained on: does the map find the thing, the search the other?

In mosaics of two by two photographs the text names the thing in one of them (focus; Arias-Duarte et al., arXiv
2109.15035): chance is a quarter, and where a photographer puts a subject tells nothing. Where boxes are known, the map
is also to point at the thing in photographs that are cropped so that it lies off center. In the search each photograph
is to be replaced by things of other classes, and any photograph of that class is right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import cv2
import numpy as np
import torch

from mmgrad.attribution.gradients import Head
from mmgrad.encoders.base import Encoder
from mmgrad.errors import InputError
from mmgrad.evaluation.explainers.explainers import GRADIENTS, content_free_explainers
from mmgrad.evaluation.metrics.bootstrap import estimate
from mmgrad.evaluation.metrics.localization import energy_inside, points_inside
from mmgrad.evaluation.protocols.photograph_queries import EDITS, Question, confused, crops, mosaics, name, wording
from mmgrad.evaluation.queries import SIDES, Side, ask, look, on_input
from mmgrad.evaluation.reporting.tables import label, percent, table
from mmgrad.lexicon.imagenet import is_called
from mmgrad.synthetic.photo_boxes import Box
from mmgrad.synthetic.photo_families import LEAST_CLASSES, Photograph, is_for_validation

CHUNK = 16
CUTS = (1, 5)
ROUNDS = 5
"""Other things that each photograph is to be replaced by, one after the other."""
GALLERY = 300
"""Pictures of the larger gallery, which photographs of the classes of training fill up."""
ASKED: tuple[tuple[str, Side], ...] = (
    *((group, "reference") for group in ("all", *EDITS)),
    ("replace", "target"),  # of a removal nothing shows in the target
)
"""The groups of edits that are reported, and on which side."""


def evaluate_photographs(
    encoder: Encoder,
    composers: Mapping[str, Head],
    photographs: Sequence[Photograph],
    count: int = 300,
    seed: int = 0,
    boxes: Mapping[str, tuple[Box, ...]] | None = None,
) -> dict[str, Any]:
    """Figures of `count` mosaics, of crops where there are `boxes` by file name, and of a search from each photograph,
    as a dict that JSON can hold.

    Only photographs of the classes kept for validation are used. Intervals are over questions. Raises InputError where
    these are too few, or the boxes are of other photographs.
    """
    pool = [photo for photo in photographs if is_for_validation(photo.wnid)]
    others = _fillers(photographs, GALLERY - len(pool), seed)
    if len({photo.index for photo in pool}) < LEAST_CLASSES:
        raise InputError(
            f"The photographs hold fewer than {LEAST_CLASSES} of the classes kept for validation, which are a sixth of "
            "all; please give a folder with more classes."
        )
    asked = {"mosaics": list(mosaics(pool, count, seed))}
    if boxes is not None:
        asked["crops"] = list(crops(pool, boxes, seed))
        if not asked["crops"]:
            raise InputError("No box is of a photograph of the classes kept for validation, or all fill theirs.")
    focus = [
        {"pictures": pictures, **row}
        for pictures, questions in asked.items()
        for row in _focus(encoder, composers, questions, seed)
    ]
    return {
        "split": "photographs",
        "photographs": len(pool),
        "classes": len({photo.index for photo in pool}),
        "mosaics": count,
        "crops": len(asked.get("crops", ())),
        "filled": float(np.mean([one.gone.mean() for one in asked.get("crops", ())] or [0])),
        "seed": seed,
        "models": list(composers),
        "focus": focus,
        "retrieval": _retrieval(encoder, composers, pool, seed, others),
    }


def _focus(
    encoder: Encoder, composers: Mapping[str, Head], asked: Sequence[Question], seed: int
) -> list[dict[str, Any]]:
    """Of each model, method, group of edits and side: whether the peak lies on the thing, and the share of energy."""
    explainers = GRADIENTS | content_free_explainers(seed)
    found: dict[tuple[str, str], list[tuple[float, float, float, float]]] = {}
    for start in range(0, len(asked), CHUNK):
        part = asked[start : start + CHUNK]
        views = (look(encoder, [one.reference for one in part]), look(encoder, [one.target for one in part]))
        queries = ask(encoder, *views, [one.text for one in part])
        regions: dict[Side, list[np.ndarray | None]] = {
            "reference": [one.gone for one in part],
            "target": [one.come for one in part],
        }
        for model, composer in composers.items():
            for method, make in explainers.items():
                maps = make(encoder, composer, queries)
                sides = []
                for side in SIDES:
                    shown = zip(maps[side], queries.view(side).boxes, regions[side], strict=True)
                    sides.append([_figures(on_input(np.maximum(map_, 0), box), region) for map_, box, region in shown])
                found.setdefault((model, method), []).extend(a + b for a, b in zip(*sides, strict=True))
    edits = np.array([one.edit for one in asked])
    rows = []
    for (model, method), figures in found.items():
        columns = np.array(figures).T.reshape(2, 2, -1)  # (sides, peak and energy, questions)
        for group, side in ASKED:
            peaks, energy = columns[SIDES.index(side)]
            chosen = (edits == group) | (group == "all")
            row: dict[str, Any] = {"model": model, "method": method, "group": group, "side": side}
            for key, values in (("peak", peaks), ("energy", energy)):
                row[key] = asdict(estimate(values, np.arange(len(asked)), chosen))
            rows.append(row)
    return rows


def _figures(positive: np.ndarray, region: np.ndarray | None) -> tuple[float, float]:
    """Whether the peak of a map lies in a region, and its share of energy there; no number where there is none."""
    if region is None:
        return np.nan, np.nan
    height, width = positive.shape
    region = cv2.resize(region.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)
    return points_inside(positive, region), energy_inside(positive, region)


def _fillers(photographs: Sequence[Photograph], count: int, seed: int) -> list[Photograph]:
    """`count` photographs of other classes than those kept for validation, no two of one, or as many as there are."""
    shuffled = np.random.default_rng([seed, 4]).permutation(len(photographs)).tolist()
    of_class = {photo.index: photo for photo in (photographs[i] for i in shuffled) if not is_for_validation(photo.wnid)}
    return list(of_class.values())[: max(count, 0)]


@torch.no_grad()
def _retrieval(
    encoder: Encoder,
    composers: Mapping[str, Head],
    pool: Sequence[Photograph],
    seed: int,
    others: Sequence[Photograph] = (),
) -> list[dict[str, Any]]:
    """Searches from each photograph of `pool` [N] among these, and, where there are `others`, among both."""
    rng = np.random.default_rng([seed, 2])
    whole = [*pool, *others]
    views = [look(encoder, [photo.rgb() for photo in whole[i : i + CHUNK]]) for i in range(0, len(whole), CHUNK)]
    features = torch.cat([view.features for view in views])  # (N + others, C, h, w)
    wanted, texts = [], []
    asked = [*range(len(pool))] * ROUNDS
    for photo in (pool[i] for i in asked):
        different = [one for one in pool if not confused(one, photo)]
        other = different[int(rng.integers(len(different)))]
        wanted.append([is_called(one.index, name(other).word) for one in whole])
        texts.append(wording("replace", photo, other))
    right = torch.tensor(wanted)  # (ROUNDS x N, N + others)
    rows = []
    for model, composer in composers.items():
        g = torch.cat([composer.encode_image(part) for part in features.split(CHUNK)])
        q = []
        for start in range(0, len(asked), CHUNK):
            tokens = encoder.encode_text(texts[start : start + CHUNK])
            q.append(composer.encode_query(features[asked[start : start + CHUNK]], tokens.states, tokens.mask))
        scores = torch.cat(q) @ g.T
        for size in dict.fromkeys((len(pool), len(whole))):
            order = scores[:, :size].argsort(dim=1, descending=True).cpu()
            hits = right[:, :size].gather(1, order)
            row: dict[str, Any] = {"model": model, "gallery": size}
            for k in CUTS:
                found = hits[:, :k].any(dim=1).numpy().astype(np.float64)
                row[f"recall@{k}"] = asdict(estimate(found, np.array(asked)))
            rows.append(row)
    return rows


_WHAT = {
    ("mosaics", "reference"): "the named photograph",
    ("mosaics", "target"): "the new photograph",
    ("crops", "reference"): "the named thing",
    ("crops", "target"): "the new thing",
}


def _about_crops(report: dict[str, Any]) -> list[str]:
    if not report["crops"]:
        return []
    return [
        f"{report['crops']} questions about photographs cropped so that the thing lies off centre; its box fills "
        f"{100 * report['filled']:.0f} % of them.",
        "",
    ]


def photographs_markdown(report: dict[str, Any]) -> str:
    """The tables of `evaluate_photographs`."""
    lines = [
        "## Real photographs of classes that the head was never trained on",
        "",
        f"{report['photographs']} photographs of {report['classes']} classes; {report['mosaics']} mosaics of two by "
        "two, the text names one of the four. Per cent with 95 % bootstrap intervals. The frozen encoder of the "
        "compact model was trained on ImageNet, which has these classes and may have held these pictures.",
        "",
        *_about_crops(report),
        "Models and fingerprints of their weights: "
        + ", ".join(f"{name} {each}" for name, each in report["fingerprints"].items())
        + ".",
        "",
    ]
    for pictures in dict.fromkeys(row["pictures"] for row in report["focus"]):
        for group, side in ASKED:
            chosen = {"pictures": pictures, "group": group, "side": side}
            rows = [row for row in report["focus"] if chosen.items() <= row.items()]
            cells = [[label(report, r["model"], r["method"]), percent(r["peak"]), percent(r["energy"])] for r in rows]
            lines += [f"### {pictures.capitalize()}, {group}: the {side} map", ""]
            lines += table(["map", f"peak on {_WHAT[pictures, side]}", "energy on it"], cells)
    lines += ["### “Replace the X with a Y”: a photograph of a Y among all of them, the reference included", ""]
    lines += [
        f"{ROUNDS} searches from each photograph, for things of {ROUNDS} other classes. A larger gallery is filled up "
        "with one photograph each of classes that the head was trained on; none of these is asked for.",
        "",
    ]
    cells = [
        [row["model"], str(row["gallery"]), *(percent(row[f"recall@{k}"]) for k in CUTS)] for row in report["retrieval"]
    ]
    return "\n".join([*lines, *table(["model", "gallery", *(f"R@{k}" for k in CUTS)], cells)])

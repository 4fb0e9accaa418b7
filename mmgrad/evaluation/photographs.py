"""Real photographs, of classes that the head was never trained on: does the map find the thing, the search the other?

In mosaics of two by two photographs the text names the thing in one of them (focus; Arias-Duarte et al., arXiv
2109.15035): chance is a quarter, and where a photographer puts a subject tells nothing. In the search each photograph
is to be replaced by a thing of another class, and any photograph of that class is right.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from mmgrad.attention import Head
from mmgrad.data import imagenet
from mmgrad.data.atlas import load_atlas
from mmgrad.data.imagenet import alike, fits
from mmgrad.data.mosaics import Shot, grid
from mmgrad.data.photographs import LEAST_CLASSES, Photograph, is_for_validation
from mmgrad.encoders import Encoder
from mmgrad.errors import InputError
from mmgrad.evaluation.bootstrap import estimate
from mmgrad.evaluation.localisation import energy_inside, points_inside
from mmgrad.evaluation.makers import GRADIENTS, blind_makers
from mmgrad.evaluation.queries import ask, look, on_input
from mmgrad.evaluation.tables import label, percent, table

CHUNK = 16
CUTS = (1, 5)
SIDE = 224
EDITS = ("remove", "replace")


@dataclass(frozen=True, eq=False)
class _Question:
    """A mosaic and what is asked of it; `inside` [S, S] bool is where the named thing is."""

    edit: str
    text: str
    reference: np.ndarray
    target: np.ndarray
    inside: np.ndarray


def evaluate_photographs(
    encoder: Encoder,
    composers: Mapping[str, Head],
    photographs: Sequence[Photograph],
    count: int = 300,
    seed: int = 0,
) -> dict[str, Any]:
    """Figures of `count` mosaics, and of a search from each photograph, as a dict that JSON can hold.

    Only photographs of the classes kept for validation are used. Intervals are over questions. Raises InputError where
    these are too few.
    """
    pool = [photo for photo in photographs if is_for_validation(photo.wnid)]
    if len({photo.index for photo in pool}) < LEAST_CLASSES:
        raise InputError(
            f"The photographs hold fewer than {LEAST_CLASSES} of the classes kept for validation, which are a sixth of "
            "all; please give a folder with more classes."
        )
    return {
        "split": "photographs",
        "photographs": len(pool),
        "classes": len({photo.index for photo in pool}),
        "mosaics": count,
        "seed": seed,
        "models": list(composers),
        "focus": _focus(encoder, composers, list(_questions(pool, count, seed)), seed),
        "retrieval": _retrieval(encoder, composers, pool, seed),
    }


def _questions(pool: Sequence[Photograph], count: int, seed: int) -> Iterator[_Question]:
    rng = np.random.default_rng([seed, 1])
    board, atlas = grid(2, 2), load_atlas()
    for number in range(count):
        *shown, other = _different(pool, 5, rng)
        shots = [Shot.plain(photo) for photo in shown]
        cell = int(rng.integers(4))
        edit = EDITS[number % 2]
        old, new = _name(shown[cell]), _name(other)
        text = f"remove {old.definite}" if edit == "remove" else f"replace {old.definite} with {new.indefinite}"
        after = [*shots[:cell], None if edit == "remove" else Shot.plain(other), *shots[cell + 1 :]]
        reference, target = (board.draw(tuple(state), atlas, SIDE) for state in (shots, after))
        yield _Question(edit, text, reference, target, board.mask(cell, reference).astype(bool))


def _different(pool: Sequence[Photograph], count: int, rng: np.random.Generator) -> list[Photograph]:
    """Photographs of classes that are not easily taken for each other, and whose names fit none of the others."""
    chosen: list[Photograph] = []
    for row in rng.permutation(len(pool)):
        photo = pool[int(row)]
        if not any(
            alike(photo.index, one.index) or fits(_name(photo).word, one.index) or fits(_name(one).word, photo.index)
            for one in chosen
        ):
            chosen.append(photo)
        if len(chosen) == count:
            break
    return chosen


def _name(photo: Photograph) -> imagenet.Name:
    return imagenet.name(imagenet.classes()[photo.index].names[0])


def _focus(encoder: Encoder, composers: Mapping[str, Head], asked: list[_Question], seed: int) -> list[dict[str, Any]]:
    makers = GRADIENTS | blind_makers(seed)
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for start in range(0, len(asked), CHUNK):
        part = asked[start : start + CHUNK]
        views = (look(encoder, [one.reference for one in part]), look(encoder, [one.target for one in part]))
        queries = ask(encoder, *views, [one.text for one in part])
        for model, composer in composers.items():
            for method, make in makers.items():
                maps = make(encoder, composer, queries)["reference"]
                for one, values, box in zip(part, maps, queries.reference.boxes, strict=True):
                    positive = on_input(np.maximum(values, 0), box)
                    figures = points_inside(positive, one.inside), energy_inside(positive, one.inside)
                    found.setdefault((model, method), []).append(figures)
    edits = np.array([one.edit for one in asked])
    rows = []
    for (model, method), pairs in found.items():
        peaks, energy = np.array(pairs).T
        for group in ("all", *EDITS):
            chosen = (edits == group) | (group == "all")
            row: dict[str, Any] = {"model": model, "method": method, "group": group}
            for key, values in (("peak", peaks), ("energy", energy)):
                row[key] = asdict(estimate(values, np.arange(len(asked)), chosen))
            rows.append(row)
    return rows


@torch.no_grad()
def _retrieval(
    encoder: Encoder, composers: Mapping[str, Head], pool: Sequence[Photograph], seed: int
) -> list[dict[str, Any]]:
    rng = np.random.default_rng([seed, 2])
    views = [look(encoder, [photo.rgb() for photo in pool[i : i + CHUNK]]) for i in range(0, len(pool), CHUNK)]
    features = torch.cat([view.features for view in views])  # (N, C, h, w)
    wanted, texts = [], []
    for photo in pool:
        others = [one for one in pool if not alike(one.index, photo.index) and not fits(_name(one).word, photo.index)]
        other = others[int(rng.integers(len(others)))]
        wanted.append([fits(_name(other).word, one.index) for one in pool])
        texts.append(f"replace {_name(photo).definite} with {_name(other).indefinite}")
    right = torch.tensor(wanted)  # (N, N)
    rows = []
    for model, composer in composers.items():
        g, q = [], []
        for start in range(0, len(pool), CHUNK):
            part = features[start : start + CHUNK]
            tokens = encoder.encode_text(texts[start : start + CHUNK])
            g.append(composer.image(part))
            q.append(composer.query(part, tokens.states, tokens.mask))
        order = (torch.cat(q) @ torch.cat(g).T).argsort(dim=1, descending=True).cpu()
        hits = right.gather(1, order)
        row: dict[str, Any] = {"model": model}
        for k in CUTS:
            found = hits[:, :k].any(dim=1).numpy().astype(np.float64)
            row[f"recall@{k}"] = asdict(estimate(found, np.arange(len(pool))))
        rows.append(row)
    return rows


def photographs_markdown(report: dict[str, Any]) -> str:
    """The tables of `evaluate_photographs`."""
    lines = [
        "## Real photographs of classes that the head was never trained on",
        "",
        f"{report['photographs']} photographs of {report['classes']} classes; {report['mosaics']} mosaics of two by "
        "two, the text names one of the four. Per cent with 95 % bootstrap intervals. The frozen encoder of the "
        "compact model was trained on ImageNet, which has these classes and may have held these pictures.",
        "",
        "Models and fingerprints of their weights: "
        + ", ".join(f"{name} {each}" for name, each in report["fingerprints"].items())
        + ".",
        "",
    ]
    for group in ("all", *EDITS):
        rows = [row for row in report["focus"] if row["group"] == group]
        cells = [[label(report, r["model"], r["method"]), percent(r["peak"]), percent(r["energy"])] for r in rows]
        lines += [f"### Mosaics, {group}: the reference map", ""]
        lines += table(["map", "peak in the named photograph", "energy in it"], cells)
    lines += ["### “Replace the X with a Y”: a photograph of a Y among all of them, the reference included", ""]
    cells = [[row["model"], *(percent(row[f"recall@{k}"]) for k in CUTS)] for row in report["retrieval"]]
    return "\n".join([*lines, *table(["model", *(f"R@{k}" for k in CUTS)], cells)])

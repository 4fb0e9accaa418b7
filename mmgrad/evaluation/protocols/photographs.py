"""Evaluation on real photographs, of classes that the head was not trained on.

In mosaics of two by two photographs, the text names the object in one of them (focus; Arias-Duarte et al., arXiv
2109.15035): chance is a quarter, and a center bias does not help. Where boxes are known, the map should also point at
the object in photographs that are cropped so that it lies off center. In the search, the object of each photograph is
replaced by objects of other classes, and any photograph of the new class is right.
"""

from collections.abc import Iterator, Mapping, Sequence
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
from mmgrad.evaluation.queries import SIDES, Side, encode_images, encode_queries, resize_to_input
from mmgrad.evaluation.table import Results, row
from mmgrad.lexicon.imagenet import is_called
from mmgrad.synthetic.photo_boxes import Box
from mmgrad.synthetic.photo_families import LEAST_CLASSES, Photograph, is_for_validation

CHUNK = 16
CUTS = (1, 5)
ROUNDS = 5
"""Searches from each photograph, for objects of other classes."""
GALLERY = 300
"""Size of the larger gallery, which also holds photographs of training classes."""
MEASURED: tuple[tuple[str, Side], ...] = (
    *((group, "reference") for group in ("all", *EDITS)),
    ("replace", "target"),  # the target of a removal shows nothing
)
"""Groups of edits and the side on which each is measured."""


def evaluate_photographs(
    encoder: Encoder,
    composers: Mapping[str, Head],
    photographs: Sequence[Photograph],
    count: int = 300,
    seed: int = 0,
    boxes: Mapping[str, tuple[Box, ...]] | None = None,
) -> Results:
    """Measure maps and search on photographs of the classes kept for validation.

    Args:
        encoder: the encoder that the composers share.
        composers: composers by name.
        photographs: labelled photographs of any classes.
        count: number of mosaics.
        seed: of all random choices.
        boxes: boxes of the objects by file name; with them crops are measured too.

    Raises:
        InputError: the photographs have too few classes, or no box belongs to a photograph that is used.
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
    rows = [
        one for pictures, questions in asked.items() for one in _focus(encoder, composers, questions, seed, pictures)
    ]
    about = {
        "protocol": "photographs",
        "split": "photographs",
        "photographs": len(pool),
        "classes": len({photo.index for photo in pool}),
        "mosaics": count,
        "crops": len(asked.get("crops", ())),
        "filled": float(np.mean([one.removed_mask.mean() for one in asked.get("crops", ())] or [0])),
        "seed": seed,
        "models": list(composers),
    }
    return Results.of(about, [*rows, *_retrieval(encoder, composers, pool, seed, others)])


def _focus(
    encoder: Encoder, composers: Mapping[str, Head], asked: Sequence[Question], seed: int, pictures: str
) -> Iterator[dict[str, Any]]:
    """Pointing game without tolerance, and energy on the object, of each model, method, group of edits and side."""
    explainers = GRADIENTS | content_free_explainers(seed)
    found: dict[tuple[str, str], list[tuple[float, float, float, float]]] = {}
    for start in range(0, len(asked), CHUNK):
        part = asked[start : start + CHUNK]
        views = (
            encode_images(encoder, [one.reference for one in part]),
            encode_images(encoder, [one.target for one in part]),
        )
        queries = encode_queries(encoder, *views, [one.text for one in part])
        regions: dict[Side, list[np.ndarray | None]] = {
            "reference": [one.removed_mask for one in part],
            "target": [one.added_mask for one in part],
        }
        for model, composer in composers.items():
            for method, make in explainers.items():
                maps = make(encoder, composer, queries)
                sides = []
                for side in SIDES:
                    shown = zip(maps[side], queries.images(side).boxes, regions[side], strict=True)
                    sides.append(
                        [
                            _peak_and_energy(resize_to_input(np.maximum(map_, 0), box), region)
                            for map_, box, region in shown
                        ]
                    )
                found.setdefault((model, method), []).extend(a + b for a, b in zip(*sides, strict=True))
    edits = np.array([one.edit for one in asked])
    for (model, method), values in found.items():
        columns = np.array(values).T.reshape(2, 2, -1)  # [sides, metrics, questions]
        for group, side in MEASURED:
            chosen = (edits == group) | (group == "all")
            for metric, column in zip(("pointing_0px", "energy"), columns[SIDES.index(side)], strict=True):
                known = estimate(column, np.arange(len(asked)), chosen)
                keys = {"model": model, "method": method, "group": group, "side": side, "condition": pictures}
                yield row("focus", metric, known, **keys)


def _peak_and_energy(positive: np.ndarray, region: np.ndarray | None) -> tuple[float, float]:
    """Whether the peak of a map lies in a region, and its energy there; NaN where there is no region."""
    if region is None:
        return np.nan, np.nan
    height, width = positive.shape
    region = cv2.resize(region.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)
    return points_inside(positive, region), energy_inside(positive, region)


def _fillers(photographs: Sequence[Photograph], count: int, seed: int) -> list[Photograph]:
    """Up to `count` photographs of training classes, one of each class."""
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
    """Recall of searches from each photograph of `pool` [N], in a gallery of these, and in one that adds `others`."""
    rng = np.random.default_rng([seed, 2])
    whole = [*pool, *others]
    views = [
        encode_images(encoder, [photo.rgb() for photo in whole[i : i + CHUNK]]) for i in range(0, len(whole), CHUNK)
    ]
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
            for k in CUTS:
                found = estimate(hits[:, :k].any(dim=1).numpy().astype(np.float64), np.array(asked))
                rows.append(
                    row("retrieval", f"recall@{k}", found, model=model, method="composed query", condition=str(size))
                )
    return rows

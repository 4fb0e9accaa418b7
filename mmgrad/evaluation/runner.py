"""One pass over the families of a split: encode the pictures, embed all queries, and explain a sample of them.

Families are processed one chunk at a time; no picture is kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from mmgrad.attribution.gradients import AttributionModel, Head, reference_map
from mmgrad.encoders.base import Encoder, TextTokens, baseline_features
from mmgrad.evaluation.explainers.explainers import GRADIENTS, OURS, Explainer, Maps, content_free_explainers
from mmgrad.evaluation.families import draw_families
from mmgrad.evaluation.metrics.abstention import FOREIGN, KINDS, NONSENSE, foreign_partners, nonsense
from mmgrad.evaluation.metrics.localization import Localization, dilate, localize
from mmgrad.evaluation.queries import SIDES, Queries, Side, encode_images
from mmgrad.synthetic.families import Family, Triplet

OBJECT_EDITS = ("replace", "remove", "add", "recolor", "resize", "move")
CHUNK = 8
"""Families that are encoded together."""
GROUND_TRUTH = "ground-truth region"
"""An oracle with the resolution of the model's maps: each cell holds the share of it that the region covers."""


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Embeddings of one model.

    Attributes:
        images: g of all S pictures, [S, D].
        queries: q of all Q queries, [Q, D].
        texts: q of each text with a blank picture as the reference, [Q, D].
        foreign: q of each reference with the text of another family, [Q, D].
        blank: g of the blank picture, [D].
    """

    images: Tensor
    queries: Tensor
    texts: Tensor
    foreign: Tensor
    blank: Tensor


@dataclass(frozen=True, eq=False)
class SideMaps:
    """Maps of one side (reference or target) of the K explained queries.

    Attributes:
        query: row of each query in the run, int64 [K].
        area: share of the picture that the mask covers, [K]; NaN where there is no mask.
        metrics: localization of each map by (model, method), K values each; None where there is no mask. The model is
            "" for methods that need none.
        total_positive: sum of the positive values of each MMGrad map by model, [K].
    """

    query: np.ndarray
    area: np.ndarray
    metrics: dict[tuple[str, str], list[Localization | None]]
    total_positive: dict[str, np.ndarray]

    @property
    def defined(self) -> np.ndarray:
        """Whether there is a region to show, bool [K]."""
        known: np.ndarray = ~np.isnan(self.area)
        return known


@dataclass(frozen=True, eq=False)
class EvaluationRun:
    """What a pass over Q queries collects.

    Attributes:
        reference, target: rows of the gallery, int64 [Q].
        family: number of each query's family, [Q].
        edit: edit type of each query, [Q].
        unseen: whether the "photo", "noun" or "template" of each query is unseen in training, bool [Q] each.
        embeddings: by model.
        sides: maps by side.
        negatives: for negative texts, by kind (`mmgrad.evaluation.metrics.abstention`) and model, the sum of the
            positive values of the reference maps of the explained queries, [K]; NaN where there is no such text.
        owner: number of the family of each picture in the gallery, [S].
    """

    reference: Tensor
    target: Tensor
    family: np.ndarray
    edit: np.ndarray
    unseen: dict[str, np.ndarray]
    embeddings: dict[str, Embeddings]
    sides: dict[Side, SideMaps]
    negatives: dict[str, dict[str, np.ndarray]]
    owner: np.ndarray

    def groups(self, edits: Sequence[str], rows: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
        """Names of the groups of queries, each with its members among the queries `rows` [K], bool [K]."""
        yield "all", np.ones(len(rows), bool)
        for edit in edits:
            yield edit, self.edit[rows] == edit
        yield "seen photos", ~self.unseen["photo"][rows]
        for name, flags in self.unseen.items():
            yield f"unseen {name}s", flags[rows]


def run(
    encoder: Encoder,
    composers: Mapping[str, Head],
    split: str,
    families: int,
    maps: int,
    seed: int = 0,
    workers: int = 1,
    progress: bool = True,
    explainers: Mapping[str, Explainer] | None = None,
) -> EvaluationRun:
    """Run composers over one encoder through the first families of a split.

    Args:
        encoder: the encoder that the composers share.
        composers: composers in evaluation mode, by name.
        split: "train", "validation" or "test".
        families: number of families.
        maps: upper limit of explained queries, which are spread evenly over the families.
        seed: of the choice of explained queries and of the random maps.
        workers: processes that draw pictures; 0 draws them in this process.
        progress: whether to show a progress bar.
        explainers: further explainers, by name.

    Raises:
        ValueError: a composer is in training mode.
    """
    if any(getattr(composer, "training", False) for composer in composers.values()):
        raise ValueError("composers must be in evaluation mode: call .eval() first")
    collected = _Collector(encoder, composers, GRADIENTS | dict(explainers or {}), seed)
    quota = np.diff(np.arange(families + 1) * maps // families)
    with tqdm(total=families, desc=f"evaluate {split}", unit=" families", disable=not progress) as bar:
        chunk: list[Family] = []
        for number, family in enumerate(draw_families(split, range(families), workers), start=1):
            chunk.append(family)
            if len(chunk) == CHUNK or number == families:
                collected.add(chunk, quota[number - len(chunk) : number].tolist())
                bar.update(len(chunk))
                chunk = []
    return collected.result()


class _Collector:
    """The running columns of a pass."""

    def __init__(self, encoder: Encoder, composers: Mapping[str, Head], explainers: Mapping[str, Explainer], seed: int):
        self.encoder, self.composers, self.rng = encoder, composers, np.random.default_rng(seed)
        self.explainers, self.content_free = explainers, content_free_explainers(seed)
        self.blank = baseline_features(encoder)
        self.scenes, self.families = 0, 0
        self.owner: list[int] = []
        self.triplets: list[tuple[int, int, int, str, bool, bool, bool]] = []
        self.parts: dict[str, list[tuple[Tensor, Tensor, Tensor, Tensor]]] = {name: [] for name in composers}
        methods = [(name, method) for name in composers for method in explainers]
        methods += [("", method) for method in (*self.content_free, GROUND_TRUTH)]
        self.query: list[int] = []
        self.area: dict[str, list[float]] = {side: [] for side in SIDES}
        self.metrics: dict[str, dict[tuple[str, str], list[Localization | None]]] = {
            side: {method: [] for method in methods} for side in SIDES
        }
        self.total_positive: dict[str, dict[str, list[float]]] = {
            side: {name: [] for name in composers} for side in SIDES
        }
        self.negatives: dict[str, dict[str, list[float]]] = {kind: {name: [] for name in composers} for kind in KINDS}

    def add(self, families: Sequence[Family], quota: Sequence[int]) -> None:
        """Encode, embed and explain some families; `quota` queries of each are explained."""
        seen = encode_images(self.encoder, [scene for family in families for scene in family.scenes])  # S pictures
        starts = np.cumsum([0, *(len(family.scenes) for family in families)]).tolist()
        triplets = [(f, triplet) for f, family in enumerate(families) for triplet in family.triplets]
        tokens = self.encoder.encode_text([triplet.text for _, triplet in triplets])
        reference = torch.tensor([starts[f] + triplet.reference for f, triplet in triplets])
        target = torch.tensor([starts[f] + triplet.target for f, triplet in triplets])
        others = torch.arange(len(triplets)).roll(len(triplets) // 2)  # half a chunk ahead, in another family
        chosen = torch.tensor(self._choose(triplets, quota), dtype=torch.int64)
        for name, composer in self.composers.items():
            with torch.no_grad():
                g = composer.encode_image(seen.features)
                q = composer.encode_query(seen.features[reference], tokens.states, tokens.mask)
                t = composer.encode_query(self.blank.expand(len(triplets), -1, -1, -1), tokens.states, tokens.mask)
                foreign = composer.encode_query(seen.features[reference], tokens.states[others], tokens.mask[others])
            self.parts[name].append((g.cpu(), q.cpu(), t.cpu(), foreign.cpu()))
        if len(chosen):
            asked = [triplets[i][1] for i in chosen.tolist()]
            texts = tuple(triplet.text for triplet in asked)
            views = seen.take(reference[chosen]), seen.take(target[chosen])
            queries = Queries(*views, texts, tokens.states[chosen], tokens.mask[chosen])
            self._explain(asked, queries)
            owners = [triplets[i][0] for i in chosen.tolist()]
            captions = [families[f].captions[triplet.reference] for f, triplet in zip(owners, asked, strict=True)]
            self._add_negatives(queries, foreign_partners(owners, [triplet.nouns for triplet in asked], captions))
            self.query += (chosen + len(self.triplets)).tolist()
        for (f, triplet), r, g_row in zip(triplets, reference.tolist(), target.tolist(), strict=True):
            flags = (triplet.unseen_photo, triplet.unseen_noun, triplet.unseen_template)
            where = (r + self.scenes, g_row + self.scenes, f + self.families)
            self.triplets.append((*where, triplet.edit, *flags))
        self.owner += [f + self.families for f, family in enumerate(families) for _ in family.scenes]
        self.scenes += starts[-1]
        self.families += len(families)

    def _choose(self, triplets: Sequence[tuple[int, Triplet]], quota: Sequence[int]) -> list[int]:
        chosen: list[int] = []
        for family, number in enumerate(quota):
            own = [i for i, (f, triplet) in enumerate(triplets) if f == family and triplet.edit in OBJECT_EDITS]
            chosen += sorted(self.rng.permutation(own)[:number].tolist()) if own else []
        return chosen

    def _explain(self, triplets: list[Triplet], queries: Queries) -> None:
        """Localize the maps of all methods, on both sides, for the chosen queries."""
        maps: dict[tuple[str, str], Maps] = {}
        for name, composer in self.composers.items():
            maps |= {(name, method): make(self.encoder, composer, queries) for method, make in self.explainers.items()}
        anyone = next(iter(self.composers.values()))  # content-free explainers ignore the model
        maps |= {("", method): make(self.encoder, anyone, queries) for method, make in self.content_free.items()}
        for side in SIDES:
            for k, triplet in enumerate(triplets):
                mask = triplet.reference_mask if side == "reference" else triplet.target_mask
                for name, column in self.total_positive[side].items():
                    column.append(float(np.maximum(maps[name, OURS][side][k], 0).sum()))
                if mask is None or not mask.any():
                    self.area[side].append(float("nan"))
                    for found in self.metrics[side].values():
                        found.append(None)
                    continue
                inside = mask > 0
                self.area[side].append(float(inside.mean()))
                box, wide = queries.images(side).boxes[k], dilate(inside)
                rows, columns = maps[next(iter(self.composers)), OURS][side][k].shape
                region = box.covered(mask, rows, columns)
                for key, found in self.metrics[side].items():
                    values = region if key == ("", GROUND_TRUTH) else np.maximum(maps[key][side][k], 0)
                    found.append(localize(box.restore(values), inside, wide))

    def _add_negatives(self, queries: Queries, partners: Sequence[int | None]) -> None:
        """Total positive evidence of the reference maps for negative texts: those of `partners`, and nonsense."""
        meaningless = nonsense(len(queries), start=len(self.query))
        others = [queries.texts[k if partner is None else partner] for k, partner in enumerate(partners)]
        for kind, texts in ((FOREIGN, others), (NONSENSE, meaningless)):
            asked = queries.with_texts(self.encoder, texts)
            for name, composer in self.composers.items():
                model = AttributionModel(composer, self.encoder.to_grid)
                maps = reference_map(model, asked.reference.features, TextTokens(asked.states, asked.mask))
                sums = maps.clamp_min(0).flatten(1).sum(dim=1).tolist()
                missing = [kind == FOREIGN and partner is None for partner in partners]
                self.negatives[kind][name] += [
                    float("nan") if out else value for out, value in zip(missing, sums, strict=True)
                ]

    def result(self) -> EvaluationRun:
        """The columns as arrays."""
        rows = list(zip(*self.triplets, strict=True))
        sides: dict[Side, SideMaps] = {}
        for side in SIDES:
            evidence = {name: np.array(sums) for name, sums in self.total_positive[side].items()}
            query = np.array(self.query, dtype=np.int64)
            sides[side] = SideMaps(query, np.array(self.area[side]), self.metrics[side], evidence)
        embeddings = {}
        for name, composer in self.composers.items():
            g, q, t, f = (torch.cat(column) for column in zip(*self.parts[name], strict=True))
            with torch.no_grad():
                embeddings[name] = Embeddings(g, q, t, f, composer.encode_reference(self.blank)[0].cpu())
        return EvaluationRun(
            reference=torch.tensor(rows[0]),
            target=torch.tensor(rows[1]),
            family=np.array(rows[2]),
            edit=np.array(rows[3]),
            unseen={name: np.array(rows[4 + i]) for i, name in enumerate(("photo", "noun", "template"))},
            embeddings=embeddings,
            sides=sides,
            negatives={
                kind: {name: np.array(sums) for name, sums in own.items()} for kind, own in self.negatives.items()
            },
            owner=np.array(self.owner),
        )

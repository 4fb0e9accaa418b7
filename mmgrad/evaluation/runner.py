"""One pass over the families of a split: drawn, encoded, embedded, and explained for a sample; no picture is kept."""

import signal
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import cv2
import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from mmgrad.attribution.gradients import AttributionModel, Head, reference_map
from mmgrad.encoders.base import Encoder, TextTokens, baseline_features
from mmgrad.evaluation.explainers.explainers import GRADIENTS, OURS, Explainer, Maps, content_free_explainers
from mmgrad.evaluation.metrics.abstention import FOREIGN, KINDS, NONSENSE, SENTENCES, foreign_partners
from mmgrad.evaluation.metrics.localization import Localisation, dilate, localise
from mmgrad.evaluation.queries import SIDES, Queries, Side, look
from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.synthetic.families import Family, Triplet, make_family

OBJECT_EDITS = ("replace", "remove", "add", "recolor", "resize", "move")
CHUNK = 8  # families that are encoded together
AHEAD = 16  # families that are drawn ahead, so that memory stays bounded
REGION = "the region itself"
"""A map of the truth at the resolution of the model's: each place holds the share of it that the region covers. No
model makes it; it tells how much can be had of so few places."""


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Of one model: g of all S pictures, q of all Q queries, q of each text on a blank picture, and of each reference
    with the text of another family's; `blank` [D], the g of the blank picture."""

    images: Tensor
    queries: Tensor
    texts: Tensor
    foreign: Tensor
    blank: Tensor


@dataclass(frozen=True, eq=False)
class SideMaps:
    """The maps of one side, reference or target, of the K sampled queries.

    `query` [K] int64 (index into the pass's triplets); `area` [K], the mask's share of the picture, nan where no mask
    is defined; `figures` for each method, None where no mask is defined; `evidence` [K] of each model's MMGrad map: the
    sum of its positive values. A method is (model, name), the model "" for maps that need none.
    """

    query: np.ndarray
    area: np.ndarray
    figures: dict[tuple[str, str], list[Localisation | None]]
    evidence: dict[str, np.ndarray]

    @property
    def defined(self) -> np.ndarray:
        """Where there is a region to show, bool [K]."""
        return ~np.isnan(self.area)


@dataclass(frozen=True, eq=False)
class Pass:
    """What one pass collects of Q triplets: reference and target [Q] int64 (rows of the gallery), the number of the
    family, the edit and what is unseen [Q]; embeddings by model, maps by side; `owner` [S], the number of the family of
    each picture of the gallery. `refused`: by kind of text that names
    nothing in the reference (`mmgrad.evaluation.metrics.abstention`) and by model, the evidence of the reference maps
    [K] of the sampled queries, nan where there was no such text."""

    reference: Tensor
    target: Tensor
    family: np.ndarray
    edit: np.ndarray
    unseen: dict[str, np.ndarray]
    embeddings: dict[str, Embeddings]
    sides: dict[Side, SideMaps]
    refused: dict[str, dict[str, np.ndarray]]
    owner: np.ndarray

    def groups(self, edits: Sequence[str], rows: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
        """Names of groups of the queries `rows` [K], each with who belongs to it, bool [K]."""
        yield "all", np.ones(len(rows), bool)
        for edit in edits:
            yield edit, self.edit[rows] == edit
        yield "seen photos", ~self.unseen["photo"][rows]
        for name, flags in self.unseen.items():
            yield f"unseen {name}s", flags[rows]


def run(
    encoder: Encoder,
    composers: dict[str, Head],
    split: str,
    families: int,
    maps: int,
    seed: int = 0,
    workers: int = 1,
    progress: bool = True,
    explainers: Mapping[str, Explainer] | None = None,
) -> Pass:
    """Put several composers over one encoder through the first `families` families of a split.

    At most `maps` queries with an edit of a thing are explained, drawn with the seed and spread evenly over the
    families; `explainers` are ways to explain them beside the gradients and the blind maps. With `workers` = 0 the
    pictures are drawn in this process. Raises ValueError for a composer in training mode, whose answers would vary.
    """
    if any(getattr(composer, "training", False) for composer in composers.values()):
        raise ValueError("composers must be in evaluation mode: call .eval() first")
    collected = _Collected(encoder, composers, GRADIENTS | dict(explainers or {}), seed)
    quota = np.diff(np.arange(families + 1) * maps // families)
    with tqdm(total=families, desc=f"evaluate {split}", unit=" families", disable=not progress) as bar:
        chunk: list[Family] = []
        for number, family in enumerate(draw(split, range(families), workers), start=1):
            chunk.append(family)
            if len(chunk) == CHUNK or number == families:
                collected.add(chunk, quota[number - len(chunk) : number].tolist())
                bar.update(len(chunk))
                chunk = []
    return collected.result()


def draw(split: str, numbers: Sequence[int], workers: int = 1) -> Iterator[Family]:
    """The families of a split with these numbers, in this order, drawn ahead by other processes."""
    if workers == 0:
        yield from (_family(split, index) for index in numbers)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_stay_quiet) as pool:
        waiting: deque[Future[Family]] = deque()
        try:
            for index in numbers:
                waiting.append(pool.submit(_family, split, index))
                if len(waiting) == AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _stay_quiet() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interruption is answered by the first process alone


def _family(split: str, index: int) -> Family:
    cv2.setNumThreads(1)
    return make_family(load_asset_library(), split, index)


class _Collected:
    """The running columns of a pass."""

    def __init__(self, encoder: Encoder, composers: dict[str, Head], explainers: Mapping[str, Explainer], seed: int):
        self.encoder, self.composers, self.rng = encoder, composers, np.random.default_rng(seed)
        self.explainers, self.blind = explainers, content_free_explainers(seed)
        self.blank = baseline_features(encoder)
        self.scenes, self.families = 0, 0
        self.owner: list[int] = []
        self.triplets: list[tuple[int, int, int, str, bool, bool, bool]] = []
        self.parts: dict[str, list[tuple[Tensor, Tensor, Tensor, Tensor]]] = {name: [] for name in composers}
        methods = [(name, method) for name in composers for method in explainers]
        methods += [("", method) for method in (*self.blind, REGION)]
        self.query: list[int] = []
        self.area: dict[str, list[float]] = {side: [] for side in SIDES}
        self.figures: dict[str, dict[tuple[str, str], list[Localisation | None]]] = {
            side: {method: [] for method in methods} for side in SIDES
        }
        self.evidence: dict[str, dict[str, list[float]]] = {side: {name: [] for name in composers} for side in SIDES}
        self.refused: dict[str, dict[str, list[float]]] = {kind: {name: [] for name in composers} for kind in KINDS}

    def add(self, families: Sequence[Family], quota: Sequence[int]) -> None:
        """Encode, embed and explain some families; `quota` queries of each are explained."""
        seen = look(self.encoder, [scene for family in families for scene in family.scenes])  # S pictures
        starts = np.cumsum([0, *(len(family.scenes) for family in families)]).tolist()
        triplets = [(f, triplet) for f, family in enumerate(families) for triplet in family.triplets]
        tokens = self.encoder.encode_text([triplet.text for _, triplet in triplets])
        reference = torch.tensor([starts[f] + triplet.reference for f, triplet in triplets])
        target = torch.tensor([starts[f] + triplet.target for f, triplet in triplets])
        others = torch.arange(len(triplets)).roll(len(triplets) // 2)  # half a chunk on, in another family
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
            self._refuse(queries, foreign_partners(owners, [triplet.nouns for triplet in asked], captions))
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
        """Figures of all methods, both sides, for the chosen queries."""
        maps: dict[tuple[str, str], Maps] = {}
        for name, composer in self.composers.items():
            maps |= {(name, method): make(self.encoder, composer, queries) for method, make in self.explainers.items()}
        anyone = next(iter(self.composers.values()))  # what never looks at the picture asks no model
        maps |= {("", method): make(self.encoder, anyone, queries) for method, make in self.blind.items()}
        for side in SIDES:
            for k, triplet in enumerate(triplets):
                mask = triplet.reference_mask if side == "reference" else triplet.target_mask
                for name, column in self.evidence[side].items():
                    column.append(float(np.maximum(maps[name, OURS][side][k], 0).sum()))
                if mask is None or not mask.any():
                    self.area[side].append(float("nan"))
                    for figures in self.figures[side].values():
                        figures.append(None)
                    continue
                inside = mask > 0
                self.area[side].append(float(inside.mean()))
                box, wide = queries.view(side).boxes[k], dilate(inside)
                rows, columns = maps[next(iter(self.composers)), OURS][side][k].shape
                region = box.covered(mask, rows, columns)
                for key, figures in self.figures[side].items():
                    values = region if key == ("", REGION) else np.maximum(maps[key][side][k], 0)
                    figures.append(localise(box.restore(values), inside, wide))

    def _refuse(self, queries: Queries, partners: Sequence[int | None]) -> None:
        """The evidence over the references of texts that name nothing in them: others' (`partners`), and nonsense."""
        first = len(self.query)
        nonsense = [SENTENCES[(first + k) % len(SENTENCES)] for k in range(len(queries))]
        others = [queries.texts[k if partner is None else partner] for k, partner in enumerate(partners)]
        for kind, texts in ((FOREIGN, others), (NONSENSE, nonsense)):
            asked = queries.with_texts(self.encoder, texts)
            for name, composer in self.composers.items():
                model = AttributionModel(composer, self.encoder.to_grid)
                maps = reference_map(model, asked.reference.features, TextTokens(asked.states, asked.mask))
                sums = maps.clamp_min(0).flatten(1).sum(dim=1).tolist()
                missing = [kind == FOREIGN and partner is None for partner in partners]
                self.refused[kind][name] += [
                    float("nan") if out else value for out, value in zip(missing, sums, strict=True)
                ]

    def result(self) -> Pass:
        """The columns as arrays."""
        rows = list(zip(*self.triplets, strict=True))
        sides: dict[Side, SideMaps] = {}
        for side in SIDES:
            evidence = {name: np.array(sums) for name, sums in self.evidence[side].items()}
            query = np.array(self.query, dtype=np.int64)
            sides[side] = SideMaps(query, np.array(self.area[side]), self.figures[side], evidence)
        embeddings = {}
        for name, composer in self.composers.items():
            g, q, t, f = (torch.cat(column) for column in zip(*self.parts[name], strict=True))
            with torch.no_grad():
                embeddings[name] = Embeddings(g, q, t, f, composer.encode_reference(self.blank)[0].cpu())
        return Pass(
            reference=torch.tensor(rows[0]),
            target=torch.tensor(rows[1]),
            family=np.array(rows[2]),
            edit=np.array(rows[3]),
            unseen={name: np.array(rows[4 + i]) for i, name in enumerate(("photo", "noun", "pattern"))},
            embeddings=embeddings,
            sides=sides,
            refused={kind: {name: np.array(sums) for name, sums in own.items()} for kind, own in self.refused.items()},
            owner=np.array(self.owner),
        )

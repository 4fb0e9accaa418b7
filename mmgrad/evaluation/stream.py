"""One pass over the families of a split: drawn, encoded, embedded, and explained for a sample; no picture is kept."""

import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import cv2
import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from mmgrad.attention import reference_map, target_map
from mmgrad.baselines import centre_map, match_map, random_map, text_blind_map, uniform_map
from mmgrad.composer import Composer
from mmgrad.data.atlas import load_atlas
from mmgrad.data.edits import Family, Triplet, make_family
from mmgrad.encoders import Encoder
from mmgrad.evaluation.localisation import Localisation, dilate, localise
from mmgrad.letterbox import PAD, Letterbox

OBJECT_EDITS = ("replace", "remove", "add", "recolour", "resize", "move")
SIDES = ("reference", "target")
GRADIENTS = ("MMGrad", "plain match", "text-blind Grad-CAM")
BLIND = ("centre", "random", "uniform")
CHUNK = 8  # families that are encoded together
AHEAD = 16  # families that are drawn ahead, so that memory stays bounded


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Of one model: g of all S pictures, q of all Q queries, q of each text on a blank picture; `blank` [D], its g."""

    images: Tensor
    queries: Tensor
    texts: Tensor
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
    family, the edit and what is unseen [Q]; embeddings by model, maps by side."""

    reference: Tensor
    target: Tensor
    family: np.ndarray
    edit: np.ndarray
    unseen: dict[str, np.ndarray]
    embeddings: dict[str, Embeddings]
    sides: dict[str, SideMaps]


def run(
    encoder: Encoder,
    composers: dict[str, Composer],
    split: str,
    families: int,
    maps: int,
    seed: int = 0,
    workers: int = 1,
    progress: bool = True,
) -> Pass:
    """Put several composers over one encoder through the first `families` families of a split.

    At most `maps` queries with an edit of a thing are explained, drawn with the seed and spread evenly over the
    families. With `workers` = 0 the pictures are drawn in this process. Raises ValueError for a composer in training
    mode, whose answers would vary.
    """
    if any(composer.training for composer in composers.values()):
        raise ValueError("composers must be in evaluation mode: call .eval() first")
    collected = _Collected(encoder, composers, np.random.default_rng(seed))
    quota = np.diff(np.arange(families + 1) * maps // families)
    with tqdm(total=families, desc=f"evaluate {split}", unit=" families", disable=not progress) as bar:
        chunk: list[Family] = []
        for number, family in enumerate(draw(split, families, workers), start=1):
            chunk.append(family)
            if len(chunk) == CHUNK or number == families:
                collected.add(chunk, quota[number - len(chunk) : number].tolist())
                bar.update(len(chunk))
                chunk = []
    return collected.result()


def draw(split: str, families: int, workers: int = 1) -> Iterator[Family]:
    """The first families of a split in their order, drawn ahead by other processes."""
    if workers == 0:
        yield from (_family(split, index) for index in range(families))
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_stay_quiet) as pool:
        waiting: deque[Future[Family]] = deque()
        try:
            for index in range(families):
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
    return make_family(load_atlas(), split, index)


class _Collected:
    """The running columns of a pass."""

    def __init__(self, encoder: Encoder, composers: dict[str, Composer], rng: np.random.Generator):
        self.encoder, self.composers, self.rng = encoder, composers, rng
        blank = np.full((encoder.size, encoder.size, 3), PAD, np.uint8)
        self.blank = encoder.trunk(encoder.prepare([blank])[0])  # (1, C, h, w)
        self.scenes, self.families = 0, 0
        self.triplets: list[tuple[int, int, int, str, bool, bool, bool]] = []
        self.parts: dict[str, list[tuple[Tensor, Tensor, Tensor]]] = {name: [] for name in composers}
        methods = [(name, method) for name in composers for method in GRADIENTS] + [("", method) for method in BLIND]
        self.query: list[int] = []
        self.area: dict[str, list[float]] = {side: [] for side in SIDES}
        self.figures: dict[str, dict[tuple[str, str], list[Localisation | None]]] = {
            side: {method: [] for method in methods} for side in SIDES
        }
        self.evidence: dict[str, dict[str, list[float]]] = {side: {name: [] for name in composers} for side in SIDES}

    def add(self, families: Sequence[Family], quota: Sequence[int]) -> None:
        """Encode, embed and explain some families; `quota` queries of each are explained."""
        pixels, _ = self.encoder.prepare([scene for family in families for scene in family.scenes])
        features = self.encoder.trunk(pixels)  # (S, C, h, w)
        starts = np.cumsum([0, *(len(family.scenes) for family in families)]).tolist()
        triplets = [(f, triplet) for f, family in enumerate(families) for triplet in family.triplets]
        tokens = self.encoder.encode_text([triplet.text for _, triplet in triplets])
        reference = torch.tensor([starts[f] + triplet.reference for f, triplet in triplets])
        target = torch.tensor([starts[f] + triplet.target for f, triplet in triplets])
        chosen = torch.tensor(self._choose(triplets, quota), dtype=torch.int64)
        embedded = {}
        for name, composer in self.composers.items():
            with torch.no_grad():
                g = composer.image(features)
                q = composer.query(features[reference], tokens.states, tokens.mask)
                t = composer.query(self.blank.expand(len(triplets), -1, -1, -1), tokens.states, tokens.mask)
            self.parts[name].append((g.cpu(), q.cpu(), t.cpu()))
            embedded[name] = (g, q)
        if len(chosen):
            states, mask = tokens.states[chosen], tokens.mask[chosen]
            pair = (reference[chosen], target[chosen])
            values = {
                name: _gradient_maps(
                    composer, features, states, mask, pair, chosen, *embedded[name], self.encoder.evidence
                )
                for name, composer in self.composers.items()
            }
            self._score([triplets[i][1] for i in chosen.tolist()], values)
            self.query += (chosen + len(self.triplets)).tolist()
        for (f, triplet), r, g_row in zip(triplets, reference.tolist(), target.tolist(), strict=True):
            flags = (triplet.unseen_photo, triplet.unseen_noun, triplet.unseen_pattern)
            where = (r + self.scenes, g_row + self.scenes, f + self.families)
            self.triplets.append((*where, triplet.edit, *flags))
        self.scenes += starts[-1]
        self.families += len(families)

    def _choose(self, triplets: Sequence[tuple[int, Triplet]], quota: Sequence[int]) -> list[int]:
        chosen: list[int] = []
        for family, number in enumerate(quota):
            own = [i for i, (f, triplet) in enumerate(triplets) if f == family and triplet.edit in OBJECT_EDITS]
            chosen += sorted(self.rng.permutation(own)[:number].tolist()) if own else []
        return chosen

    def _score(self, triplets: list[Triplet], values: dict[str, dict[str, dict[str, np.ndarray]]]) -> None:
        """Figures of all methods, both sides, for the chosen queries; `values`[model][side][method] is [K, h, w]."""
        for side in SIDES:
            for k, triplet in enumerate(triplets):
                mask = triplet.reference_mask if side == "reference" else triplet.target_mask
                for name in self.composers:
                    self.evidence[side][name].append(float(np.maximum(values[name][side]["MMGrad"][k], 0).sum()))
                defined = mask is not None and bool(mask.any())
                self.area[side].append(float((mask > 0).mean()) if mask is not None and defined else float("nan"))
                if mask is None or not defined:
                    for column in self.figures[side].values():
                        column.append(None)
                    continue
                inside, (height, width) = mask > 0, mask.shape
                box = Letterbox.fit(height, width, self.encoder.size)
                wide = dilate(inside)
                rows, columns = next(iter(values.values()))[side]["MMGrad"].shape[1:]
                maps = {
                    ("", "centre"): centre_map(height, width),
                    ("", "random"): box.restore(random_map(rows, columns, self.rng)),
                    ("", "uniform"): uniform_map(height, width),
                }
                for name, sides in values.items():
                    for method, stack in sides[side].items():
                        maps[name, method] = box.restore(np.maximum(stack[k], 0))
                for key, column in self.figures[side].items():
                    column.append(localise(maps[key], inside, wide))

    def result(self) -> Pass:
        """The columns as arrays."""
        rows = list(zip(*self.triplets, strict=True))
        sides = {}
        for side in SIDES:
            evidence = {name: np.array(sums) for name, sums in self.evidence[side].items()}
            query = np.array(self.query, dtype=np.int64)
            sides[side] = SideMaps(query, np.array(self.area[side]), self.figures[side], evidence)
        embeddings = {}
        for name, composer in self.composers.items():
            g, q, t = (torch.cat(column) for column in zip(*self.parts[name], strict=True))
            with torch.no_grad():
                embeddings[name] = Embeddings(g, q, t, composer.image(self.blank)[0].cpu())
        return Pass(
            reference=torch.tensor(rows[0]),
            target=torch.tensor(rows[1]),
            family=np.array(rows[2]),
            edit=np.array(rows[3]),
            unseen={name: np.array(rows[4 + i]) for i, name in enumerate(("photo", "noun", "pattern"))},
            embeddings=embeddings,
            sides=sides,
        )


def _gradient_maps(
    composer: Composer,
    features: Tensor,
    states: Tensor,
    mask: Tensor,
    pair: tuple[Tensor, Tensor],
    chosen: Tensor,
    g: Tensor,
    q: Tensor,
    evidence: Callable[[Tensor], Tensor],
) -> dict[str, dict[str, np.ndarray]]:
    """Signed maps [K, h, w] of the chosen queries by side and method; `pair` [K], [K] are rows of features and g."""
    of_reference, of_target = features[pair[0]], features[pair[1]]
    g_reference, g_target, query = g[pair[0]], g[pair[1]], q[chosen]
    maps = {
        "reference": {
            "MMGrad": reference_map(composer, of_reference, states, mask, evidence),
            "plain match": match_map(composer, of_reference, states, mask, g_target, evidence),
            "text-blind Grad-CAM": text_blind_map(composer, of_reference, g_target, evidence),
        },
        "target": {
            "MMGrad": target_map(composer, of_target, query - g_reference, evidence),
            "plain match": target_map(composer, of_target, query, evidence),
            "text-blind Grad-CAM": text_blind_map(composer, of_target, g_reference, evidence),
        },
    }
    return {side: {name: m.float().cpu().numpy() for name, m in methods.items()} for side, methods in maps.items()}

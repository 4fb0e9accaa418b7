"""Maps put to the test by altering the picture, the text or the model: the slow part of an evaluation, for a sample."""

import copy
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor, nn
from tqdm import tqdm

from mmgrad.attribution.gradients import Head
from mmgrad.encoders.base import Encoder
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.evaluation.explainers.explainers import GRADIENTS, Explainer, Maps, content_free_explainers
from mmgrad.evaluation.explainers.occlusion import occlusion
from mmgrad.evaluation.metrics.correlation import agreement
from mmgrad.evaluation.metrics.faithfulness import Curves, curves, order
from mmgrad.evaluation.metrics.localization import dilate, energy_inside, points_inside
from mmgrad.evaluation.metrics.paraphrase import paraphrase
from mmgrad.evaluation.metrics.randomization import cascade, partners, random_trunk
from mmgrad.evaluation.metrics.stability import SHIFTS, recoded, shifted
from mmgrad.evaluation.queries import SIDES, Queries, Side, ask, look, match
from mmgrad.evaluation.runner import Pass, draw
from mmgrad.synthetic.families import Triplet

CHUNK = 8  # queries that are looked at together
ORACLE = "occlusion"  # too slow to be made again for every alteration
TEXT, TRUNK = "text swapped", "trunk"
SHIFT, JPEG, WORDS = "shifted", "JPEG", "paraphrase"

Key = tuple[str, str, Side, str]  # model, method, side, figure


@dataclass(frozen=True, eq=False)
class Probed:
    """What the probes found of N queries, each a row of the pass `rows` [N]; nan where a figure is not defined.

    `faithfulness`, `randomization` and `stability` hold columns float64 [N]; the figures of the first are those of
    `Curves.figures` and of the localization, those of the others rank correlations with the original map. `curves` are
    kept by model, method and side; `seconds` [N] is the time for both maps of a query, features given, by model and
    method; `stages` are the parts of each model in the order in which they were drawn anew.
    """

    rows: np.ndarray
    methods: tuple[str, ...]
    stages: dict[str, tuple[str, ...]]
    faithfulness: dict[Key, np.ndarray]
    randomisation: dict[Key, np.ndarray]
    stability: dict[Key, np.ndarray]
    curves: dict[tuple[str, str, Side], list[Curves]]
    seconds: dict[tuple[str, str], np.ndarray]


@dataclass(frozen=True, eq=False)
class _Case:
    row: int
    family: int
    triplet: Triplet
    pictures: tuple[np.ndarray, np.ndarray]  # reference, target
    again: str  # the text in other words


def probe(
    encoder: Encoder,
    composers: Mapping[str, Head],
    judged: Pass,
    split: str,
    count: int,
    explainers: Mapping[str, Explainer] | None = None,
    seed: int = 0,
    workers: int = 1,
    progress: bool = True,
) -> Probed:
    """Probe the maps of `count` queries out of those that the pass `judged` over `split` explained, spread evenly.

    Beside the gradients, the blind maps and the occlusion oracle, `explainers` are probed. The oracle's maps are not
    made again under alterations.
    """
    explained = judged.sides["reference"].query
    rows = explained[np.linspace(0, len(explained) - 1, min(count, len(explained))).round().astype(int)]
    every = GRADIENTS | dict(explainers or {}) | {ORACLE: occlusion} | content_free_explainers(seed)
    found = _Found(encoder, composers, judged, every, seed)
    cases = _cases(judged, split, rows, seed, workers)
    with tqdm(total=len(rows), desc="probe maps", unit=" queries", disable=not progress) as bar:
        for size in (len(part) for part in np.array_split(rows, -(-len(rows) // CHUNK))):
            found.add([next(cases) for _ in range(size)])
            bar.update(size)
    return found.result(rows)


def _cases(judged: Pass, split: str, rows: np.ndarray, seed: int, workers: int) -> Iterator[_Case]:
    """The queries `rows` [N] of the pass, ascending, drawn again."""
    families = judged.family[rows]
    numbers = np.unique(families)
    for number, family in zip(numbers.tolist(), draw(split, numbers.tolist(), workers), strict=True):
        first = int(np.searchsorted(judged.family, number))
        for row in rows[families == number].tolist():
            triplet = family.triplets[row - first]
            pictures = (family.scenes[triplet.reference], family.scenes[triplet.target])
            rng = np.random.default_rng([seed, row])
            yield _Case(row, number, triplet, pictures, paraphrase(triplet, family.layouts[triplet.reference], rng))


class _Found:
    """The running columns of the probes."""

    def __init__(
        self,
        encoder: Encoder,
        composers: Mapping[str, Head],
        judged: Pass,
        explainers: Mapping[str, Explainer],
        seed: int,
    ):
        self.encoder, self.composers, self.judged, self.explainers, self.seed = (
            encoder,
            composers,
            judged,
            explainers,
            seed,
        )
        self.quick = copy.copy(encoder)  # for the hundreds of altered pictures of each query
        if isinstance(self.quick, CompactEncoder):
            self.quick.compile()
        self.forgetful = {name: _forgetful(name, composer, seed) for name, composer in composers.items()}
        self.random_encoder: Encoder | None = None  # measured on the first pictures
        self.faithfulness: dict[Key, list[float]] = defaultdict(list)
        self.randomisation: dict[Key, list[float]] = defaultdict(list)
        self.stability: dict[Key, list[float]] = defaultdict(list)
        self.curves: dict[tuple[str, str, Side], list[Curves]] = defaultdict(list)
        self.seconds: dict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, cases: Sequence[_Case]) -> None:
        """Probe some queries."""
        reference, target = (
            look(self.encoder, pictures) for pictures in zip(*(c.pictures for c in cases), strict=True)
        )
        queries = ask(self.encoder, reference, target, [case.triplet.text for case in cases])
        if self.random_encoder is None:
            self.random_encoder = random_trunk(self.encoder, reference.pixels, self.seed)
        altered = _Altered(self.encoder, self.random_encoder, queries, cases)
        for name, composer in self.composers.items():
            for method, make in self.explainers.items():
                start = time.perf_counter()
                maps = make(self.quick if method == ORACLE else self.encoder, composer, queries)
                self.seconds[name, method] += [(time.perf_counter() - start) / len(cases)] * len(cases)
                self._faithful(name, composer, method, maps, queries, cases)
                self._localised(name, method, maps, queries, cases)
                if method != ORACLE:
                    self._randomised(name, composer, method, make, maps, altered)
                    self._stable(name, composer, method, make, maps, altered)

    def _faithful(
        self, name: str, composer: Head, method: str, maps: Maps, queries: Queries, cases: Sequence[_Case]
    ) -> None:
        gallery = self.judged.embeddings[name].images.to(queries.reference.features.device)
        for side in SIDES:
            view = queries.view(side)
            for k, case in enumerate(cases):
                seen = match(self.quick, composer, queries, side, k)
                others: Tensor | None = gallery @ seen.other if side == "target" else None
                turns = order(maps[side][k], view.boxes[k], np.random.default_rng([self.seed, case.row]))
                row = int(self.judged.target[case.row])
                found = curves(seen, view.pixels[k], view.blurred[k], turns, others, gallery, row)
                self.curves[name, method, side].append(found)
                for figure, value in found.figures().items():
                    self.faithfulness[name, method, side, figure].append(value)

    def _localised(self, name: str, method: str, maps: Maps, queries: Queries, cases: Sequence[_Case]) -> None:
        for side in SIDES:
            for case, values, box in zip(cases, maps[side], queries.view(side).boxes, strict=True):
                mask = case.triplet.reference_mask if side == "reference" else case.triplet.target_mask
                pointing, energy = float("nan"), float("nan")
                if mask is not None and mask.any():
                    shown = box.restore(np.maximum(values, 0))
                    pointing, energy = points_inside(shown, dilate(mask > 0)), energy_inside(shown, mask > 0)
                self.faithfulness[name, method, side, "pointing"].append(pointing)
                self.faithfulness[name, method, side, "energy"].append(energy)

    def _randomised(
        self, name: str, composer: Head, method: str, make: Explainer, maps: Maps, altered: "_Altered"
    ) -> None:
        for stage, forgetful in self.forgetful[name]:
            again = make(self.encoder, forgetful, altered.queries)
            self._keep(self.randomisation, name, method, stage, agreement(maps, again, altered.queries))
        if altered.random is not None:
            again = make(self.encoder, self.forgetful[name][-1][1], altered.random)
            self._keep(self.randomisation, name, method, TRUNK, agreement(maps, again, altered.queries))
        found = agreement(maps, make(self.encoder, composer, altered.swapped), altered.queries)
        swapped = {side: np.where(altered.has_partner, values, np.nan) for side, values in found.items()}
        self._keep(self.randomisation, name, method, TEXT, swapped)

    def _stable(self, name: str, composer: Head, method: str, make: Explainer, maps: Maps, altered: "_Altered") -> None:
        moves = [
            agreement(maps, make(self.encoder, composer, queries), altered.queries, shift)
            for shift, queries in zip(SHIFTS, altered.shifted, strict=True)
        ]
        mean = {side: np.mean([move[side] for move in moves], axis=0) for side in SIDES}
        self._keep(self.stability, name, method, SHIFT, mean)
        for figure, queries in ((JPEG, altered.recoded), (WORDS, altered.again)):
            again = make(self.encoder, composer, queries)
            self._keep(self.stability, name, method, figure, agreement(maps, again, altered.queries))

    @staticmethod
    def _keep(
        columns: dict[Key, list[float]], name: str, method: str, figure: str, values: Mapping[Side, np.ndarray]
    ) -> None:
        for side in SIDES:
            columns[name, method, side, figure] += values[side].tolist()

    def result(self, rows: np.ndarray) -> Probed:
        """The columns as arrays."""
        trunk = () if self.random_encoder is None else (TRUNK,)
        return Probed(
            rows=rows,
            methods=tuple(self.explainers),
            stages={name: (*(stage for stage, _ in copies), *trunk) for name, copies in self.forgetful.items()},
            faithfulness={key: np.array(column) for key, column in self.faithfulness.items()},
            randomisation={key: np.array(column) for key, column in self.randomisation.items()},
            stability={key: np.array(column) for key, column in self.stability.items()},
            curves=dict(self.curves),
            seconds={key: np.array(column) for key, column in self.seconds.items()},
        )


def _forgetful(name: str, composer: Head, seed: int) -> list[tuple[str, Head]]:
    if not isinstance(composer, nn.Module):
        raise ValueError(f"the parameters of {name!r} cannot be drawn anew: it is no torch module")
    return list(cascade(composer, seed))


class _Altered:
    """Some queries, and all alterations of them that no model is needed for."""

    def __init__(self, encoder: Encoder, random: Encoder | None, queries: Queries, cases: Sequence[_Case]):
        self.queries = queries
        others = partners(queries.texts, [case.family for case in cases])
        self.has_partner = np.array([other is not None for other in others])
        texts = [queries.texts[k if other is None else other] for k, other in enumerate(others)]
        self.swapped = queries.with_texts(encoder, texts)
        self.again = queries.with_texts(encoder, [case.again for case in cases])
        self.shifted = [shifted(encoder, queries, shift) for shift in SHIFTS]
        self.recoded = recoded(encoder, queries)
        self.random: Queries | None = None
        if random is not None:
            views = (queries.reference, queries.target)
            reference, target = (replace(view, features=random.trunk(view.pixels)) for view in views)
            self.random = replace(queries, reference=reference, target=target)

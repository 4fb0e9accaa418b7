"""Faithfulness and sanity checks: maps of altered pictures, altered texts and re-initialized models.

This is the slow part of an evaluation; it runs on a sample of the explained queries.
"""

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
from mmgrad.evaluation.explainers.explainers import GRADIENTS, Explainer, Maps, content_free_explainers
from mmgrad.evaluation.explainers.occlusion import occlusion
from mmgrad.evaluation.families import draw_families
from mmgrad.evaluation.metrics.correlation import agreement
from mmgrad.evaluation.metrics.faithfulness import Curves, deletion_insertion, pixel_order
from mmgrad.evaluation.metrics.localization import dilate, energy_inside, points_inside
from mmgrad.evaluation.metrics.paraphrase import paraphrase
from mmgrad.evaluation.metrics.randomization import cascading_randomization, partners, random_trunk
from mmgrad.evaluation.metrics.stability import SHIFTS, recoded, shifted
from mmgrad.evaluation.protocols.sanity_results import Key, SanityChecks
from mmgrad.evaluation.queries import SIDES, Queries, Side, encode_images, encode_queries, score_function
from mmgrad.evaluation.runner import EvaluationRun
from mmgrad.synthetic.families import Triplet

CHUNK = 8
"""Queries that are checked together."""
ORACLE = "occlusion"
"""This explainer is too slow to be repeated for every alteration."""
TEXT, TRUNK = "text swapped", "trunk"
SHIFT, JPEG, WORDS = "shifted", "JPEG", "paraphrase"


@dataclass(frozen=True, eq=False)
class _Case:
    row: int
    family: int
    triplet: Triplet
    pictures: tuple[np.ndarray, np.ndarray]  # reference, target
    paraphrase: str


def run_sanity_checks(
    encoder: Encoder,
    composers: Mapping[str, Head],
    data: EvaluationRun,
    split: str,
    count: int,
    explainers: Mapping[str, Explainer] | None = None,
    seed: int = 0,
    workers: int = 1,
    progress: bool = True,
) -> SanityChecks:
    """Check the maps of `count` explained queries, spread evenly.

    Args:
        encoder: the encoder that the composers share.
        composers: composers by name; each must be a torch module.
        data: the run over `split` that explained the queries.
        split: the split of the run.
        count: upper limit of checked queries.
        explainers: further explainers beside the package's own, occlusion and the content-free ones.
        seed: of all random choices.
        workers: processes that draw pictures; 0 draws them in this process.
        progress: whether to show a progress bar.

    Raises:
        ValueError: a composer is not a torch module, so that it cannot be re-initialized.
    """
    explained = data.sides["reference"].query
    rows = explained[np.linspace(0, len(explained) - 1, min(count, len(explained))).round().astype(int)]
    every = GRADIENTS | dict(explainers or {}) | {ORACLE: occlusion} | content_free_explainers(seed)
    suite = _FaithfulnessSuite(encoder, composers, data, every, seed)
    cases = _cases(data, split, rows, seed, workers)
    with tqdm(total=len(rows), desc="check maps", unit=" queries", disable=not progress) as bar:
        for size in (len(part) for part in np.array_split(rows, -(-len(rows) // CHUNK))):
            suite.add([next(cases) for _ in range(size)])
            bar.update(size)
    return suite.result(rows)


def _cases(data: EvaluationRun, split: str, rows: np.ndarray, seed: int, workers: int) -> Iterator[_Case]:
    """The queries `rows` [N] of the run, ascending, drawn again."""
    families = data.family[rows]
    numbers = np.unique(families)
    for number, family in zip(numbers.tolist(), draw_families(split, numbers.tolist(), workers), strict=True):
        first = int(np.searchsorted(data.family, number))
        for row in rows[families == number].tolist():
            triplet = family.triplets[row - first]
            pictures = (family.scenes[triplet.reference], family.scenes[triplet.target])
            rng = np.random.default_rng([seed, row])
            yield _Case(row, number, triplet, pictures, paraphrase(triplet, family.layouts[triplet.reference], rng))


class _FaithfulnessSuite:
    """The running columns of the checks."""

    def __init__(
        self,
        encoder: Encoder,
        composers: Mapping[str, Head],
        data: EvaluationRun,
        explainers: Mapping[str, Explainer],
        seed: int,
    ):
        self.encoder, self.composers, self.data = encoder, composers, data
        self.explainers, self.seed = explainers, seed
        self.quick = copy.copy(encoder)  # for hundreds of altered pictures per query
        self.quick.compile()
        self.randomized_models = {
            name: _randomized_models(name, composer, seed) for name, composer in composers.items()
        }
        self.random_encoder: Encoder | None = None  # initialized with the first pictures
        self.faithfulness: dict[Key, list[float]] = defaultdict(list)
        self.randomization: dict[Key, list[float]] = defaultdict(list)
        self.stability: dict[Key, list[float]] = defaultdict(list)
        self.curves: dict[tuple[str, str, Side], list[Curves]] = defaultdict(list)
        self.seconds: dict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, cases: Sequence[_Case]) -> None:
        """Check some queries."""
        reference, target = (
            encode_images(self.encoder, pictures) for pictures in zip(*(c.pictures for c in cases), strict=True)
        )
        queries = encode_queries(self.encoder, reference, target, [case.triplet.text for case in cases])
        if self.random_encoder is None:
            self.random_encoder = random_trunk(self.encoder, reference.pixels, self.seed)
        altered = _Altered(self.encoder, self.random_encoder, queries, cases)
        for name, composer in self.composers.items():
            for method, make in self.explainers.items():
                start = time.perf_counter()
                maps = make(self.quick if method == ORACLE else self.encoder, composer, queries)
                self.seconds[name, method] += [(time.perf_counter() - start) / len(cases)] * len(cases)
                self._measure_faithfulness(name, composer, method, maps, queries, cases)
                self._measure_localization(name, method, maps, queries, cases)
                if method != ORACLE:
                    self._check_randomization(name, composer, method, make, maps, altered)
                    self._check_stability(name, composer, method, make, maps, altered)

    def _measure_faithfulness(
        self, name: str, composer: Head, method: str, maps: Maps, queries: Queries, cases: Sequence[_Case]
    ) -> None:
        gallery = self.data.embeddings[name].images.to(queries.reference.features.device)
        for side in SIDES:
            view = queries.images(side)
            for k, case in enumerate(cases):
                seen = score_function(self.quick, composer, queries, side, k)
                others: Tensor | None = gallery @ seen.other if side == "target" else None
                turns = pixel_order(maps[side][k], view.boxes[k], np.random.default_rng([self.seed, case.row]))
                row = int(self.data.target[case.row])
                found = deletion_insertion(seen, view.pixels[k], view.blurred[k], turns, others, gallery, row)
                self.curves[name, method, side].append(found)
                for metric, value in found.metrics().items():
                    self.faithfulness[name, method, side, metric].append(value)

    def _measure_localization(
        self, name: str, method: str, maps: Maps, queries: Queries, cases: Sequence[_Case]
    ) -> None:
        for side in SIDES:
            for case, values, box in zip(cases, maps[side], queries.images(side).boxes, strict=True):
                mask = case.triplet.reference_mask if side == "reference" else case.triplet.target_mask
                pointing, energy = float("nan"), float("nan")
                if mask is not None and mask.any():
                    shown = box.restore(np.maximum(values, 0))
                    pointing, energy = points_inside(shown, dilate(mask > 0)), energy_inside(shown, mask > 0)
                self.faithfulness[name, method, side, "pointing"].append(pointing)
                self.faithfulness[name, method, side, "energy"].append(energy)

    def _check_randomization(
        self, name: str, composer: Head, method: str, make: Explainer, maps: Maps, altered: "_Altered"
    ) -> None:
        for stage, model in self.randomized_models[name]:
            again = make(self.encoder, model, altered.queries)
            self._keep(self.randomization, name, method, stage, agreement(maps, again, altered.queries))
        if altered.random is not None:
            again = make(self.encoder, self.randomized_models[name][-1][1], altered.random)
            self._keep(self.randomization, name, method, TRUNK, agreement(maps, again, altered.queries))
        found = agreement(maps, make(self.encoder, composer, altered.swapped), altered.queries)
        swapped = {side: np.where(altered.has_partner, values, np.nan) for side, values in found.items()}
        self._keep(self.randomization, name, method, TEXT, swapped)

    def _check_stability(
        self, name: str, composer: Head, method: str, make: Explainer, maps: Maps, altered: "_Altered"
    ) -> None:
        moves = [
            agreement(maps, make(self.encoder, composer, queries), altered.queries, shift)
            for shift, queries in zip(SHIFTS, altered.shifted, strict=True)
        ]
        mean = {side: np.mean([move[side] for move in moves], axis=0) for side in SIDES}
        self._keep(self.stability, name, method, SHIFT, mean)
        for condition, queries in ((JPEG, altered.recoded), (WORDS, altered.paraphrased)):
            again = make(self.encoder, composer, queries)
            self._keep(self.stability, name, method, condition, agreement(maps, again, altered.queries))

    @staticmethod
    def _keep(
        columns: dict[Key, list[float]], name: str, method: str, condition: str, values: Mapping[Side, np.ndarray]
    ) -> None:
        for side in SIDES:
            columns[name, method, side, condition] += values[side].tolist()

    def result(self, rows: np.ndarray) -> SanityChecks:
        """The columns as arrays."""
        trunk = () if self.random_encoder is None else (TRUNK,)
        return SanityChecks(
            queries=rows,
            methods=tuple(self.explainers),
            stages={name: (*(stage for stage, _ in copies), *trunk) for name, copies in self.randomized_models.items()},
            faithfulness={key: np.array(column) for key, column in self.faithfulness.items()},
            randomization={key: np.array(column) for key, column in self.randomization.items()},
            stability={key: np.array(column) for key, column in self.stability.items()},
            curves=dict(self.curves),
            seconds={key: np.array(column) for key, column in self.seconds.items()},
        )


def _randomized_models(name: str, composer: Head, seed: int) -> list[tuple[str, Head]]:
    if not isinstance(composer, nn.Module):
        raise ValueError(f"the parameters of {name!r} cannot be re-initialized: it is not a torch module")
    return list(cascading_randomization(composer, seed))


class _Altered:
    """Some queries and their alterations, which do not depend on a composer."""

    def __init__(self, encoder: Encoder, random: Encoder | None, queries: Queries, cases: Sequence[_Case]):
        self.queries = queries
        others = partners(queries.texts, [case.family for case in cases])
        self.has_partner = np.array([other is not None for other in others])
        texts = [queries.texts[k if other is None else other] for k, other in enumerate(others)]
        self.swapped = queries.with_texts(encoder, texts)
        self.paraphrased = queries.with_texts(encoder, [case.paraphrase for case in cases])
        self.shifted = [shifted(encoder, queries, shift) for shift in SHIFTS]
        self.recoded = recoded(encoder, queries)
        self.random: Queries | None = None
        if random is not None:
            views = (queries.reference, queries.target)
            reference, target = (replace(view, features=random.trunk(view.pixels)) for view in views)
            self.random = replace(queries, reference=reference, target=target)

"""Faithfulness and sanity checks end to end, with maps that are known to pass or fail each of them."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from mmgrad.attribution.gradients import Head
from mmgrad.encoders.base import Encoder
from mmgrad.evaluation import Estimate, EvaluationOptions, Results, draw_plots, evaluate, markdown
from mmgrad.evaluation.explainers.explainers import Maps
from mmgrad.evaluation.protocols.sanity_checks import TEXT
from mmgrad.evaluation.queries import Queries
from mmgrad.evaluation.runner import OBJECT_EDITS
from mmgrad.models.composer import Composer

COUNT = 5


def brightness(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
    """Explains the picture, and no model."""
    return {
        "reference": queries.reference.pixels.mean(dim=1).numpy(),
        "target": queries.target.pixels.mean(dim=1).numpy(),
    }


@pytest.fixture(scope="module")
def results(encoder: Encoder, composer: Composer) -> Results:
    return _evaluate(encoder, composer)


def _evaluate(encoder: Encoder, composer: Composer) -> Results:
    options = EvaluationOptions(
        families=4, validation_families=4, maps=12, faithfulness=COUNT, workers=0, progress=False
    )
    return evaluate(encoder, {"a": composer}, options, explainers={"brightness": brightness})


def _values(results: Results, table: str, method: str, metric: str, condition: str = "") -> dict[str, Estimate]:
    return {
        side: results.value(table, metric, method=method, side=side, group="all", condition=condition)
        for side in ("reference", "target")
    }


def test_every_method_is_measured_on_the_same_queries(results: Results) -> None:
    methods = set(results.select("faithfulness")["method"])
    assert {"MMGrad", "text-agnostic Grad-CAM", "occlusion", "center", "random", "uniform", "brightness"} <= methods
    assert any("captum" in method for method in methods)
    assert methods == set(results.settings["methods"])
    for method in methods:
        for value in _values(results, "faithfulness", method, "deletion").values():
            assert value.count == results.settings["faithfulness"] == COUNT
    groups = results.select("faithfulness", metric="insertion", method="MMGrad", side="target")
    counts = dict(zip(groups["group"], groups["n"], strict=True))
    assert sum(counts[edit] for edit in OBJECT_EDITS) == COUNT


def test_all_curves_of_a_side_have_the_same_ends(results: Results) -> None:
    for side in ("reference", "target"):
        rows = results.select("curves", side=side)
        found = {(one.method, one.metric, one.condition): one.mean for one in rows.itertuples()}
        for method in results.settings["methods"]:
            assert found[method, "deletion", "0"] == pytest.approx(found["MMGrad", "deletion", "0"])
            assert found[method, "insertion", "0"] == pytest.approx(found[method, "deletion", "1"])
            assert found[method, "target_rank", "0"] == pytest.approx(found["MMGrad", "target_rank", "0"])


def test_occlusion_is_more_faithful_than_chance(results: Results) -> None:
    for metric, sign in (("deletion", -1), ("insertion", 1)):
        oracle, chance = (_values(results, "faithfulness", method, metric) for method in ("occlusion", "uniform"))
        for side in ("reference", "target"):
            assert sign * oracle[side].mean > sign * chance[side].mean


def test_gains_are_differences_of_means_in_the_better_direction(results: Results) -> None:
    gains = results.select("gains")
    assert len(gains) == 2 * 4 * (len(results.settings["methods"]) - 1)
    for one in gains.itertuples():
        ours, other = (
            _values(results, "faithfulness", method, one.metric)[one.side].mean
            for method in ("MMGrad", one.condition.removeprefix("than "))
        )
        assert one.mean == pytest.approx(other - ours if one.metric == "deletion" else ours - other, abs=1e-6)


def test_a_map_of_the_picture_alone_survives_and_is_marked(results: Results) -> None:
    for stage in (*results.settings["stages"]["a"], TEXT):
        for value in _values(results, "randomization", "brightness", "rank_correlation", stage).values():
            assert value.mean == pytest.approx(1)
    line = next(line for line in markdown(results).splitlines() if line.startswith(f"| {TEXT} "))
    assert "1.00 (1.00 to 1.00) *" in line


def test_a_text_agnostic_map_survives_the_swapped_text_alone(results: Results) -> None:
    agnostic, ours = (
        _values(results, "randomization", method, "rank_correlation", TEXT)
        for method in ("text-agnostic Grad-CAM", "MMGrad")
    )
    for side, value in agnostic.items():
        assert value.mean == pytest.approx(1)
        assert ours[side].mean < 0.99999


def test_random_maps_agree_with_nothing(results: Results) -> None:
    values = [
        value.mean
        for stage in results.settings["stages"]["a"]
        for value in _values(results, "randomization", "random", "rank_correlation", stage).values()
    ]
    assert np.abs(values).mean() < 0.15  # of some 50 cells: each correlation spreads by 0.15, a mean of five by 0.07
    assert results.select("randomization", method="uniform")["mean"].isna().all()


def test_a_map_of_the_picture_moves_with_it(results: Results) -> None:
    for condition in ("shifted", "JPEG", "paraphrase"):
        for value in _values(results, "stability", "brightness", "rank_correlation", condition).values():
            assert value.mean > 0.9


def test_any_explainer_is_localized_too(results: Results) -> None:
    keys = {"side": "target", "group": "all"}
    found, ours = (results.value("localization", "energy", method=one, **keys) for one in ("brightness", "MMGrad"))
    assert found.count == ours.count
    assert 0 < found.mean < 1


def test_the_same_seed_gives_the_same_values(results: Results, encoder: Encoder, composer: Composer) -> None:
    again = _evaluate(encoder, composer)
    first, second = (one.table[one.table["table"] != "time"] for one in (results, again))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_the_model_is_left_as_it_was(encoder: Encoder, composer: Composer) -> None:
    before = copy.deepcopy(composer.state_dict())
    _evaluate(encoder, composer)
    assert all(torch.equal(value, before[key]) for key, value in composer.state_dict().items())
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in composer.parameters())


def test_plots_are_drawn_and_shown_in_the_report(results: Results, tmp_path: Path) -> None:
    paths = draw_plots(results, tmp_path / "new")
    assert [path.stem for path in paths] == [
        "localization-by-edit",
        "calibration",
        "deletion-insertion",
        "faithfulness-by-edit",
        "randomization",
    ]
    for path in paths:
        pixels = np.asarray(Image.open(path).convert("L"))
        assert 0.005 < (pixels < 200).mean() < 0.8
    settings = dict(results.settings) | {"plots": ["plots/deletion-insertion.png"]}
    assert "![deletion insertion](plots/deletion-insertion.png)" in markdown(replace(results, settings=settings))
    without = {key: value for key, value in results.settings.items() if key != "faithfulness"}
    quick = replace(results, settings=without)
    assert [path.stem for path in draw_plots(quick, tmp_path)] == ["localization-by-edit", "calibration"]
    assert "### Randomization" not in markdown(quick)

"""The probes end to end: maps that are known to pass or fail each of them."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmgrad.attribution.gradients import Head
from mmgrad.encoders.base import Encoder
from mmgrad.evaluation import draw_plots, evaluate, markdown
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
def report(encoder: Encoder, composer: Composer) -> dict:
    return _evaluate(encoder, composer)


def _evaluate(encoder: Encoder, composer: Composer) -> dict:
    return evaluate(
        encoder,
        {"a": composer},
        None,
        "test",
        4,
        4,
        maps=12,
        workers=0,
        progress=False,
        faithfulness=COUNT,
        explainers={"brightness": brightness},
    )


def _values(report: dict, part: str, method: str, figure: str) -> dict[str, dict]:
    return {
        row["side"]: row
        for row in report["probes"][part]
        if (row["method"], row["figure"], row["group"]) == (method, figure, "all")
    }


def test_every_method_is_measured_on_the_same_queries(report: dict) -> None:
    methods = report["probes"]["methods"]
    assert {"MMGrad", "text-blind Grad-CAM", "occlusion", "centre", "random", "uniform", "brightness"} <= set(methods)
    assert any("captum" in method for method in methods)
    for method in methods:
        for row in _values(report, "faithfulness", method, "deletion").values():
            assert row["value"]["count"] == report["probes"]["queries"] == COUNT
    groups = {
        row["group"]: row["value"]["count"] for row in report["probes"]["faithfulness"] if row["figure"] == "insertion"
    }
    assert sum(groups[edit] for edit in OBJECT_EDITS) == COUNT


def test_all_curves_of_a_side_have_the_same_ends(report: dict) -> None:
    for side in ("reference", "target"):
        rows = [row for row in report["probes"]["curves"] if row["side"] == side]
        for row in rows:
            assert row["deletion"]["mean"][0] == pytest.approx(rows[0]["deletion"]["mean"][0])
            assert row["insertion"]["mean"][0] == pytest.approx(row["deletion"]["mean"][-1])
            assert row["rank"][0] == pytest.approx(rows[0]["rank"][0])


def test_the_oracle_is_more_faithful_than_chance(report: dict) -> None:
    for figure, sign in (("deletion", -1), ("insertion", 1)):
        oracle, chance = (_values(report, "faithfulness", method, figure) for method in ("occlusion", "uniform"))
        for side in ("reference", "target"):
            assert sign * oracle[side]["value"]["mean"] > sign * chance[side]["value"]["mean"]


def test_gains_are_differences_of_means_turned_the_better_way(report: dict) -> None:
    for row in report["probes"]["gains"]:
        ours, other = (
            _values(report, "faithfulness", method, row["figure"])[row["side"]]["value"]["mean"]
            for method in ("MMGrad", row["than"])
        )
        expected = other - ours if row["figure"] == "deletion" else ours - other
        assert row["gain"]["mean"] == pytest.approx(expected, abs=1e-6)


def test_a_map_of_the_picture_alone_survives_and_is_reported_so(report: dict) -> None:
    (stages,) = report["probes"]["stages"].values()
    for stage in (*stages, TEXT):
        for row in _values(report, "randomisation", "brightness", stage).values():
            assert row["value"]["mean"] == pytest.approx(1)
            assert row["survives"]
    text = markdown(report)
    line = next(line for line in text.splitlines() if line.startswith(f"| {TEXT} "))
    assert "1.00 (1.00 to 1.00) *" in line


def test_a_text_blind_map_survives_the_swapped_text_alone(report: dict) -> None:
    for side, row in _values(report, "randomisation", "text-blind Grad-CAM", TEXT).items():
        assert row["survives"]
        assert row["value"]["mean"] == pytest.approx(1)
        assert _values(report, "randomisation", "MMGrad", TEXT)[side]["value"]["mean"] < 0.99999


def test_random_maps_agree_with_nothing(report: dict) -> None:
    (stages,) = report["probes"]["stages"].values()
    values = [
        row["value"]["mean"] for stage in stages for row in _values(report, "randomisation", "random", stage).values()
    ]
    assert np.abs(values).mean() < 0.15  # of some 50 cells: each correlation spreads by 0.15, a mean of five by 0.07
    assert not any(row["survives"] for row in report["probes"]["randomisation"] if row["method"] == "uniform")


def test_a_map_of_the_picture_moves_with_it(report: dict) -> None:
    for figure in ("shifted", "JPEG", "paraphrase"):
        for row in _values(report, "stability", "brightness", figure).values():
            assert row["value"]["mean"] > 0.9


def test_a_map_maker_of_any_kind_is_localised_too(report: dict) -> None:
    rows = {row["method"]: row for row in report["localisation"] if (row["side"], row["group"]) == ("target", "all")}
    assert rows["brightness"]["count"] == rows["MMGrad"]["count"]
    assert 0 < rows["brightness"]["energy"]["mean"] < 1


def test_the_same_seed_gives_the_same_figures(report: dict, encoder: Encoder, composer: Composer) -> None:
    again = _evaluate(encoder, composer)
    for part in ("faithfulness", "randomisation", "stability", "curves", "gains"):
        assert repr(again["probes"][part]) == repr(report["probes"][part])  # as text: nan is not equal to itself


def test_the_model_is_left_as_it_was(encoder: Encoder, composer: Composer) -> None:
    before = copy.deepcopy(composer.state_dict())
    _evaluate(encoder, composer)
    assert all(torch.equal(value, before[key]) for key, value in composer.state_dict().items())
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in composer.parameters())


def test_plots_are_drawn_and_shown_in_the_report(report: dict, tmp_path: Path) -> None:
    paths = draw_plots(report, tmp_path / "new")
    assert [path.stem for path in paths] == [
        "localisation-by-edit",
        "reliability",
        "deletion-insertion",
        "faithfulness-by-edit",
        "randomisation",
    ]
    for path in paths:
        pixels = np.asarray(Image.open(path).convert("L"))
        assert 0.005 < (pixels < 200).mean() < 0.8
    text = markdown(report | {"plots": ["plots/deletion-insertion.png"]})
    assert "![deletion insertion](plots/deletion-insertion.png)" in text
    without = {key: value for key, value in report.items() if key != "probes"}
    assert [path.stem for path in draw_plots(without, tmp_path)] == ["localisation-by-edit", "reliability"]
    assert "### Randomisation" not in markdown(without)

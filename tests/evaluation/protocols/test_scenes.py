import copy
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgrad.attribution.blend import explain_reference, explain_targets
from mmgrad.attribution.gradients import AttributionModel
from mmgrad.encoders.base import Encoder, baseline_features
from mmgrad.evaluation import evaluate, markdown, write_json
from mmgrad.evaluation import runner as stream
from mmgrad.evaluation.metrics.localization import dilate, localise
from mmgrad.evaluation.metrics.retrieval import target_ranks
from mmgrad.evaluation.reporting.error_analysis import FIRST, error_figures, first_results
from mmgrad.evaluation.runner import OBJECT_EDITS, REGION, Pass, run
from mmgrad.models.composer import Composer
from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.synthetic.families import SCENES, Family

FAMILIES = 9  # more than one chunk


@pytest.fixture(scope="module")
def passed(encoder: Encoder, composer: Composer) -> Pass:
    return run(encoder, {"a": composer}, "test", FAMILIES, maps=12, workers=0, progress=False)


@pytest.fixture(scope="module")
def families() -> list[Family]:
    return [stream.make_family(load_asset_library(), "test", index) for index in range(FAMILIES)]


@pytest.fixture(scope="module")
def report(encoder: Encoder, composer: Composer) -> dict:
    other = (
        Composer(encoder.channels, encoder.token_width, encoder.grid, width=32, heads=2, layers=1, num_pools=3)
        .eval()
        .requires_grad_(False)
    )
    models = {"a": composer, "b": other}
    return evaluate(encoder, models, None, "test", 4, 4, maps=24, workers=0, progress=False)


def test_the_gallery_holds_every_picture_and_rows_point_at_the_right_ones(
    passed: Pass, families: list[Family], encoder: Encoder, composer: Composer
) -> None:
    own = passed.embeddings["a"]
    scenes = [scene for family in families for scene in family.scenes]
    triplets = [(f, triplet) for f, family in enumerate(families) for triplet in family.triplets]
    assert len(own.images) == len(scenes)
    assert len(own.queries) == len(triplets) == len(passed.family)
    f, triplet = triplets[-1]  # of the second chunk
    assert passed.family[-1] == f
    reference = families[f].scenes[triplet.reference]
    features = encoder.trunk(encoder.prepare([reference])[0])
    tokens = encoder.encode_text([triplet.text])
    assert torch.allclose(own.images[passed.reference[-1]], composer.encode_image(features)[0], atol=1e-5)
    target = encoder.trunk(encoder.prepare([families[f].scenes[triplet.target]])[0])
    assert torch.allclose(own.images[passed.target[-1]], composer.encode_image(target)[0], atol=1e-5)
    query = composer.encode_query(features, tokens.states, tokens.mask)[0]
    assert torch.allclose(own.queries[-1], query, atol=1e-5)


def test_maps_are_drawn_evenly_from_edits_of_things_and_never_more_than_asked(passed: Pass) -> None:
    query = passed.sides["reference"].query
    assert len(query) == len(set(query.tolist())) <= 12
    assert set(passed.edit[query]) <= set(OBJECT_EDITS)
    assert np.bincount(passed.family[query], minlength=FAMILIES).max() <= 2


def test_figures_are_those_of_a_map_made_alone(
    passed: Pass, families: list[Family], encoder: Encoder, composer: Composer
) -> None:
    triplets = [(f, triplet) for f, family in enumerate(families) for triplet in family.triplets]
    checked = 0
    for side in ("reference", "target"):
        maps = passed.sides[side]
        for k, index in enumerate(maps.query.tolist()):
            f, triplet = triplets[index]
            mask = triplet.reference_mask if side == "reference" else triplet.target_mask
            assert (mask is not None) == maps.defined[k]
            if mask is None:
                continue
            pictures = [families[f].scenes[triplet.reference], families[f].scenes[triplet.target]]
            features, (first, second) = encoder.trunk(encoder.prepare(pictures)[0]), encoder.prepare(pictures)[1]
            tokens = encoder.encode_text([triplet.text])
            model = AttributionModel(composer, encoder.to_grid, baseline_features(encoder))
            if side == "reference":
                g = composer.encode_image(features[1:])
                values, box = explain_reference(model, features[:1], tokens, g).shown[0], first
            else:
                q = composer.encode_query(features[:1], tokens.states, tokens.mask)
                change = q - composer.encode_image(features[:1])
                values, box = explain_targets(model, features[1:], change, q).shown[0], second
            positive = np.maximum(values.numpy(), 0)
            expected = localise(box.restore(positive), mask > 0, dilate(mask > 0))
            found = maps.figures["a", "MMGrad"][k]
            assert found is not None
            assert found.energy == pytest.approx(expected.energy, abs=1e-4)
            assert maps.evidence["a"][k] == pytest.approx(float(positive.sum()), rel=1e-3)
            uniform = maps.figures["", "uniform"][k]
            assert uniform is not None
            assert uniform.pointing == 0
            assert uniform.energy == pytest.approx(maps.area[k])
            checked += 1
    assert checked > 8


def test_models_side_by_side_have_the_embeddings_and_maps_that_each_has_alone(
    encoder: Encoder, composer: Composer
) -> None:
    other = copy.deepcopy(composer)
    for parameter in other.parameters():
        parameter.data += 0.1
    both = run(encoder, {"a": composer, "b": other}, "test", 3, maps=20, workers=0, progress=False)
    alone = run(encoder, {"b": other}, "test", 3, maps=20, workers=0, progress=False)
    assert torch.equal(both.embeddings["b"].queries, alone.embeddings["b"].queries)
    assert not torch.allclose(both.embeddings["a"].queries, both.embeddings["b"].queries)
    for side in ("reference", "target"):
        assert (both.sides[side].evidence["b"] == alone.sides[side].evidence["b"]).all()
        assert (both.sides[side].evidence["a"] != both.sides[side].evidence["b"]).any()


def test_a_composer_in_training_mode_is_refused(encoder: Encoder, composer: Composer) -> None:
    with pytest.raises(ValueError, match="evaluation mode"):
        run(encoder, {"a": copy.deepcopy(composer).train()}, "test", 1, maps=1, workers=0, progress=False)


def test_the_same_seed_gives_the_same_figures(passed: Pass, encoder: Encoder, composer: Composer) -> None:
    again = run(encoder, {"a": composer}, "test", FAMILIES, maps=12, workers=0, progress=False)
    assert (again.sides["target"].query == passed.sides["target"].query).all()
    first, second = (p.sides["target"].figures["", "random"] for p in (passed, again))
    assert [a and a.energy for a in first] == [a and a.energy for a in second]


def test_the_report_has_both_ways_of_counting_the_reference(report: dict) -> None:
    rows = {
        (row["model"], row["method"], row["reference_in_gallery"]): row["recall@1"]["mean"]
        for row in report["retrieval"]
        if row["group"] == "all"
    }
    assert rows["a", "image only", True] == 0  # the reference is its own nearest picture
    for (model, method, included), recall in rows.items():
        if included:
            assert recall <= rows[model, method, False]


def test_edits_make_up_all_queries(report: dict) -> None:
    counts = {row["group"]: row["count"] for row in report["retrieval"] if row["method"] == "composed query"}
    edits = {key: n for key, n in counts.items() if key != "all" and "photo" not in key and "unseen" not in key}
    assert sum(edits.values()) == counts["all"] == report["queries"]
    assert counts["seen photos"] + counts["unseen photos"] == counts["all"]


def test_maps_called_empty_are_misses_as_shown(report: dict) -> None:
    rows = [row for row in report["localisation"] if row["group"] == "all" and row["model"] == "a"]
    by = {(row["side"], row["method"]): row for row in rows}
    for side in ("reference", "target"):
        assert by[side, "MMGrad as shown"]["energy"]["mean"] <= by[side, "MMGrad"]["energy"]["mean"]


def test_a_map_of_the_region_itself_is_the_measure(passed: Pass) -> None:
    for side in passed.sides.values():
        truth, chance = (
            [figure for figure in side.figures["", method] if figure is not None] for method in (REGION, "uniform")
        )
        assert np.mean([figure.pointing for figure in truth]) == 1
        for known, unknown in zip(truth, chance, strict=True):
            assert unknown.energy < known.energy < 1


def test_thresholds_of_the_card_are_kept(encoder: Encoder, composer: Composer) -> None:
    card = {"a": {"reference": 1e9, "target": 0.0}}
    found = evaluate(encoder, {"a": composer}, card, "validation", 3, 3, maps=18, workers=0, progress=False)
    rows = {row["side"]: row for row in found["no_evidence"]}
    assert rows["reference"]["source"] == "model card"
    assert rows["reference"]["defined_called_empty"]["mean"] == 1
    assert rows["target"]["defined_called_empty"]["mean"] == 0


def test_models_are_compared_on_the_same_queries(report: dict) -> None:
    gains = {row["figure"]: row["gain"]["mean"] for row in report["differences"]}
    means = {
        row["model"]: row["recall@10"]["mean"]
        for row in report["retrieval"]
        if row["group"] == "all" and row["method"] == "composed query" and row["reference_in_gallery"]
    }
    assert gains["recall@10"] == pytest.approx(means["a"] - means["b"])


def test_the_report_is_written_as_strict_json_and_as_tables(report: dict, tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.json"
    write_json(report, path)
    read = json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert read["queries"] == report["queries"]
    assert [item.name for item in path.parent.iterdir()] == ["report.json"]
    text = markdown(report)
    assert "nan" not in text
    for table in text.split("\n\n"):
        lines = [line for line in table.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1


def test_a_group_without_queries_is_null_not_nan(report: dict, tmp_path: Path) -> None:
    row = {"mean": math.nan, "low": math.nan, "high": math.nan, "count": 0}
    write_json(report | {"retrieval": [row]}, tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text())["retrieval"][0]["mean"] is None


def test_what_stands_first_is_told_apart(passed: Pass) -> None:
    own = passed.embeddings["a"]
    kinds = first_results(passed, own)
    for query in range(len(passed.family)):  # one by one, in double precision
        scores = own.images.double() @ own.queries[query].double()
        first = int(scores.argmax())
        if first == int(passed.target[query]):
            expected = "the target"
        elif first == int(passed.reference[query]):
            expected = "the reference"
        elif first // SCENES == passed.family[query]:
            expected = "another of the family"
        else:
            expected = "of another family"
        assert FIRST[kinds[query]] == expected
    rows = {row["group"]: row for row in error_figures(passed, OBJECT_EDITS)}
    for row in rows.values():
        if row["count"]:
            assert sum(row[kind]["mean"] for kind in FIRST) == pytest.approx(1)
    right, _ = target_ranks(own.queries, own.images, passed.target, passed.reference)
    assert rows["all"]["the target"]["mean"] == pytest.approx((right == 1).mean(), abs=1e-9)

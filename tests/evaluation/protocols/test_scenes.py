"""Evaluation on edit scenes, against maps and searches made one by one."""

import copy

import numpy as np
import pytest
import torch

from mmgrad.attribution.blend import explain_reference, explain_targets
from mmgrad.attribution.gradients import AttributionModel
from mmgrad.encoders.base import Encoder, baseline_features
from mmgrad.evaluation import EvaluationOptions, Results, evaluate, markdown
from mmgrad.evaluation import families as drawing
from mmgrad.evaluation.metrics.localization import dilate, localize
from mmgrad.evaluation.metrics.retrieval import target_ranks
from mmgrad.evaluation.protocols.first_results import FIRST, first_results
from mmgrad.evaluation.protocols.scenes import AS_SHOWN, COMPOSED, WITH_REFERENCE, WITHOUT_REFERENCE
from mmgrad.evaluation.reporting.tables import FORMATS
from mmgrad.evaluation.runner import GROUND_TRUTH, OBJECT_EDITS, EvaluationRun, run
from mmgrad.evaluation.table import KEYS
from mmgrad.models.composer import Composer
from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.synthetic.families import KINDS, SCENES, Family

FAMILIES = 9  # more than one chunk


@pytest.fixture(scope="module")
def data(encoder: Encoder, composer: Composer) -> EvaluationRun:
    return run(encoder, {"a": composer}, "test", FAMILIES, maps=12, workers=0, progress=False)


@pytest.fixture(scope="module")
def families() -> list[Family]:
    return [drawing.make_family(load_asset_library(), "test", index) for index in range(FAMILIES)]


@pytest.fixture(scope="module")
def results(encoder: Encoder, composer: Composer) -> Results:
    other = (
        Composer(encoder.channels, encoder.token_width, encoder.grid, width=32, heads=2, layers=1, num_pools=3)
        .eval()
        .requires_grad_(False)
    )
    models = {"a": composer, "b": other}
    options = EvaluationOptions(families=4, validation_families=4, maps=24, workers=0, progress=False)
    return evaluate(encoder, models, options)


def test_the_gallery_holds_every_picture_and_rows_point_at_the_right_ones(
    data: EvaluationRun, families: list[Family], encoder: Encoder, composer: Composer
) -> None:
    own = data.embeddings["a"]
    scenes = [scene for family in families for scene in family.scenes]
    triplets = [(f, triplet) for f, family in enumerate(families) for triplet in family.triplets]
    assert len(own.images) == len(scenes)
    assert len(own.queries) == len(triplets) == len(data.family)
    f, triplet = triplets[-1]  # of the second chunk
    assert data.family[-1] == f
    reference = families[f].scenes[triplet.reference]
    features = encoder.trunk(encoder.prepare([reference])[0])
    tokens = encoder.encode_text([triplet.text])
    assert torch.allclose(own.images[data.reference[-1]], composer.encode_image(features)[0], atol=1e-5)
    target = encoder.trunk(encoder.prepare([families[f].scenes[triplet.target]])[0])
    assert torch.allclose(own.images[data.target[-1]], composer.encode_image(target)[0], atol=1e-5)
    query = composer.encode_query(features, tokens.states, tokens.mask)[0]
    assert torch.allclose(own.queries[-1], query, atol=1e-5)


def test_maps_are_drawn_evenly_from_edits_of_things_and_never_more_than_asked(data: EvaluationRun) -> None:
    query = data.sides["reference"].query
    assert len(query) == len(set(query.tolist())) <= 12
    assert set(data.edit[query]) <= set(OBJECT_EDITS)
    assert np.bincount(data.family[query], minlength=FAMILIES).max() <= 2


def test_metrics_are_those_of_a_map_made_alone(
    data: EvaluationRun, families: list[Family], encoder: Encoder, composer: Composer
) -> None:
    triplets = [(f, triplet) for f, family in enumerate(families) for triplet in family.triplets]
    checked = 0
    for side in ("reference", "target"):
        maps = data.sides[side]
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
            expected = localize(box.restore(positive), mask > 0, dilate(mask > 0))
            found = maps.metrics["a", "MMGrad"][k]
            assert found is not None
            assert found.energy == pytest.approx(expected.energy, abs=1e-4)
            assert maps.total_positive["a"][k] == pytest.approx(float(positive.sum()), rel=1e-3)
            uniform = maps.metrics["", "uniform"][k]
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
        assert (both.sides[side].total_positive["b"] == alone.sides[side].total_positive["b"]).all()
        assert (both.sides[side].total_positive["a"] != both.sides[side].total_positive["b"]).any()


def test_a_composer_in_training_mode_is_refused(encoder: Encoder, composer: Composer) -> None:
    with pytest.raises(ValueError, match="evaluation mode"):
        run(encoder, {"a": copy.deepcopy(composer).train()}, "test", 1, maps=1, workers=0, progress=False)


def test_the_same_seed_gives_the_same_metrics(data: EvaluationRun, encoder: Encoder, composer: Composer) -> None:
    again = run(encoder, {"a": composer}, "test", FAMILIES, maps=12, workers=0, progress=False)
    assert (again.sides["target"].query == data.sides["target"].query).all()
    first, second = (p.sides["target"].metrics["", "random"] for p in (data, again))
    assert [a and a.energy for a in first] == [a and a.energy for a in second]


def test_recall_is_given_with_the_reference_in_the_gallery_and_without_it(results: Results) -> None:
    rows = results.select("retrieval", metric="recall@1", group="all")
    recall = {(one.model, one.method, one.condition): one.mean for one in rows.itertuples()}
    assert recall["a", "image only", WITH_REFERENCE] == 0  # the reference is its own nearest picture
    for (model, method, condition), value in recall.items():
        if condition == WITH_REFERENCE:
            assert value <= recall[model, method, WITHOUT_REFERENCE]


def test_edits_make_up_all_queries(results: Results) -> None:
    rows = results.select("retrieval", metric="recall@1", model="a", method=COMPOSED, condition=WITH_REFERENCE)
    counts = dict(zip(rows["group"], rows["n"], strict=True))
    assert sum(counts[edit] for edit in KINDS) == counts["all"] == results.settings["queries"]
    assert counts["seen photos"] + counts["unseen photos"] == counts["all"]


def test_maps_that_are_called_empty_are_misses_as_shown(results: Results) -> None:
    for side in ("reference", "target"):
        keys = {"model": "a", "side": side, "group": "all"}
        shown, all_maps = (
            results.value("localization", "energy", method=method, **keys).mean for method in (AS_SHOWN, "MMGrad")
        )
        assert shown <= all_maps


def test_the_ground_truth_region_is_an_upper_bound_of_the_uniform_map(data: EvaluationRun) -> None:
    for side in data.sides.values():
        truth, chance = (
            [one for one in side.metrics["", method] if one is not None] for method in (GROUND_TRUTH, "uniform")
        )
        assert np.mean([one.pointing for one in truth]) == 1
        for known, unknown in zip(truth, chance, strict=True):
            assert unknown.energy < known.energy < 1


def test_thresholds_of_the_card_are_kept(encoder: Encoder, composer: Composer) -> None:
    card = {"a": {"reference": 1e9, "target": 0.0}}
    options = EvaluationOptions("validation", 3, 3, maps=18, workers=0, progress=False)
    found = evaluate(encoder, {"a": composer}, options, thresholds=card)
    assert found.value("abstention", "threshold", side="reference").mean == 1e9
    assert set(found.select("abstention", metric="threshold")["condition"]) == {"model card"}
    assert found.value("abstention", "wrongly_empty", side="reference").mean == 1
    assert found.value("abstention", "wrongly_empty", side="target").mean == 0


def test_models_are_compared_on_the_same_queries(results: Results) -> None:
    keys = {"method": COMPOSED, "group": "all", "condition": WITH_REFERENCE}
    one, other = (results.value("retrieval", "recall@10", model=model, **keys).mean for model in "ab")
    gain = results.value("differences", "recall@10")
    assert gain.mean == pytest.approx(one - other)
    assert gain.count == results.settings["queries"]


def test_every_value_is_measured_once(results: Results) -> None:
    assert not results.table.duplicated(list(KEYS)).any()
    assert set(results.table["unit"]) <= set(FORMATS)
    assert set(results.table["better"]) == {"higher", "lower", ""}


def test_the_report_is_markdown_with_tables_of_one_width(results: Results) -> None:
    text = markdown(results)
    assert "nan" not in text
    for part in text.split("\n\n"):
        lines = [line for line in part.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1


def test_what_ranks_first_agrees_with_a_search_one_by_one(data: EvaluationRun) -> None:
    own = data.embeddings["a"]
    kinds = first_results(data, own)
    for query in range(len(data.family)):  # one by one, in double precision
        scores = own.images.double() @ own.queries[query].double()
        first = int(scores.argmax())
        if first == int(data.target[query]):
            expected = "target_first"
        elif first == int(data.reference[query]):
            expected = "reference_first"
        elif first // SCENES == data.family[query]:
            expected = "same_family_first"
        else:
            expected = "other_family_first"
        assert FIRST[kinds[query]] == expected
    right, _ = target_ranks(own.queries, own.images, data.target, data.reference)
    assert (kinds == FIRST.index("target_first")).mean() == pytest.approx((right == 1).mean(), abs=1e-9)


def test_shares_of_what_ranks_first_sum_to_one(results: Results) -> None:
    rows = results.select("first result", model="a")
    for group, part in rows[rows["n"] > 0].groupby("group"):
        assert part["mean"].sum() == pytest.approx(1), group

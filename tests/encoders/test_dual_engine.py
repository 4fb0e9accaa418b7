"""The whole way with tiny models of transformers: index, search, maps, words, command line, suite."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import mmgrad
from mmgrad import cli
from mmgrad.attribution.encoded import attribution_model
from mmgrad.attribution.gradients import AttributionModel, reference_map, target_map, target_maps
from mmgrad.evaluation import EvaluationOptions, evaluate, markdown
from mmgrad.evaluation.runner import run
from mmgrad.gallery.gallery import Gallery
from mmgrad.models.dual import dual_model
from mmgrad.models.model import load_model
from mmgrad.models.zero_shot import COMPOSITIONS
from mmgrad.results import AttentionMap
from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.synthetic.families import make_family

FAMILIES = ("clip", "siglip", "siglip2")
TEXT = "replace the dog with a cat"
PICTURES = 7


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery folder of random pictures of several shapes, 0.png the largest."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for number in range(PICTURES):
        blocks = rng.integers(0, 255, (6 - number % 3, 4 + number % 4, 3), dtype=np.uint8)
        Image.fromarray(blocks).resize((90 - 5 * number, 40 + 9 * number), Image.Resampling.NEAREST).save(
            folder / f"{number}.png"
        )
    return folder


@pytest.fixture(scope="module", params=FAMILIES)
def engine(folders: dict[str, Path], pictures: Path, request: pytest.FixtureRequest) -> mmgrad.Engine:
    return mmgrad.load(folders[request.param], pictures, "cpu")


@pytest.mark.parametrize("composition", list(COMPOSITIONS))
def test_every_composition_of_every_model_is_searched_and_explained(engine, pictures, composition):
    model = dual_model(engine.model.encoder, composition)
    result = mmgrad.Engine(model, engine.gallery).explain(pictures / "0.png", TEXT, 4)
    assert composition in result.model
    features, _ = model.features([result.image])
    tokens = model.encode_text(TEXT)
    with torch.no_grad():
        query = model.composer.encode_query(features, tokens.states, tokens.mask)[0]
    expected = (engine.gallery.embeddings @ query).sort(descending=True).values[:4]
    assert [hit.score for hit in result.hits] == pytest.approx(expected.tolist(), abs=1e-5)
    assert [word.word for word in result.words] == TEXT.split()[: len(result.words)]
    assert len(result.words) >= 4
    for image, shown in [(result.image, result.reference)] + [(hit.image, hit.attention) for hit in result.hits]:
        values = shown.on_original()
        assert values.shape == image.shape[:2]
        assert np.isfinite(values).all()
    assert float(np.abs(result.reference.values).max()) > 0
    assert max(hit.attention.total_positive for hit in result.hits) > 0
    assert all(np.isfinite(word.weight) and len(word.targets) == 4 for word in result.words)


def test_a_word_weighs_what_the_first_score_loses_without_it(engine, pictures):
    result = engine.explain(pictures / "0.png", TEXT, 2)
    word = max(result.words, key=lambda each: abs(each.weight))
    rest = engine.model.encode_text(TEXT[: word.start] + TEXT[word.end :])
    features, _ = engine.model.features([result.image])
    row = engine.gallery.embeddings[engine.gallery.positions[result.hits[0].record.id]]
    with torch.no_grad():
        without = float(engine.model.composer.encode_query(features, rest.states, rest.mask)[0] @ row)
    assert word.weight == pytest.approx(result.hits[0].score - without, abs=1e-4)


def test_nothing_of_the_model_changes_by_use(engine, pictures):
    before = {key: value.clone() for key, value in engine.model.encoder.model.state_dict().items()}
    engine.explain(pictures / "1.png", TEXT, 3)
    with pytest.raises(mmgrad.InputError):
        engine.explain(b"not a picture", TEXT, 3)
    after = engine.model.encoder.model.state_dict()
    assert all(torch.equal(before[key], value) for key, value in after.items())
    assert not any(module._forward_hooks or module._backward_hooks for module in engine.model.encoder.model.modules())


def test_the_text_decides_the_reference_map(engine, pictures):
    first, second = (engine.explain(pictures / "0.png", text, 1).reference.values for text in (TEXT, "a red car"))
    assert not np.allclose(first, second, atol=1e-6)


def test_several_changes_together_give_the_maps_of_each_alone(engine):
    model = attribution_model(engine.model)
    features, _ = engine.model.features([np.full((30, 40, 3), 90, np.uint8), np.full((40, 30, 3), 200, np.uint8)])
    changes = torch.randn(3, engine.model.dimension)
    together = target_maps(model, features, changes)
    for change, maps in zip(changes, together, strict=True):
        assert torch.allclose(maps, target_map(model, features, change.expand(2, -1)), atol=1e-6)


def test_a_text_against_itself_leaves_no_evidence(engine):
    tokens = engine.model.encode_text(TEXT)
    features, _ = engine.model.features([np.zeros((30, 40, 3), np.uint8)])
    share = reference_map(attribution_model(engine.model), features, tokens, baseline=tokens)
    assert float(share.abs().max()) < 1e-6


def test_without_calibration_only_maps_without_any_evidence_are_empty(engine):
    assert engine.thresholds == {}
    box = engine.model.encoder.prepare([np.zeros((30, 40, 3), np.uint8)])[1][0]
    threshold = engine.thresholds.get("target", 0.0)
    assert AttentionMap(np.array([[-1.0, 0.0]], np.float32), box, threshold).empty
    assert not AttentionMap(np.array([[-1.0, 1e-6]], np.float32), box, threshold).empty


def test_compositions_share_a_gallery_and_models_do_not(folders, pictures, engine, monkeypatch):
    stored = engine.gallery.fingerprint
    monkeypatch.setattr(Gallery, "build", lambda *_: pytest.fail("the gallery was indexed again"))
    Gallery.load(pictures, engine.model)
    other = dual_model(engine.model.encoder, "slerp", 0.3)
    assert other.fingerprint == stored
    assert other.name != engine.model.name
    assert Gallery.load(pictures, other).fingerprint == stored


def test_models_have_galleries_of_their_own(folders):
    models = [load_model(folder, "cpu") for folder in folders.values()]
    assert len({model.fingerprint for model in models}) == len(models)
    assert [model.dimension for model in models] == [20, 32, 32]


def test_the_suite_judges_every_model_and_compares_compositions(engine):
    """With so few pixels the values mean little, but every composition must have all of them."""
    encoder = engine.model.encoder
    models = {name: dual_model(encoder, name).composer for name in COMPOSITIONS}
    options = EvaluationOptions(families=1, validation_families=1, maps=3, workers=0, progress=False)
    results = evaluate(encoder, models, options)
    assert results.settings["models"] == list(COMPOSITIONS)
    others = {f"minus {name}" for name in COMPOSITIONS if name != "sum"}
    assert set(results.select("differences")["condition"]) == others
    for table in ("retrieval", "localization"):
        assert set(results.select(table)["model"]) >= set(COMPOSITIONS)
    recall = results.select("retrieval", group="all", metric="recall@5")["mean"]
    assert len(recall) == 2 * 5 * len(COMPOSITIONS)  # with and without the reference, five queries
    assert recall.between(0, 1).all()
    assert "MMGrad" in markdown(results)


def test_what_the_suite_sees_is_what_the_engine_shows(engine):
    """Embeddings and maps of its pass are those of one picture and one text at a time."""
    model = engine.model
    encoder, composer = model.encoder, model.composer
    attributed = AttributionModel(composer, encoder.to_grid)
    data = run(encoder, {"a": composer}, "test", 1, maps=4, workers=0, progress=False)
    family = make_family(load_asset_library(), "test", 0)
    for row, index in enumerate(data.sides["reference"].query.tolist()):
        triplet = family.triplets[index]
        features, _ = model.features([family.scenes[triplet.reference], family.scenes[triplet.target]])
        tokens = model.encode_text(triplet.text)
        query = composer.encode_query(features[:1], tokens.states, tokens.mask)
        assert torch.allclose(data.embeddings["a"].queries[index], query[0], atol=1e-5)
        assert torch.allclose(
            data.embeddings["a"].images[data.target[index]], composer.encode_image(features[1:])[0], atol=1e-5
        )
        maps = {"reference": reference_map(attributed, features[:1], tokens)}
        maps["target"] = target_map(attributed, features[1:], query - composer.encode_image(features[:1]))
        for side, values in maps.items():
            found = data.sides[side].total_positive["a"][row]
            assert found == pytest.approx(float(values.clamp_min(0).sum()), rel=1e-3, abs=1e-5)


def test_the_command_line_takes_a_model_and_a_composition(folders, pictures, tmp_path, capsys):
    chosen = ["--model", str(folders["siglip"]), "--composition", "slerp", "--weight", "0.4"]
    query = [str(pictures / "0.png"), TEXT, "--gallery", str(pictures), "--top", "2"]
    assert cli.main(["explain", *query, *chosen, "--json", "--out", str(tmp_path)]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["model"] == "tiny-siglip (slerp 0.4)"
    assert len(result["hits"]) == 2
    assert cli.main(["index", str(pictures), "--model", str(folders["siglip"])]) == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--composition", "mean"], "sum, slerp, direction"),
        (["--composition", "sum", "--weight", "2"], "from 0"),
        (["--composition", "slerp", "--model", "compact"], "was trained to compose"),
    ],
)
def test_a_composition_that_cannot_be_is_one_sentence(folders, pictures, options, told, capsys):
    query = [str(pictures / "0.png"), TEXT, "--gallery", str(pictures), "--model", str(folders["clip"])]
    assert cli.main(["search", *query, *options]) == 2
    assert told in capsys.readouterr().err


def test_a_folder_without_any_model_is_one_sentence(tmp_path):
    with pytest.raises(mmgrad.ModelError, match=r"model\.json"):
        load_model(tmp_path)

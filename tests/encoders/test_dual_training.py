"""A head trained over tiny models of transformers: cache, loop, checkpoint, and what is refused."""

import json
import shutil
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoModel

import mmgrad
from mmgrad.encoders.dual_encoder import DualEncoder
from mmgrad.errors import ModelError
from mmgrad.evaluation.command import _other
from mmgrad.evaluation.runner import run
from mmgrad.models.checkpoint import save_composer
from mmgrad.models.composer import Composer
from mmgrad.models.dual import dual_model
from mmgrad.models.model import card_over, load_model
from mmgrad.synthetic.families import make_family
from mmgrad.training import loop, shards
from mmgrad.training import scene_cache as cache
from mmgrad.training.batches import Sampler
from mmgrad.training.features import Features
from mmgrad.training.loop import train
from mmgrad.training.losses import compute_loss
from mmgrad.training.scene_cache import Part
from mmgrad.training.settings import Settings

FAMILIES = ("clip", "siglip", "siglip2")
TEXT = "replace the dog with a cat"
SETTINGS = Settings(steps=4, families=2, per_family=6, warmup=1, evaluate_every=4, attention_ramp=1)


@pytest.fixture(scope="module", autouse=True)
def _small_and_drawn_once():
    """A head of a few weights, and families that are drawn once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "make_family", lru_cache(maxsize=None)(make_family))
        patch.setattr(loop, "Composer", partial(Composer, width=32, heads=2, layers=1, num_pools=3))
        yield


@pytest.fixture(scope="module", params=FAMILIES)
def encoder(folders: dict[str, Path], request: pytest.FixtureRequest) -> DualEncoder:
    return DualEncoder(folders[request.param])


@pytest.fixture(scope="module")
def data(encoder: DualEncoder, tmp_path_factory: pytest.TempPathFactory) -> Features:
    return cache.build(tmp_path_factory.mktemp("cache"), encoder, Part("validation", 2), workers=0)


@pytest.fixture(scope="module")
def checkpoint(encoder: DualEncoder, data: Features, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train(SETTINGS, data, {"validation": data}, encoder, folder)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for number in range(4):
        Image.fromarray(rng.integers(0, 255, (40, 60 - 10 * number, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


def head(encoder: DualEncoder) -> Composer:
    torch.manual_seed(0)
    return Composer(encoder.channels, encoder.token_width, encoder.grid, width=32, heads=2, layers=1, num_pools=3)


def test_what_is_kept_of_pictures_and_texts_is_all_that_the_encoder_gives(encoder: DualEncoder, data: Features) -> None:
    family = cache.make_family(cache.load_asset_library(), "validation", 1)
    pixels, _ = encoder.prepare(family.scenes)
    fresh = encoder.trunk(pixels)
    assert torch.equal(encoder.unpack(*encoder.stages(pixels)), fresh)
    kept = encoder.unpack(*data.scenes(data.members[1]))
    assert torch.allclose(kept, fresh, rtol=1e-3, atol=1e-3)  # half precision on disk
    index = torch.arange(3)
    states, mask = data.texts(index, encoder)
    for i in index.tolist():
        tokens = encoder.encode_text([data.info[i]["text"]])
        assert torch.allclose(states[i][mask[i]], tokens.states[0][tokens.mask[0]], rtol=1e-3, atol=1e-3)
    assert data.regions.shape[2:] == (encoder.grid_out, encoder.grid_out)
    assert int(data.regions.amax()) == 255


def test_nothing_is_mirrored_where_positions_are_part_of_the_features(encoder: DualEncoder, data: Features) -> None:
    sampler = Sampler(data, SETTINGS, encoder)
    for step in range(3):
        batch = sampler.batch(step)
        whole = encoder.unpack(*data.scenes(torch.arange(int(data.scene_starts[-1]))))
        assert all(any(torch.equal(one, other) for other in whole) for one in batch.features)


def test_the_loss_falls(encoder: DualEncoder, data: Features, tmp_path: Path) -> None:
    settings = Settings(
        steps=60, families=2, per_family=8, learning_rate=0.01, warmup=4, evaluate_every=60, attention_loss_weight=0.0
    )
    batch = Sampler(data, settings, encoder).batch(0)
    before, _ = compute_loss(head(encoder).requires_grad_(False).eval(), batch, encoder.to_grid, settings, 0)
    trained = train(settings, data, {"validation": data}, encoder, tmp_path)
    after, _ = compute_loss(trained, batch, encoder.to_grid, settings, 0)
    assert float(after) < 0.8 * float(before)


def test_a_checkpoint_is_loaded_with_its_encoder_and_explained(encoder, checkpoint: Path, pictures: Path) -> None:
    card = json.loads((checkpoint / "model.json").read_text())
    assert card["encoder"] == {"source": encoder.source, "fingerprint": encoder.training_fingerprint}
    assert set(card["no_evidence"]) == {"reference", "target", "word_reference", "word_target"}
    engine = mmgrad.load(checkpoint, pictures, "cpu")
    assert engine.model.name == f"{encoder.name} (trained)"
    assert engine.model.encoder.name == encoder.name
    result = engine.explain(pictures / "0.png", TEXT, 3)
    features, tokens = engine.model.features([result.image])[0], engine.model.encode_text(TEXT)
    query = engine.model.composer.encode_query(features, tokens.states, tokens.mask)[0]
    expected = (engine.gallery.embeddings @ query).sort(descending=True).values[:3]
    assert [hit.score for hit in result.hits] == pytest.approx(expected.tolist(), abs=1e-5)
    assert result.reference.values.shape == (encoder.grid_out, encoder.grid_out)
    assert np.abs(result.reference.values).max() > 0
    assert len(result.words) >= 4


def test_a_trained_head_is_compared_with_the_formulas(encoder: DualEncoder, checkpoint: Path) -> None:
    plain = dual_model(encoder, "sum")
    name, trained = _other(checkpoint, plain, {plain.name: plain})
    composers = {plain.name: plain.composer, name: trained.composer}
    data = run(encoder, composers, "validation", 1, maps=2, workers=0, progress=False)
    assert data.embeddings[name].queries.shape[1] == 256
    assert set(data.sides["reference"].total_positive) == set(composers)


def test_a_checkpoint_over_another_model_is_refused(folders, checkpoint: Path, encoder: DualEncoder) -> None:
    other = DualEncoder(folders["siglip" if encoder.source.endswith("clip") else "clip"])
    plain = dual_model(other, "sum")
    with pytest.raises(ModelError, match="is made for another encoder than this"):
        _other(checkpoint, plain, {plain.name: plain})


def test_a_changed_or_missing_encoder_of_a_checkpoint_is_one_sentence(folders, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folders["clip"], tmp_path / "copy"))
    encoder = DualEncoder(folder)
    save_composer(head(encoder), card_over(encoder), tmp_path / "checkpoint")
    assert load_model(tmp_path / "checkpoint", "cpu").name == "copy (trained)"
    changed = AutoModel.from_pretrained(folder)
    next(changed.text_model.parameters()).data.add_(0.01)
    changed.save_pretrained(folder)
    with pytest.raises(ModelError, match="is made for another encoder than this 'copy'"):
        load_model(tmp_path / "checkpoint", "cpu")
    shutil.rmtree(folder)
    with pytest.raises(ModelError, match="needs its encoder") as caught:
        load_model(tmp_path / "checkpoint", "cpu")
    assert "\n" not in str(caught.value)


def test_a_cache_belongs_to_one_encoder(folders, tmp_path: Path) -> None:
    shards.bind_cache(tmp_path / "own", DualEncoder(folders["clip"]))
    shards.bind_cache(tmp_path / "own", DualEncoder(folders["clip"]))
    with pytest.raises(ModelError, match="holds features of another encoder"):
        shards.bind_cache(tmp_path / "own", DualEncoder(folders["siglip"]))
    (tmp_path / "own" / "encoder.json").write_text("{")
    with pytest.raises(ModelError, match="holds features of another encoder"):
        shards.bind_cache(tmp_path / "own", DualEncoder(folders["clip"]))


def test_a_run_over_another_encoder_is_not_taken_up(folders, checkpoint: Path, data, encoder, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(checkpoint, tmp_path / "run"))
    changed = DualEncoder(encoder.source)
    changed.__dict__["training_fingerprint"] = "0" * 16
    with pytest.raises(ModelError, match="over another encoder"):
        train(SETTINGS, data, {"validation": data}, changed, folder)

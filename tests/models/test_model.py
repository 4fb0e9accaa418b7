"""Saving, loading and refusing checkpoints."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from huggingface_hub import ModelCard

from mmgrad.engine import Engine
from mmgrad.errors import InputError, ModelError
from mmgrad.models import model
from mmgrad.models.checkpoint import load_composer, save_composer
from mmgrad.models.composer import Composer
from mmgrad.models.model import Model, load_model
from mmgrad.models.spec import ModelSpec
from mmgrad.models.zero_shot import DualComposer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_composer(Composer(6, 5, 4, width=16, heads=2, layers=1, num_pools=2), {"name": "small"}, tmp_path / "m")
    return tmp_path / "m"


def test_a_saved_composer_comes_back_the_same(folder):
    composer, card = load_composer(folder)
    again, _ = load_composer(folder)
    features = torch.randn(2, 6, 4, 4)
    assert card == {"name": "small"}
    assert torch.equal(composer.encode_image(features), again.encode_image(features))
    assert not any(parameter.requires_grad for parameter in composer.parameters())


def test_embeddings_have_length_one(folder):
    composer, _ = load_composer(folder)
    features, states, mask = torch.randn(3, 6, 4, 4), torch.randn(3, 2, 5), torch.ones(3, 2, dtype=torch.bool)
    for embedding in (composer.encode_image(features), composer.encode_query(features, states, mask)):
        assert embedding.shape == (3, composer.dimension) == (3, 256)
        assert torch.allclose(embedding.norm(dim=1), torch.ones(3), atol=1e-5)


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        load_composer(folder)


@pytest.mark.parametrize("content", [b"", b"\x80\x04 not a tensor file", b"{}"])
def test_a_broken_weight_file_is_refused(folder, content):
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read"):
        load_composer(folder)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("width", 10**9, "cannot be read"),
        ("layers", 10**9, "1000000000 layers do not fit"),
        ("layers", "many", "cannot be read"),
        ("unknown", 1, "cannot be read"),
    ],
)
def test_a_configuration_that_asks_for_the_impossible_is_refused_at_once(folder, key, value, told):
    card = json.loads((folder / "model.json").read_text())
    card["composer"][key] = value
    (folder / "model.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match=told):
        load_composer(folder)


@pytest.mark.parametrize(
    "text", ["[]", '"text"', '{"composer": 3}', '{"composer": {}, "no_evidence": {"target": "low"}}', "\xff"]
)
def test_a_card_that_is_none_is_refused(folder, text):
    (folder / "model.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match="cannot be read"):
        load_composer(folder)


def test_a_configuration_of_another_architecture_is_refused(folder):
    card = json.loads((folder / "model.json").read_text())
    card["composer"]["width"] = 32
    (folder / "model.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="cannot be read"):
        load_composer(folder)


def test_an_unknown_model_is_one_clear_sentence():
    with pytest.raises(ModelError, match="There is no model 'no/such/model'"):
        load_model("no/such/model")


@pytest.fixture
def encoder_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frozen encoder is the same for every checkpoint: read its files once."""
    monkeypatch.setattr(model, "CompactEncoder", lambda _: engine.model.encoder)


@pytest.mark.usefixtures("encoder_once")
def test_the_shipped_model_goes_to_a_folder_and_comes_back_the_same(engine: Engine, tmp_path: Path):
    engine.model.save_pretrained(tmp_path / "copy")
    again = Model.from_pretrained(tmp_path / "copy", device="cpu")
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {"model.safetensors", "model.json", "README.md"}
    assert again.fingerprint == engine.model.fingerprint  # so its galleries need no new index
    assert again.card == engine.model.card
    card = ModelCard.load(tmp_path / "copy" / "README.md")
    assert card.data.library_name == "mmgrad"
    assert card.data.eval_results
    assert ModelCard(engine.model.description).text == card.text


@pytest.mark.usefixtures("encoder_once")
def test_a_model_goes_to_the_hub_and_is_loaded_by_its_name(engine: Engine, local_hub):
    assert engine.model.push_to_hub("me/mine", private=True) == "hub:me/mine"
    place = local_hub.repository("me/mine")
    assert {path.name for path in place.iterdir()} == {"model.safetensors", "model.json", "README.md"}
    (place / "pytorch_model.bin").write_bytes(b"not to be fetched")
    (place / "config.json").write_text("{}")  # such as the hub's counter of downloads likes to see
    again = load_model("me/mine")
    assert again.fingerprint == engine.model.fingerprint
    assert not list(local_hub.root.rglob("store/**/*.bin"))
    with pytest.raises(InputError, match="'me/mine' was trained to compose"):
        load_model("me/mine", composition="sum")


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda place: (place / "model.safetensors").rename(place / "model.bin"), "no model.safetensors in 'me/mine'"),
        (
            lambda place: (place / "model.safetensors").write_bytes(b"\x80\x04"),
            "checkpoint in 'me/mine' cannot be read",
        ),
        (lambda place: (place / "model.json").write_text("{"), "checkpoint in 'me/mine' cannot be read"),
        (lambda place: (place / "model.json").unlink(), "'me/mine' is no model: it holds no model.json"),
    ],
)
def test_a_repository_that_cannot_be_used_is_one_sentence(
    folder: Path, local_hub, harm: Callable[[Path], object], told: str
):
    place = Path(shutil.copytree(folder, local_hub.repository("me/mine")))
    harm(place)
    with pytest.raises(ModelError, match=told) as caught:
        load_model("me/mine")
    assert "\n" not in str(caught.value)


def test_a_description_with_broken_metadata_is_told_of_before_a_repository_is_made(folder: Path, local_hub):
    composer, card = load_composer(folder)
    broken = Model(SimpleNamespace(name="encoder"), composer, card, description="---\n[1, 2]\n---\n")
    with pytest.raises(ModelError, match="metadata at the top"):
        broken.push_to_hub("me/mine")
    assert not local_hub.repository("me/mine").exists()


def test_weights_in_a_pickle_are_never_read(folder: Path):
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "model.bin")
    with pytest.raises(ModelError, match="pickle are never read"):
        load_composer(folder)


def test_a_formula_has_nothing_to_save(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    encoder = SimpleNamespace(name="clip")
    formula = Model(encoder, DualComposer(torch.nn.Identity(), None), {"name": "clip (sum)"})
    for act in (formula.save_pretrained, lambda where: formula.push_to_hub("me/mine")):
        with pytest.raises(ModelError, match=r"'clip \(sum\)' composes by a formula"):
            act(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_a_confidence_that_is_no_numbers_is_told_of(folder: Path):
    card = json.loads((folder / "model.json").read_text())
    for broken in ({"score": 1.0}, [], dict.fromkeys(("score", "lead", "moved", "bias"), float("nan"))):
        (folder / "model.json").write_text(json.dumps(card | {"confidence": broken}))
        with pytest.raises(ModelError, match="cannot be read"):
            load_composer(folder)


def test_a_spec_says_the_same_as_its_fields() -> None:
    by_spec, by_name = load_model(ModelSpec("compact", "cpu")), load_model("compact", device="cpu")
    assert by_spec.fingerprint == by_name.fingerprint
    with pytest.raises(InputError, match="was trained to compose"):
        load_model(ModelSpec("compact", "cpu", weight=0.5))


def test_a_bare_name_is_told_what_a_model_can_be() -> None:
    with pytest.raises(ModelError, match="There is no model 'clip'; give 'compact', a model's folder or its hub id"):
        load_model("clip", "cpu")


def test_a_file_and_a_pointer_of_git_lfs_are_told_apart_from_models(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"model.safetensors' is a file; give the folder of a model"):
        load_model(folder / "model.safetensors", "cpu")
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(ModelError, match="is a pointer of Git LFS, not the weights; run `git lfs pull`"):
        load_model(folder, "cpu")

"""Saving, loading and refusing checkpoints."""

import json
from pathlib import Path

import pytest
import torch

from mmgrad.composer import Composer
from mmgrad.errors import ModelError
from mmgrad.model import choose_device, load_composer, load_model, save_composer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_composer(Composer(6, 5, 4, width=16, heads=2, layers=1, views=2), {"name": "small"}, tmp_path / "m")
    return tmp_path / "m"


def test_a_saved_composer_comes_back_the_same(folder):
    composer, card = load_composer(folder)
    again, _ = load_composer(folder)
    features = torch.randn(2, 6, 4, 4)
    assert card == {"name": "small"}
    assert torch.equal(composer.image(features), again.image(features))
    assert not any(parameter.requires_grad for parameter in composer.parameters())


def test_embeddings_have_length_one(folder):
    composer, _ = load_composer(folder)
    features, states, mask = torch.randn(3, 6, 4, 4), torch.randn(3, 2, 5), torch.ones(3, 2, dtype=torch.bool)
    for embedding in (composer.image(features), composer.query(features, states, mask)):
        assert embedding.shape == (3, 256)
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


def test_a_configuration_of_another_architecture_is_refused(folder):
    card = json.loads((folder / "model.json").read_text())
    card["composer"]["width"] = 32
    (folder / "model.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="cannot be read"):
        load_composer(folder)


def test_an_unknown_model_is_one_clear_sentence():
    with pytest.raises(ModelError, match="There is no model 'no/such/model'"):
        load_model("no/such/model")


@pytest.mark.parametrize("device", ["warp:7", "meta", "mps" if not torch.backends.mps.is_available() else "hpu"])
def test_a_device_that_cannot_hold_anything_here_is_refused(device):
    with pytest.raises(ModelError, match=rf"The device '{device}' cannot be used here; give .*'cpu', or leave it out"):
        choose_device(device)


@pytest.mark.parametrize(
    ("cuda", "mps", "best"), [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_best_device_is_chosen_by_itself(monkeypatch, cuda, mps, best):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert choose_device(None).type == best


def test_a_device_that_is_named_is_taken():
    assert choose_device("cpu") == torch.device("cpu")

"""Models that are missing, wrong, damaged or unsafe: one sentence each. No test asks the network."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from huggingface_hub.utils import filter_repo_objects, httpx
from transformers import AutoModel, BertConfig

from mmgrad.encoders.loading import load_pretrained
from mmgrad.errors import ModelError
from mmgrad.utils import hub


@pytest.fixture
def folder(folders: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(folders["clip"], tmp_path / "copy"))


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No network, and an empty store of what was fetched before."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def keep(store: Path, name: str, revision: str, source: Path) -> Path:
    """Put a folder into the hub's store as if it had been fetched."""
    repository = store / ("models--" + name.replace("/", "--"))
    commit = revision.replace("/", "-").ljust(40, "0")
    (repository / "refs" / revision).parent.mkdir(parents=True, exist_ok=True)
    (repository / "refs" / revision).write_text(commit)
    return Path(shutil.copytree(source, repository / "snapshots" / commit))


def only_a_pickle(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({"weight": torch.zeros(1)}, folder / "pytorch_model.bin")


def shortened(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])


def another_kind(folder: Path) -> None:
    BertConfig().save_pretrained(folder)


def other_size(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["vision_config"]["hidden_size"] = 36
    (folder / "config.json").write_text(json.dumps(config))


def more_layers(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["vision_config"]["num_hidden_layers"] += 1
    (folder / "config.json").write_text(json.dumps(config))


def without_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()


def only_tokenizer_config(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def other_tokenizer(folder: Path) -> None:
    """One of a vocabulary that the model has not."""
    config = json.loads((folder / "config.json").read_text())
    model = AutoModel.from_pretrained(folder)
    config["text_config"]["vocab_size"] = 300
    model.text_model.embeddings.token_embedding.weight.data = model.text_model.embeddings.token_embedding.weight[:300]
    model.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(config))


def only_a_variant(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model.fp16.safetensors")


def an_lfs_pointer(folder: Path) -> None:
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")


def sentence_transformers(folder: Path) -> None:
    (folder / "modules.json").write_text("[]")
    (folder / "config.json").unlink()


def open_clip(folder: Path) -> None:
    (folder / "open_clip_config.json").write_text("{}")
    (folder / "config.json").unlink()


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (only_a_pickle, "as a pickle only"),
        (shortened, "The model of 'copy' cannot be read"),
        (another_kind, "model of type 'bert'; these can be used: CLIP, SigLIP, SigLIP 2"),
        (other_size, "The model of 'copy' cannot be read"),
        (more_layers, "are incomplete"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no model.safetensors"),
        (without_tokenizer, "The tokenizer of 'copy' is missing or is of another model"),
        (only_tokenizer_config, "The tokenizer of 'copy' (is missing or is of another model|cannot be read)"),
        (other_tokenizer, "The tokenizer of 'copy' is missing or is of another model"),
        (only_a_variant, "only the variant model.fp16.safetensors of the weights"),
        (an_lfs_pointer, "model.safetensors of 'copy' is a pointer of Git LFS, not the weights; run `git lfs pull`"),
        (sentence_transformers, "a model of sentence-transformers; give the CLIP or SigLIP"),
        (open_clip, "a model of open_clip; give its conversion to transformers"),
        (lambda folder: (folder / "config.json").write_text("{"), "no readable config.json"),
        (lambda folder: (folder / "config.json").write_text("[]"), "no readable config.json"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "The tokenizer of 'copy' cannot be read"),
        (lambda folder: (folder / "preprocessor_config.json").unlink(), "The image processor of 'copy' cannot be read"),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_sentence(folder: Path, harm: Callable[[Path], None], told: str) -> None:
    harm(folder)
    with pytest.raises(ModelError, match=told) as caught:
        load_pretrained(folder)
    assert "\n" not in str(caught.value)


def test_a_pickle_beside_safe_weights_is_not_read(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"not to be read")
    assert load_pretrained(folder).name == "copy"


@pytest.mark.parametrize("name", ["nothing", "a/b/c", "../up", "two words/x"])
def test_what_is_neither_a_folder_nor_a_hub_id_is_not_asked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "snapshot_download", lambda *_, **__: pytest.fail("the hub was asked"))
    with pytest.raises(ModelError, match="There is no model"):
        load_pretrained(name)


def test_offline_a_model_that_was_never_fetched_is_one_sentence(offline: Path) -> None:
    with pytest.raises(ModelError, match="'some/model' on this machine, and the hub cannot be reached; go online once"):
        load_pretrained("some/model")


def test_offline_a_model_that_was_fetched_is_found(offline: Path, folders: dict[str, Path]) -> None:
    keep(offline, "some/model", "main", folders["clip"])
    assert load_pretrained("some/model").name == "some/model"


def test_a_model_published_as_a_pickle_comes_from_the_hubs_own_conversion(offline: Path, folder: Path) -> None:
    keep(offline, "some/model", "refs/pr/15", folder)
    only_a_pickle(folder)
    with pytest.raises(ModelError, match="pickle only"):
        load_pretrained(keep(offline, "other/model", "main", folder))
    keep(offline, "some/model", "main", folder)
    assert load_pretrained("some/model").name == "some/model"


@pytest.mark.parametrize(
    ("error", "told"),
    [(GatedRepoError, "agreed to its terms"), (RepositoryNotFoundError, "neither a folder here nor on the hub")],
)
def test_what_the_hub_refuses_is_one_sentence(error, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = httpx.Response(403, request=httpx.Request("GET", "https://hub"))

    def refuses(*_: object, **__: object) -> str:
        raise error("no\nand more", response=answer)

    monkeypatch.setattr(hub, "snapshot_download", refuses)
    with pytest.raises(ModelError, match=told):
        load_pretrained("some/model")


def test_no_pickle_is_ever_fetched(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    asked: dict = {}

    def remembers(name: str, **settings: object) -> str:
        asked.update(settings)
        return str(folder)

    monkeypatch.setattr(hub, "snapshot_download", remembers)
    load_pretrained("some/model")
    offered = ["pytorch_model.bin", "model.pt", "tf_model.h5", "modeling.py", "model.safetensors", "tokenizer.json"]
    fetched = list(filter_repo_objects(offered, allow_patterns=asked["allow_patterns"]))
    assert fetched == ["model.safetensors", "tokenizer.json"]


@pytest.mark.parametrize("family", ["clip", "siglip", "siglip2"])
def test_no_family_is_loaded_without_its_tokenizer(family: str, folders: dict[str, Path], tmp_path: Path) -> None:
    """transformers makes an empty tokenizer of it, which reads every text as the same."""
    folder = Path(shutil.copytree(folders[family], tmp_path / "copy"))
    without_tokenizer(folder)
    with pytest.raises(ModelError, match="The tokenizer of 'copy'"):
        load_pretrained(folder)

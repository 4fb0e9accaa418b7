"""What the hub refuses, or that it cannot be reached, is one sentence. No test asks the network."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from huggingface_hub import HfApi, constants
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalTokenNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import httpx

from mmgrad.errors import GalleryError, ModelError
from mmgrad.gallery.gallery import Gallery, Record
from mmgrad.models.composer import Composer
from mmgrad.models.model import Model
from mmgrad.utils import hub


def answered(error: type[HfHubHTTPError], status: int) -> HfHubHTTPError:
    return error("no\nand more", response=httpx.Response(status, request=httpx.Request("GET", "https://hub")))


@pytest.fixture
def model() -> Model:
    composer = Composer(6, 5, 4, width=16, heads=2, layers=1, num_pools=2)
    return Model(SimpleNamespace(name="encoder"), composer, {"name": "small"})


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "store"))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (answered(GatedRepoError, 403), "agreed to its terms"),
        (answered(RepositoryNotFoundError, 404), "no gallery 'some/name', neither a folder here nor on the hub"),
        (answered(RevisionNotFoundError, 404), "has no revision 'v2'"),
        (answered(HfHubHTTPError, 500), "the hub answered: no; go online once"),
        (httpx.ConnectError("refused"), "the hub answered: refused"),
        (ValueError(""), "the hub answered: ValueError"),
    ],
)
def test_what_cannot_be_fetched_is_one_sentence(error: Exception, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(hub, "snapshot_download", refuses)
    with pytest.raises(GalleryError, match=told) as caught:
        hub.fetch("some/name", ["*"], GalleryError, "dataset", revision="v2")
    assert "\n" not in str(caught.value)


def test_offline_what_was_never_fetched_is_one_sentence(offline: None) -> None:
    with pytest.raises(GalleryError, match="no gallery 'some/name' on this machine, and the hub cannot be reached"):
        hub.fetch("some/name", ["*"], GalleryError, "dataset")


def test_offline_a_push_says_so(offline: None, model: Model) -> None:
    with pytest.raises(ModelError, match="'some/name' was not pushed, for the hub cannot be reached"):
        model.push_to_hub("some/name", token="hf_none")


@pytest.mark.parametrize("name", ["two words/x", "a/b/c", "-a/b", ""])
def test_a_name_that_the_hub_does_not_allow_is_refused_before_anything_is_sent(name: str, model: Model) -> None:
    with pytest.raises(ModelError, match="cannot be the name of a repository; give owner/name"):
        model.push_to_hub(name)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (answered(HfHubHTTPError, 401), "does not let you write to 'some/name'; run `hf auth login`"),
        (answered(RepositoryNotFoundError, 403), "does not let you write"),
        (LocalTokenNotFoundError("no token"), "does not let you write"),
        (answered(HfHubHTTPError, 500), "was not pushed, for the hub answered: no"),
        (httpx.ReadTimeout("slow"), "the hub cannot be reached"),
    ],
)
def test_what_cannot_be_pushed_is_one_sentence(
    error: Exception, told: str, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(HfApi, "create_repo", refuses)
    (tmp_path / "a.png").write_bytes(b"picture")
    gallery = Gallery(tmp_path, (Record("a.png", tmp_path / "a.png"),), torch.eye(1, 4), "print")
    for push, raised in ((model.push_to_hub, ModelError), (gallery.push_to_hub, GalleryError)):
        with pytest.raises(raised, match=told) as caught:
            push("some/name")
        assert "\n" not in str(caught.value)

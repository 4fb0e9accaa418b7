from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from mmgrad.app import galleries as engines
from mmgrad.app.galleries import INCLUDED, choose, gallery_names, is_shipped, load_engines
from mmgrad.engine import DEFAULT_GALLERY
from mmgrad.errors import GalleryError, InputError


def mean_colour(images):
    return F.normalize(torch.tensor(np.array([[*image.mean(axis=(0, 1)), 1.0] for image in images])).float(), dim=1)


@pytest.fixture
def model():
    device = torch.device("cpu")
    return SimpleNamespace(
        fingerprint="f", dimension=4, device=device, card={}, name="colours", encode_image=mean_colour
    )


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "a" / "pictures", tmp_path / "b" / "pictures", tmp_path / "others"]
    for number, folder in enumerate(made, start=1):
        folder.mkdir(parents=True)
        for each in range(number):
            Image.new("RGB", (8, 8), (40 * each, 90, 10)).save(folder / f"{each}.png")
    return made


def test_each_gallery_gets_an_engine_of_the_one_model(model, folders):
    made = load_engines(model, [str(folder) for folder in folders])
    assert {name: len(engine.gallery) for name, engine in made.items()} == {
        "a/pictures": 1,
        "b/pictures": 2,
        "others": 3,
    }
    assert all(engine.model is model for engine in made.values())
    assert [engine.name for engine in made.values()] == list(made)


def test_embeddings_are_kept_in_the_type_that_is_asked_for(model, folders):
    (engine,) = load_engines(model, folders[2:], torch.float16).values()
    assert engine.gallery.embeddings.dtype == torch.float16


def test_without_a_gallery_it_is_the_shipped_one(model, monkeypatch):
    asked = []

    def load(folder, _):
        asked.append(folder)
        raise GalleryError("enough")

    monkeypatch.setattr(engines.Gallery, "load", load)
    with pytest.raises(GalleryError, match="enough"):
        load_engines(model)
    assert asked == [INCLUDED[0]]


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (["/x/one"], ["one"]),
        (["/x/one", "/x/two"], ["one", "two"]),
        (["/x/one", "/y/one", "/y/two"], ["x/one", "y/one", "two"]),
        (["/a/x/one", "/b/x/one"], ["a/x/one", "b/x/one"]),
        (["/one", "/x/one"], ["//one", "x/one"]),
        (["/x/one/..", "/y/"], ["x", "y"]),
    ],
)
def test_names_tell_the_galleries_apart_whatever_their_order(folders, names):
    paths = [Path(folder) for folder in folders]
    assert gallery_names(paths) == names
    assert gallery_names(paths[::-1]) == names[::-1]


def test_a_gallery_that_is_given_as_here_is_called_by_its_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert gallery_names([Path()]) == [tmp_path.name]


@pytest.mark.parametrize("again", ["/x/one", "/x/one/", "/x/two/../one"])
def test_a_gallery_given_twice_is_told(again):
    with pytest.raises(InputError, match="is given twice"):
        gallery_names([Path("/x/one"), Path("/y"), Path(again)])


def test_the_first_gallery_is_the_one_where_none_is_named():
    made = {"one": "first", "two": "second"}
    assert [choose(made, name) for name in (None, "", "one", "two")] == ["first", "first", "first", "second"]


@pytest.mark.parametrize("name", ["three", "ONE", 1, ["one"], {}])
def test_an_unknown_gallery_is_told_with_those_that_there_are(name):
    with pytest.raises(InputError, match=r"There is no gallery .* please choose one of “one”, “two”"):
        choose({"one": "first", "two": "second"}, name)


def test_the_shipped_gallery_is_known_by_any_path(monkeypatch):
    monkeypatch.chdir(DEFAULT_GALLERY.parent)
    assert is_shipped(Path("gallery"))
    assert is_shipped(DEFAULT_GALLERY / ".." / "gallery")
    assert is_shipped(DEFAULT_GALLERY.parent / "photographs")
    assert not is_shipped(DEFAULT_GALLERY.parent)

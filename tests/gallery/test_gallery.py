"""A gallery as a value and as files: indexed, loaded, checked, built again, whatever happens on the way."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from mmgrad.errors import GalleryError
from mmgrad.gallery import index as index_module
from mmgrad.gallery import places, snapshot
from mmgrad.gallery.gallery import Gallery, Record
from mmgrad.gallery.places import PUBLISHED


class MeanColor:
    """A model whose embedding is the mean color of a picture, and which counts what it is asked to embed."""

    dimension = 4

    def __init__(self, fingerprint: str = "meancolor1") -> None:
        self.fingerprint = fingerprint
        self.embedded = 0

    def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
        self.embedded += len(images)
        return F.normalize(torch.tensor(np.stack([[*image.mean(axis=(0, 1)), 50] for image in images])).float(), dim=1)


class Broken(MeanColor):
    def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
        if self.embedded >= 32:
            raise RuntimeError("out of memory")
        return super().encode_image(images)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty one-colored pictures."""
    place = tmp_path / "pictures"
    place.mkdir()
    rng = np.random.default_rng(0)
    for number in range(40):
        Image.new("RGB", (16, 12), tuple(rng.integers(0, 256, 3).tolist())).save(place / f"{number:02}.png")
    return place


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


INDEX = "meancolor1.safetensors"
DATABASE = "meancolor1.sqlite"


def index(folder: Path) -> Path:
    return folder / ".mmgrad" / INDEX


def test_a_folder_is_indexed_once_and_loaded_afterwards(folder: Path) -> None:
    model = MeanColor()
    built = Gallery.load(folder, model, progress=False)
    assert model.embedded == 40
    again = Gallery.load(folder, model, progress=False)
    assert model.embedded == 40
    assert torch.equal(built.embeddings, again.embeddings)
    assert built.records == again.records
    assert [record.id for record in again.records] == [f"{number:02}.png" for number in range(40)]


def test_each_row_is_the_embedding_of_its_picture(folder: Path) -> None:
    built = Gallery.load(folder, MeanColor(), progress=False)
    for row in (0, 31, 32, 39):  # across the border of a batch
        own = MeanColor().encode_image([np.asarray(Image.open(built.records[row].path))])
        assert torch.allclose(built.embeddings[row], own[0])


def test_the_index_is_a_database_and_a_safetensors_file_that_say_what_made_them(folder: Path) -> None:
    Gallery.load(folder, MeanColor(), progress=False)
    assert {path.name for path in (folder / ".mmgrad").iterdir()} == {INDEX, DATABASE}
    assert load_file(index(folder))["embeddings"].shape == (40, 4)
    with safe_open(index(folder), framework="pt") as file:
        header = file.metadata()
    assert (header["fingerprint"], header["dimension"]) == ("meancolor1", "4")
    assert "sRGB" in header["preprocessing"]
    with sqlite3.connect(folder / ".mmgrad" / DATABASE) as db:
        rows = db.execute("SELECT id, embedding, height, width FROM pictures ORDER BY id").fetchall()
    assert [name for name, *_ in rows] == [f"{number:02}.png" for number in range(40)]
    assert np.array_equal(np.frombuffer(rows[7][1], "<f4"), load_file(index(folder))["embeddings"][7])
    assert rows[7][2:] == (12, 16)


def test_modification_times_do_not_matter_to_load(folder: Path) -> None:
    model = MeanColor()
    Gallery.load(folder, model, progress=False)
    for path in folder.glob("*.png"):
        os.utime(path, (1, 1))
    Gallery.load(folder, model, progress=False)
    assert model.embedded == 40


def test_a_moved_gallery_is_still_good(folder: Path, tmp_path: Path) -> None:
    Gallery.load(folder, MeanColor(), progress=False)
    folder.rename(tmp_path / "elsewhere")
    model = MeanColor()
    moved = Gallery.load(tmp_path / "elsewhere", model, progress=False)
    assert model.embedded == 0
    assert moved.records[0].path == tmp_path / "elsewhere" / "00.png"


def test_captions_come_from_the_metadata_as_it_is_now(folder: Path) -> None:
    metadata = folder / "metadata.jsonl"
    names = [{"file_name": f"{number:02}.png"} for number in range(5)]
    metadata.write_text("\n".join(json.dumps({**name, "caption": "old"}) for name in names))
    model = MeanColor()
    assert Gallery.load(folder, model, progress=False).records[3].caption == "old"
    metadata.write_text("\n".join(json.dumps({**name, "caption": "new"}) for name in names))
    assert Gallery.load(folder, model, progress=False).records[3].caption == "new"
    assert model.embedded == 40


def add_a_picture(folder: Path) -> None:
    Image.new("RGB", (16, 12), "red").save(folder / "zz.png")


def remove_a_picture(folder: Path) -> None:
    (folder / "07.png").unlink()


def replace_a_picture(folder: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 30, 3), np.uint8)).save(folder / "07.png")


def rename_a_picture(folder: Path) -> None:
    (folder / "07.png").rename(folder / "7.png")


def cut_the_tensor(folder: Path) -> None:
    index(folder).write_bytes(index(folder).read_bytes()[:-10])


def spoil_the_tensor(folder: Path) -> None:
    data = bytearray(index(folder).read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")  # behind the header
    header = json.loads(data[8:start])
    at = start + header["embeddings"]["data_offsets"][0]
    data[at : at + 4] = b"\xff\xff\xff\xff"  # NaN
    index(folder).write_bytes(bytes(data))


def empty_the_tensor(folder: Path) -> None:
    index(folder).write_bytes(b"")


def remove_the_tensor(folder: Path) -> None:
    index(folder).unlink()


def strip_the_header(folder: Path) -> None:
    save_file(load_file(index(folder)), index(folder))


def drop_a_row(folder: Path) -> None:
    with safe_open(index(folder), framework="pt") as file:
        header = file.metadata()
    tensors = load_file(index(folder))
    save_file(tensors | {"embeddings": tensors["embeddings"][:-1].clone()}, index(folder), metadata=header)


SPOILT = [cut_the_tensor, spoil_the_tensor, empty_the_tensor, remove_the_tensor, strip_the_header, drop_a_row]


@pytest.mark.parametrize("change", SPOILT)
def test_a_damaged_snapshot_is_noticed_and_written_again_from_the_database(
    folder: Path, change: Callable[[Path], None]
) -> None:
    built = Gallery.load(folder, MeanColor(), progress=False)
    change(folder)
    model = MeanColor()
    rebuilt = Gallery.load(folder, model, progress=False)
    assert model.embedded == 0
    assert torch.equal(rebuilt.embeddings, built.embeddings)
    assert torch.equal(load_file(index(folder))["embeddings"], built.embeddings)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + bytes(5000), b"something else" * 1000])
def test_a_damaged_database_is_made_again(folder: Path, content: bytes) -> None:
    Gallery.load(folder, MeanColor(), progress=False)
    index(folder).unlink()
    (folder / ".mmgrad" / DATABASE).write_bytes(content)
    model = MeanColor()
    assert len(Gallery.load(folder, model, progress=False)) == model.embedded == 40
    once_more = MeanColor()
    Gallery.build(folder, once_more, progress=False)
    assert once_more.embedded == 0


@pytest.mark.parametrize(
    ("change", "new"), [(add_a_picture, 1), (remove_a_picture, 0), (replace_a_picture, 1), (rename_a_picture, 0)]
)
@pytest.mark.parametrize("way", ["load", "build"])
def test_only_what_has_changed_is_embedded(
    folder: Path, change: Callable[[Path], None], new: int, way: str, tmp_path: Path
) -> None:
    Gallery.load(folder, MeanColor(), progress=False)
    change(folder)
    model = MeanColor()
    updated = getattr(Gallery, way)(folder, model, progress=False)
    assert model.embedded == new
    shutil.copytree(folder, tmp_path / "copy", ignore=lambda *_: [".mmgrad"])
    afresh = Gallery.build(tmp_path / "copy", MeanColor(), progress=False)
    assert [record.id for record in updated.records] == [record.id for record in afresh.records]
    assert torch.allclose(updated.embeddings, afresh.embeddings)
    once_more = MeanColor()
    Gallery.load(folder, once_more, progress=False)
    assert once_more.embedded == 0


def test_each_model_keeps_its_own_index(folder: Path) -> None:
    first = Gallery.load(folder, MeanColor(), progress=False)
    other = MeanColor("another/model 2")
    assert Gallery.load(folder, other, progress=False).fingerprint == "another/model 2"
    assert other.embedded == 40
    again = MeanColor()
    assert torch.equal(Gallery.load(folder, again, progress=False).embeddings, first.embeddings)
    Gallery.load(folder, other, progress=False)
    assert (again.embedded, other.embedded) == (0, 40)


def test_nothing_is_written_to_the_shipped_gallery(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(places, "EXAMPLES", folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    Gallery.load(folder, MeanColor(), progress=False)
    Gallery.build(folder, model := MeanColor(), progress=False, force=True)
    assert model.embedded == 40
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert list(cache.rglob(INDEX))
    installed = tmp_path / "site-packages" / "pictures"
    shutil.copytree(folder, installed)
    Gallery.load(installed, MeanColor(), progress=False)
    assert {path.name for path in installed.iterdir()} == set(before)


def test_a_published_index_is_used_and_a_change_costs_only_what_has_changed(folder: Path, tmp_path: Path) -> None:
    built = Gallery.load(folder, MeanColor(), progress=False)
    built.publish()
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, ignore=lambda *_: [".mmgrad"])
    published = (copy / PUBLISHED).read_bytes()
    pulled = Gallery.load(copy, model := MeanColor(), progress=False)
    assert model.embedded == 0
    assert torch.equal(pulled.embeddings, built.embeddings)
    assert not (copy / ".mmgrad").exists()
    for way in (Gallery.load, Gallery.build):
        shutil.rmtree(copy / ".mmgrad", ignore_errors=True)
        add_a_picture(copy)
        model = MeanColor()
        assert len(way(copy, model, progress=False)) == 41
        assert model.embedded == 1
    assert (copy / PUBLISHED).read_bytes() == published


def test_other_preprocessing_is_noticed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Gallery.load(folder, MeanColor(), progress=False)
    made_with = index_module.MadeWith
    monkeypatch.setattr(index_module, "MadeWith", lambda *parts: made_with(*parts, preprocessing="version 3"))
    model = MeanColor()
    Gallery.load(folder, model, progress=False)
    assert model.embedded == 40


def test_an_index_of_the_old_format_is_taken_over_where_its_rows_are_what_is_computed_now(folder: Path) -> None:
    """Small pictures keep their rows; a large one and one that was not there are embedded."""
    big = Image.fromarray(np.random.default_rng(1).integers(0, 256, (400, 800, 3), np.uint8))
    big.save(folder / "big.png")
    names = sorted(path.name for path in folder.glob("*.png"))
    rows = F.normalize(torch.from_numpy(np.random.default_rng(0).normal(size=(41, 4)).astype(np.float32)), dim=1)
    manifest = {
        "fingerprint": "meancolor1",
        "dimension": 4,
        "preprocessing": "version 1",
        "files": [[name, (folder / name).stat().st_size] for name in names],
        "skipped": [],
        "format": "mmgrad gallery 1",
        "count": 41,
    }
    save_file({"embeddings": rows}, folder / PUBLISHED, metadata={"manifest": json.dumps(manifest)})
    add_a_picture(folder)
    model = MeanColor()
    built = Gallery.load(folder, model, progress=False)
    assert model.embedded == 2
    assert torch.equal(built.embeddings[:40], rows[:40])
    assert not torch.allclose(built.embeddings[40], rows[40])
    Gallery.load(folder, other := MeanColor("other"), progress=False)
    assert other.embedded == 42


def test_a_build_that_fails_leaves_the_old_index_whole_and_keeps_what_it_did(folder: Path) -> None:
    Gallery.load(folder, MeanColor(), progress=False)
    before = index(folder).read_bytes()
    with pytest.raises(RuntimeError, match="out of memory"):
        Gallery.load(folder, Broken("another"), progress=False)
    with pytest.raises(RuntimeError, match="out of memory"):
        Gallery.build(folder, Broken(), progress=False, force=True)
    assert index(folder).read_bytes() == before
    model = MeanColor("another")
    assert len(Gallery.load(folder, model, progress=False)) == 40
    assert model.embedded == 8, "the first batch was not kept"


@pytest.mark.parametrize("step", ["save_file", "fsync", "replace"])
def test_a_writer_stopped_at_any_step_leaves_a_whole_index(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    Gallery.load(folder, MeanColor(), progress=False)
    before = index(folder).read_bytes()
    add_a_picture(folder)

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(snapshot if step == "save_file" else os, step, stop)
        with pytest.raises(KeyboardInterrupt):
            Gallery.load(folder, MeanColor(), progress=False)
    assert index(folder).read_bytes() == before
    assert {path.name for path in (folder / ".mmgrad").iterdir()} == {INDEX, DATABASE}, "half-written files are left"
    model = MeanColor()
    assert len(Gallery.load(folder, model, progress=False)) == 41
    assert model.embedded == 0, "what was embedded is done again"


def test_pictures_that_cannot_be_read_are_left_out_and_listed(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "03.png").write_bytes(b"not a picture")
    (folder / "empty.jpg").touch()
    built = Gallery.load(folder, MeanColor(), progress=False)
    assert len(built) == 39
    assert [name for name, _ in built.skipped] == ["03.png", "empty.jpg"]
    assert "'03.png' is not a picture" in built.skipped[0][1]
    assert "empty file" in built.skipped[1][1]
    assert "2 of 41 pictures could not be read: 03.png, empty.jpg" in caplog.text
    again = Gallery.load(folder, model := MeanColor(), progress=False)
    assert model.embedded == 0
    assert again.skipped == built.skipped
    assert again.records == built.records
    own = MeanColor().encode_image([np.asarray(Image.open(folder / "04.png"))])
    assert torch.allclose(again.embeddings[3], own[0])


def test_other_files_are_counted_and_named(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a.xyz", "b.XYZ", "notes.txt", "noext", "README.md"):
        (folder / name).write_bytes(b"no picture")
    built = Gallery.load(folder, MeanColor(), progress=False)
    told = "4 other files were passed over: 2 .xyz, 1 .txt, 1 without suffix"
    assert sorted(built.passed_over.split(": ")[1].split(", ")) == sorted(told.split(": ")[1].split(", "))
    assert built.passed_over.startswith("4 other files were passed over: ")
    assert built.passed_over in caplog.text


def test_a_folder_of_broken_pictures_only_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no")
    with pytest.raises(GalleryError, match="no picture that can be read"):
        Gallery.load(tmp_path, MeanColor(), progress=False)


def test_a_missing_or_empty_folder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="There is no gallery folder"):
        Gallery.load(tmp_path / "none", MeanColor(), progress=False)
    with pytest.raises(GalleryError, match="holds no pictures"):
        Gallery.build(tmp_path, MeanColor(), progress=False)


def test_where_the_folder_is_read_only_the_cache_keeps_the_index(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    Gallery.load(folder, MeanColor(), progress=False)
    assert not (folder / ".mmgrad").exists()
    assert list(cache.rglob(INDEX))
    model = MeanColor()
    Gallery.load(folder, model, progress=False)
    assert model.embedded == 0


def test_where_nothing_can_be_written_the_gallery_lives_in_memory(
    folder: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / ".mmgrad").write_text("a file, not a folder")
    cache.write_text("another")
    built = Gallery.load(folder, MeanColor(), progress=False)
    assert len(built) == 40
    assert "in memory only" in caplog.text
    assert built.pictures([3])[0].pixels.shape == (12, 16, 3)


def test_indexing_shows_its_progress_and_can_be_silent(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Gallery.build(folder, MeanColor())
    assert "Indexing pictures: 100%" in capsys.readouterr().err
    Gallery.build(folder, MeanColor(), progress=False)
    assert "Indexing" not in capsys.readouterr().err


def test_loading_decodes_no_picture(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Gallery.load(folder, MeanColor(), progress=False)
    for path in folder.glob("*.png"):
        path.write_bytes(bytes(path.stat().st_size))  # no decoder takes this
    assert len(Gallery.load(folder, MeanColor(), progress=False)) == 40


@pytest.mark.parametrize(
    ("embeddings", "words"),
    [
        (torch.ones(3, 4) / 2, "but embeddings of shape"),
        (torch.ones(2), "but embeddings of shape"),
        (torch.ones(2, 4), "not float32, float16 or bfloat16 of length 1"),
        (torch.full((2, 4), torch.nan), "not float32, float16 or bfloat16 of length 1"),
        (torch.ones(2, 4, dtype=torch.float64) / 2, "not float32, float16 or bfloat16 of length 1"),
    ],
)
def test_a_gallery_that_contradicts_itself_is_refused(embeddings: torch.Tensor, words: str) -> None:
    records = (Record("a", Path("a")), Record("b", Path("b")))
    with pytest.raises(GalleryError, match=words):
        Gallery(Path("made"), records, embeddings, "x")


def test_a_gallery_names_each_picture_once() -> None:
    records = (Record("a", Path("a")), Record("a", Path("a")))
    with pytest.raises(GalleryError, match="twice"):
        Gallery(Path("made"), records, torch.ones(2, 4) / 2, "x")

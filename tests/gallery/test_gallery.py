"""A gallery as a value and as files: indexed, loaded, checked, built again, whatever happens on the way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
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
from mmgrad.gallery import gallery
from mmgrad.gallery import store as gallery_files
from mmgrad.gallery.gallery import Gallery, Record
from mmgrad.gallery.sources.folder import read_folder


class MeanColour:
    """A model whose embedding is the mean colour of a picture, and which counts what it is asked to embed."""

    dimension = 4

    def __init__(self, fingerprint: str = "mean colour 1") -> None:
        self.fingerprint = fingerprint
        self.embedded = 0

    def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
        self.embedded += len(images)
        return F.normalize(torch.tensor(np.stack([[*image.mean(axis=(0, 1)), 50] for image in images])).float(), dim=1)


class Broken(MeanColour):
    def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
        if self.embedded >= 32:
            raise RuntimeError("out of memory")
        return super().encode_image(images)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty one-coloured pictures."""
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


def state(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".png"}


def test_a_folder_is_indexed_once_and_loaded_afterwards(folder: Path) -> None:
    model = MeanColour()
    built = Gallery.load(folder, model, progress=False)
    assert model.embedded == 40
    again = Gallery.load(folder, model, progress=False)
    assert model.embedded == 40
    assert torch.equal(built.embeddings, again.embeddings)
    assert built.records == again.records
    assert [record.id for record in again.records] == [f"{number:02}.png" for number in range(40)]


def test_each_row_is_the_embedding_of_its_picture(folder: Path) -> None:
    built = Gallery.load(folder, MeanColour(), progress=False)
    for row in (0, 31, 32, 39):  # across the border of a batch
        own = MeanColour().encode_image([np.asarray(Image.open(built.records[row].path))])
        assert torch.allclose(built.embeddings[row], own[0])


def test_the_stored_files_are_plain_safetensors_and_json_that_say_what_made_them(folder: Path) -> None:
    Gallery.load(folder, MeanColour(), progress=False)
    assert set(state(folder)) == {"gallery.safetensors", "gallery.json"}
    manifest = json.loads((folder / "gallery.json").read_text())
    assert manifest["fingerprint"] == "mean colour 1"
    assert (manifest["dimension"], manifest["count"]) == (4, 40)
    assert "RGB" in manifest["preprocessing"]
    assert len(manifest["files"]) == 40
    assert load_file(folder / "gallery.safetensors")["embeddings"].shape == (40, 4)
    with safe_open(folder / "gallery.safetensors", framework="pt") as file:
        assert json.loads(file.metadata()["manifest"]) == manifest


def test_modification_times_do_not_matter(folder: Path) -> None:
    model = MeanColour()
    Gallery.load(folder, model, progress=False)
    for path in folder.iterdir():
        os.utime(path, (1, 1))
    Gallery.load(folder, model, progress=False)
    assert model.embedded == 40


def test_a_moved_gallery_is_still_good(folder: Path, tmp_path: Path) -> None:
    Gallery.load(folder, MeanColour(), progress=False)
    folder.rename(tmp_path / "elsewhere")
    model = MeanColour()
    moved = Gallery.load(tmp_path / "elsewhere", model, progress=False)
    assert model.embedded == 0
    assert moved.records[0].path == tmp_path / "elsewhere" / "00.png"


def test_captions_come_from_the_metadata_as_it_is_now(folder: Path) -> None:
    metadata = folder / "metadata.jsonl"
    names = [{"file_name": f"{number:02}.png"} for number in range(5)]
    metadata.write_text("\n".join(json.dumps({**name, "caption": "old"}) for name in names))
    model = MeanColour()
    assert Gallery.load(folder, model, progress=False).records[3].caption == "old"
    metadata.write_text("\n".join(json.dumps({**name, "caption": "new"}) for name in names))
    assert Gallery.load(folder, model, progress=False).records[3].caption == "new"
    assert model.embedded == 5


def add_a_picture(folder: Path) -> None:
    Image.new("RGB", (16, 12), "red").save(folder / "zz.png")


def remove_a_picture(folder: Path) -> None:
    (folder / "07.png").unlink()


def replace_a_picture(folder: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 30, 3), np.uint8)).save(folder / "07.png")


def rename_a_picture(folder: Path) -> None:
    (folder / "07.png").rename(folder / "7.png")


def cut_the_tensor(folder: Path) -> None:
    path = folder / "gallery.safetensors"
    path.write_bytes(path.read_bytes()[:-10])


def spoil_the_tensor(folder: Path) -> None:
    path = folder / "gallery.safetensors"
    data = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")  # behind the header
    data[start : start + 4] = b"\xff\xff\xff\xff"  # NaN
    path.write_bytes(bytes(data))


def empty_the_tensor(folder: Path) -> None:
    (folder / "gallery.safetensors").write_bytes(b"")


def remove_the_tensor(folder: Path) -> None:
    (folder / "gallery.safetensors").unlink()


def strip_the_header(folder: Path) -> None:
    path = folder / "gallery.safetensors"
    save_file(load_file(path), path)


def change_the_json(folder: Path) -> None:
    path = folder / "gallery.json"
    path.write_text(path.read_text().replace("mean colour 1", "foreign"))


def cut_the_json(folder: Path) -> None:
    path = folder / "gallery.json"
    path.write_text(path.read_text()[:100])


def drop_a_row(folder: Path) -> None:
    path = folder / "gallery.safetensors"
    with safe_open(path, framework="pt") as file:
        rows, header = file.get_tensor("embeddings"), file.metadata()
    save_file({"embeddings": rows[:-1].clone()}, path, metadata=header)


@pytest.mark.parametrize(
    "change",
    [
        cut_the_tensor,
        spoil_the_tensor,
        empty_the_tensor,
        remove_the_tensor,
        strip_the_header,
        change_the_json,
        cut_the_json,
        drop_a_row,
    ],
)
def test_whatever_is_damaged_is_noticed_and_built_again(folder: Path, change: Callable[[Path], None]) -> None:
    Gallery.load(folder, MeanColour(), progress=False)
    change(folder)
    model = MeanColour()
    rebuilt = Gallery.load(folder, model, progress=False)
    assert model.embedded == len(rebuilt) == 40
    once_more = MeanColour()
    Gallery.load(folder, once_more, progress=False)
    assert once_more.embedded == 0


@pytest.mark.parametrize(
    ("change", "new"), [(add_a_picture, 1), (remove_a_picture, 0), (replace_a_picture, 1), (rename_a_picture, 0)]
)
@pytest.mark.parametrize("way", ["load", "build"])
def test_only_what_has_changed_is_embedded(
    folder: Path, change: Callable[[Path], None], new: int, way: str, tmp_path: Path
) -> None:
    Gallery.load(folder, MeanColour(), progress=False)
    change(folder)
    model = MeanColour()
    updated = getattr(Gallery, way)(folder, model, progress=False)
    assert model.embedded == new
    shutil.copytree(folder, tmp_path / "copy", ignore=lambda *_: ["gallery.safetensors", "gallery.json"])
    afresh = Gallery.build(tmp_path / "copy", MeanColour(), progress=False)
    assert [record.id for record in updated.records] == [record.id for record in afresh.records]
    assert torch.allclose(updated.embeddings, afresh.embeddings)
    once_more = MeanColour()
    Gallery.load(folder, once_more, progress=False)
    assert once_more.embedded == 0


def test_the_gallery_of_another_model_is_noticed_and_said(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    Gallery.load(folder, MeanColour(), progress=False)
    other = MeanColour("mean colour 2")
    assert Gallery.load(folder, other, progress=False).fingerprint == "mean colour 2"
    assert other.embedded == 40
    assert "made by another model" in caplog.text


def test_other_preprocessing_is_noticed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Gallery.load(folder, MeanColour(), progress=False)
    monkeypatch.setattr(gallery_files, "PREPROCESSING", "version 2")
    model = MeanColour()
    Gallery.load(folder, model, progress=False)
    assert model.embedded == 40


def test_a_missing_json_is_written_again_without_a_rebuild(folder: Path) -> None:
    Gallery.load(folder, MeanColour(), progress=False)
    before = state(folder)
    (folder / "gallery.json").unlink()
    model = MeanColour()
    Gallery.load(folder, model, progress=False)
    assert model.embedded == 0
    assert state(folder) == before


def test_a_build_that_fails_leaves_the_old_gallery_whole(folder: Path) -> None:
    Gallery.load(folder, MeanColour(), progress=False)
    before = state(folder)
    with pytest.raises(RuntimeError, match="out of memory"):
        Gallery.load(folder, Broken("another"), progress=False)
    assert {name: data for name, data in state(folder).items() if not name.startswith(".")} == before
    model = MeanColour("another")
    assert len(Gallery.load(folder, model, progress=False)) == 40
    assert model.embedded == 8, "the first batch was not kept"


@pytest.mark.parametrize("step", ["save", "fsync", "replace 1", "replace 2"])
def test_a_writer_stopped_at_any_step_leaves_one_whole_gallery(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    Gallery.load(folder, MeanColour("old"), progress=False)
    calls = 0
    replace_file = os.replace

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def stop_at(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == int(step[-1]):
            stop()
        replace_file(source, target)

    with monkeypatch.context() as patch:
        if step == "save":
            patch.setattr(gallery_files, "save", stop)
        elif step == "fsync":
            patch.setattr(os, "fsync", stop)
        else:
            patch.setattr(os, "replace", stop_at)
        with pytest.raises(KeyboardInterrupt):
            Gallery.load(folder, MeanColour("new"), progress=False)
    old, new = MeanColour("old"), MeanColour("new")
    whole = new if step == "replace 2" else old  # after the first replace the new one counts
    Gallery.load(folder, whole, progress=False)
    assert whole.embedded == 0
    assert not list(folder.glob("*.part")), "half-written files are left behind"


@pytest.mark.parametrize("moment", ["while embedding", "while writing"])
def test_a_killed_rebuild_leaves_the_old_gallery_whole(folder: Path, moment: str) -> None:
    Gallery.load(folder, MeanColour(), progress=False)
    before = state(folder)
    program = f"""
        import os, sys, time
        sys.path[:0] = {[str(Path(__file__).parent), str(Path(gallery.__file__).parents[2])]!r}
        from pathlib import Path
        from test_gallery import Gallery, MeanColour

        def wait(*arguments):
            print("ready", flush=True)
            time.sleep(60)

        class Slow(MeanColour):
            def encode_image(self, images):
                rows = super().encode_image(images)
                if {moment!r} == "while embedding":
                    wait()
                return rows

        os.fsync = wait  # the tensor lies in its temporary file, not yet in its place
        Gallery.load(Path({str(folder)!r}), Slow("another"), progress=False)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert {name: data for name, data in state(folder).items() if not name.startswith(".")} == before
    model = MeanColour()
    assert len(Gallery.load(folder, model, progress=False)) == 40
    assert model.embedded == 0
    Gallery.build(folder, MeanColour("another"), progress=False)
    assert set(state(folder)) == {"gallery.safetensors", "gallery.json"}, "what a killed run left is not cleared away"


def test_pictures_that_cannot_be_read_are_left_out_and_listed(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "03.png").write_bytes(b"not a picture")
    (folder / "empty.jpg").touch()
    built = Gallery.load(folder, MeanColour(), progress=False)
    assert len(built) == 39
    assert [name for name, _ in built.skipped] == ["03.png", "empty.jpg"]
    assert "empty file" in built.skipped[1][1]
    assert "2 of 41 pictures could not be read: 03.png, empty.jpg" in caplog.text
    again = Gallery.load(folder, model := MeanColour(), progress=False)
    assert model.embedded == 0
    assert again.skipped == built.skipped
    assert again.records == built.records
    assert torch.allclose(
        again.embeddings[3], MeanColour().encode_image([np.asarray(Image.open(folder / "04.png"))])[0]
    )


def test_a_folder_of_broken_pictures_only_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no")
    with pytest.raises(GalleryError, match="no picture that can be read"):
        Gallery.load(tmp_path, MeanColour(), progress=False)


def test_a_missing_or_empty_folder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="There is no gallery folder"):
        Gallery.load(tmp_path / "none", MeanColour(), progress=False)
    with pytest.raises(GalleryError, match="holds no pictures"):
        Gallery.build(tmp_path, MeanColour(), progress=False)


def test_where_the_folder_is_read_only_the_cache_keeps_the_rows(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = gallery_files.write

    def read_only(place: Path, *rest) -> None:  # type: ignore[no-untyped-def]
        if place == folder:
            raise PermissionError("read-only")
        write(place, *rest)

    monkeypatch.setattr(gallery_files, "write", read_only)
    Gallery.load(folder, MeanColour(), progress=False)
    assert not state(folder)
    assert list(cache.rglob("gallery.safetensors"))
    model = MeanColour()
    Gallery.load(folder, model, progress=False)
    assert model.embedded == 0


def test_where_nothing_can_be_written_the_gallery_lives_in_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def read_only(*_: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(gallery_files, "write", read_only)
    assert len(Gallery.load(folder, MeanColour(), progress=False)) == 40
    assert "memory only" in caplog.text


def test_indexing_shows_its_progress_and_can_be_silent(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Gallery.build(folder, MeanColour())
    assert "Indexing pictures: 100%" in capsys.readouterr().err
    Gallery.build(folder, MeanColour(), progress=False)
    assert "Indexing" not in capsys.readouterr().err


def test_the_check_decodes_no_picture(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(b"x")  # no decoder takes this
    manifest = gallery_files.Manifest.expected(read_folder(tmp_path), "f", 2)
    rows = F.normalize(torch.ones(3, 2))
    gallery_files.write(tmp_path, manifest, rows)
    stored, embeddings = gallery_files.read(tmp_path, gallery_files.Manifest.expected(read_folder(tmp_path), "f", 2))
    assert stored == manifest
    assert torch.equal(embeddings, rows)


@pytest.mark.parametrize(
    ("embeddings", "words"),
    [
        (torch.ones(3, 4) / 2, "but embeddings of shape"),
        (torch.ones(2), "but embeddings of shape"),
        (torch.ones(2, 4), "not float32 or float16 of length 1"),
        (torch.full((2, 4), torch.nan), "not float32 or float16 of length 1"),
        (torch.ones(2, 4, dtype=torch.float64) / 2, "not float32 or float16 of length 1"),
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

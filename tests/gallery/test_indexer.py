"""Indexing: resumable, incremental, and safe whatever stops it or runs beside it."""

import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from mmgrad.gallery import database, gallery, indexer
from mmgrad.gallery.gallery import Gallery
from mmgrad.imaging import files

DATABASE = "neighborly.sqlite"
INDEX = {"neighborly.safetensors", DATABASE}


class Neighborly:
    """A model whose rows depend, a little, on what shares their batch, as those of a real one do in their last bits."""

    dimension = 4
    fingerprint = "neighborly"

    def __init__(self) -> None:
        self.embedded = 0

    def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
        self.embedded += len(images)
        means = torch.tensor(np.stack([[*image.mean(axis=(0, 1)), 50] for image in images])).float()
        return F.normalize(means + 1e-5 * means.mean(dim=0), dim=1)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(indexer, "BATCH", 8)
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Fifty pictures, the fourth and the thirtieth of which are broken."""
    place = tmp_path / "pictures"
    place.mkdir()
    draw(place, 50)
    return place


def draw(place: Path, count: int) -> None:
    rng = np.random.default_rng(0)
    for number in range(count):
        Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8)).save(place / f"{number:03}.png")
    for number in (3, 29):
        (place / f"{number:03}.png").write_bytes(b"not a picture")


def rows(folder: Path) -> dict[str, np.ndarray | None]:
    """What the database holds, read by nothing of ours."""
    with sqlite3.connect(folder / ".mmgrad" / DATABASE) as db:
        found = db.execute("SELECT id, embedding FROM pictures").fetchall()
    assert len({name for name, _ in found}) == len(found)
    return {name: None if row is None else np.frombuffer(row, "<f4") for name, row in found}


def assert_same(one: dict[str, np.ndarray | None], other: dict[str, np.ndarray | None]) -> None:
    assert one.keys() == other.keys()
    for name, row in one.items():
        assert (row is None) == (other[name] is None)
        assert row is None or np.allclose(row, other[name], atol=1e-4)


def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every file had been changed long ago."""
    monkeypatch.setattr(files, "SETTLED", -1)


def test_a_run_stopped_anywhere_goes_on_and_ends_with_the_rows_of_an_undisturbed_one(folder: Path) -> None:
    Gallery.build(folder, Neighborly(), progress=False)
    undisturbed = rows(folder)
    assert len(undisturbed) == 50
    for stop in (1, 7, 8, 15, 22, 40, 47):
        for path in (folder / ".mmgrad").iterdir():
            path.unlink()

        class Stops(Neighborly):
            def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
                if self.embedded + len(images) > stop:  # noqa: B023
                    raise KeyboardInterrupt
                return super().encode_image(images)

        with pytest.raises(KeyboardInterrupt):
            Gallery.build(folder, Stops(), progress=False)
        model = Neighborly()
        Gallery.build(folder, model, progress=False)
        assert_same(rows(folder), undisturbed)
        assert model.embedded == 48 - stop // 8 * 8, "what was done is done again"


def test_killed_twenty_times_it_ends_with_every_picture_once(tmp_path: Path) -> None:
    """One process imports everything, then forks runs of 200 pictures and kills them at random moments."""
    program = f"""
        import os, random, shutil, signal, sys, time
        sys.path[:0] = {[str(Path(__file__).parent), str(Path(gallery.__file__).parents[2])]!r}
        from pathlib import Path
        from test_indexer import INDEX, Neighborly, assert_same, draw, indexer, rows
        from mmgrad.gallery.gallery import Gallery

        class Slow(Neighborly):
            def encode_image(self, images):
                time.sleep(0.004)
                return super().encode_image(images)

        def run():
            process = os.fork()
            if not process:
                Gallery.build(folder, Slow(), progress=False)
                os._exit(0)
            return process

        indexer.BATCH = 8
        folder = Path({str(tmp_path)!r}) / "pictures"
        folder.mkdir()
        draw(folder, 200)
        start = time.perf_counter()
        os.waitpid(run(), 0)
        whole = time.perf_counter() - start
        undisturbed, moments = rows(folder), random.Random(0)
        assert len(undisturbed) == 200
        shutil.rmtree(folder / ".mmgrad")
        kills = finished = 0
        while kills < 20:
            process = run()
            time.sleep(moments.uniform(0, min(whole / 4, 0.3)))
            os.kill(process, signal.SIGKILL)
            killed = os.WIFSIGNALED(os.waitpid(process, 0)[1])
            kills += killed
            if not killed:  # it was done before; the next run starts afresh
                finished += 1
                assert_same(rows(folder), undisturbed)
                shutil.rmtree(folder / ".mmgrad")
        os.waitpid(run(), 0)
        assert_same(rows(folder), undisturbed)
        assert len(Gallery.load(folder, Neighborly(), progress=False)) == 198
        print(kills, finished)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("20 ")


def test_two_processes_on_one_gallery_at_once_are_safe(folder: Path) -> None:
    program = f"""
        import sys
        sys.path[:0] = {[str(Path(__file__).parent), str(Path(gallery.__file__).parents[2])]!r}
        from pathlib import Path
        from test_indexer import Neighborly, indexer
        from mmgrad.gallery.gallery import Gallery

        indexer.BATCH = 2
        print("ready", flush=True)
        sys.stdin.readline()
        print(len(Gallery.build(Path({str(folder)!r}), Neighborly(), progress=False)))
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate() for process in processes]
    assert [out.strip() for out, _ in told] == ["48", "48"], told
    assert len(rows(folder)) == 50
    Gallery.build(folder, model := Neighborly(), progress=False)
    assert model.embedded == 0


def test_a_full_disk_is_told_of_once_and_loses_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened = database._open

    def small(path: Path | str, made_with: dict[str, str]) -> sqlite3.Connection:
        db = opened(path, made_with)
        if path != ":memory:":
            pages = db.execute("PRAGMA page_count").fetchone()[0]
            db.execute(f"PRAGMA max_page_count = {pages + 6}")
        return db

    monkeypatch.setattr(database, "_open", small)
    built = Gallery.build(folder, Neighborly(), progress=False)
    assert len(built) == 48
    assert caplog.text.count("cannot be stored any further") == 1
    assert "full" in caplog.text
    monkeypatch.setattr(database, "_open", opened)
    model = Neighborly()
    again = Gallery.build(folder, model, progress=False)
    assert 0 < model.embedded < 48, "what was stored before the disk was full is done again"
    assert torch.allclose(again.embeddings, built.embeddings, atol=1e-4)


def test_pictures_are_read_a_bounded_number_ahead(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexer, "AHEAD", 5)
    opened = 0
    read_image = indexer.read_image

    def counting(*arguments: object, **options: object) -> object:
        nonlocal opened
        opened += 1
        return read_image(*arguments, **options)  # type: ignore[arg-type]

    class Watches(Neighborly):
        def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
            seen.append(opened - self.embedded)
            return super().encode_image(images)

    seen: list[int] = []
    monkeypatch.setattr(indexer, "read_image", counting)
    Gallery.build(folder, Watches(), progress=False)
    assert max(seen) <= 8 + 5 + 2 + 1  # a batch, those ahead, the two broken ones, the one just handed over


def test_an_added_picture_is_the_only_one_that_is_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old(monkeypatch)
    for number in (3, 29):
        (folder / f"{number:03}.png").unlink()
    Gallery.build(folder, Neighborly(), progress=False)
    opened: list[str] = []
    content, decode = indexer._content, indexer.read_image
    monkeypatch.setattr(
        indexer, "_content", lambda record, size: (opened.append(f"read {record.id}"), content(record, size))[1]
    )
    monkeypatch.setattr(
        indexer, "read_image", lambda source, name: (opened.append(f"decoded {name}"), decode(source, name=name))[1]
    )
    Image.new("RGB", (16, 12), "red").save(folder / "red.png")
    model = Neighborly()
    found = Gallery.build(folder, model, progress=False)
    assert (opened, model.embedded) == (["read red.png", "decoded 'red.png'"], 1)
    query = Neighborly().encode_image([np.asarray(Image.open(folder / "red.png"))])
    assert found.records[int(found.search(query, 1).indices[0, 0])].id == "red.png"


def test_a_change_that_keeps_the_size_is_seen_by_its_times_or_its_content(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (folder / "000.ppm", folder / "001.ppm"):
        Image.new("RGB", (16, 12), "red").save(path)
    for settled in (-1, files.SETTLED):
        monkeypatch.setattr(files, "SETTLED", settled)
        Gallery.build(folder, Neighborly(), progress=False)
        Image.new("RGB", (16, 12), "blue" if settled < 0 else "green").save(folder / "001.ppm")
        model = Neighborly()
        changed = Gallery.build(folder, model, progress=False)
        assert model.embedded == 1
        assert changed.embeddings[changed.positions["001.ppm"]].argmax() == (2 if settled < 0 else 1)


def test_force_embeds_everything_again(folder: Path) -> None:
    Gallery.build(folder, Neighborly(), progress=False)
    model = Neighborly()
    Gallery.build(folder, model, progress=False, force=True)
    assert model.embedded == 48


def test_a_broken_picture_is_tried_again_and_a_repaired_one_taken_in(folder: Path) -> None:
    assert len(Gallery.build(folder, Neighborly(), progress=False)) == 48
    Image.new("RGB", (16, 12), "red").save(folder / "003.png")
    repaired = Gallery.build(folder, Neighborly(), progress=False)
    assert len(repaired) == 49
    assert [name for name, _ in repaired.skipped] == ["029.png"]


def test_a_file_that_is_too_large_to_read_at_once_gives_the_same_row(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = Gallery.build(folder, Neighborly(), progress=False)
    monkeypatch.setattr(indexer, "MAX_BYTES", 10)
    again = Gallery.build(folder, model := Neighborly(), progress=False, force=True)
    assert model.embedded == 48
    assert torch.allclose(again.embeddings, built.embeddings, atol=1e-4)
    (folder / "copy.png").write_bytes((folder / "000.png").read_bytes())
    Gallery.build(folder, model := Neighborly(), progress=False)
    assert model.embedded == 0, "the copy is known by its content"

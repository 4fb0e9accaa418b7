import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from mmgrad.gallery import embedding_cache as known_rows
from mmgrad.gallery import gallery
from mmgrad.gallery import indexer as indexing
from mmgrad.gallery.gallery import Gallery
from mmgrad.gallery.journal import JOURNAL, Done, Journal
from mmgrad.imaging import files

INDEX = ("gallery.safetensors", "gallery.json")


class Neighbourly:
    """A model whose rows depend, a little, on what shares their batch, as those of a real one do in their last bits."""

    dimension = 4
    fingerprint = "neighbourly"

    def __init__(self) -> None:
        self.embedded = 0

    def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
        self.embedded += len(images)
        means = torch.tensor(np.stack([[*image.mean(axis=(0, 1)), 50] for image in images])).float()
        return F.normalize(means + 1e-3 * means.mean(dim=0), dim=1)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(indexing, "BATCH", 8)
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


def written(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in INDEX]


def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every file had been changed long ago."""
    monkeypatch.setattr(files, "SETTLED", -1)


def test_a_run_stopped_anywhere_ends_with_the_bytes_of_an_undisturbed_one(folder: Path) -> None:
    Gallery.build(folder, Neighbourly(), progress=False)
    undisturbed = written(folder)
    for stop in (1, 7, 8, 15, 22, 40, 47):
        for name in INDEX:
            (folder / name).unlink()

        class Stops(Neighbourly):
            def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
                if self.embedded + len(images) > stop:  # noqa: B023
                    raise KeyboardInterrupt
                return super().encode_image(images)

        with pytest.raises(KeyboardInterrupt):
            Gallery.build(folder, Stops(), progress=False)
        model = Neighbourly()
        Gallery.build(folder, model, progress=False)
        assert written(folder) == undisturbed
        assert stop < 7 or model.embedded < 48, "what was done is done again"
        assert not (folder / JOURNAL).exists()


def test_killed_twenty_times_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    """One process imports everything, then forks runs of 200 pictures and kills them at random moments."""
    program = f"""
        import os, random, signal, sys, time
        sys.path[:0] = {[str(Path(__file__).parent), str(Path(gallery.__file__).parents[2])]!r}
        from pathlib import Path
        from test_indexer import INDEX, Neighbourly, draw, indexing, written
        from mmgrad.gallery.gallery import Gallery

        class Slow(Neighbourly):
            def encode_image(self, images):
                time.sleep(0.004)
                return super().encode_image(images)

        def run():
            process = os.fork()
            if not process:
                Gallery.build(folder, Slow(), progress=False)
                os._exit(0)
            return process

        indexing.BATCH = 8
        folder = Path({str(tmp_path)!r}) / "pictures"
        folder.mkdir()
        draw(folder, 200)
        start = time.perf_counter()
        os.waitpid(run(), 0)
        whole = time.perf_counter() - start
        undisturbed, moments = written(folder), random.Random(0)
        for name in INDEX:
            (folder / name).unlink()
        kills = finished = 0
        while kills < 20:
            process = run()
            time.sleep(moments.uniform(0, min(whole / 4, 0.3)))
            os.kill(process, signal.SIGKILL)
            killed = os.WIFSIGNALED(os.waitpid(process, 0)[1])
            kills += killed
            if not killed:  # it was done before; the next run starts afresh
                finished += 1
                assert written(folder) == undisturbed
                for name in INDEX:
                    (folder / name).unlink()
        os.waitpid(run(), 0)
        assert written(folder) == undisturbed
        assert {{path.name for path in folder.iterdir() if path.suffix != ".png"}} == set(INDEX)
        print(kills, finished)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("20 ")


def test_pictures_are_read_a_bounded_number_ahead(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "AHEAD", 5)
    opened = 0
    load_image = known_rows.load_image

    def counting(source: Path) -> np.ndarray:
        nonlocal opened
        opened += 1
        return load_image(source)

    class Watches(Neighbourly):
        def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
            seen.append(opened - self.embedded)
            return super().encode_image(images)

    seen: list[int] = []
    monkeypatch.setattr(known_rows, "load_image", counting)
    Gallery.build(folder, Watches(), progress=False)
    assert max(seen) <= 8 + 5 + 2 + 1  # a batch, those ahead, the two broken ones, the one just handed over


def test_an_added_picture_is_the_only_one_that_is_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old(monkeypatch)
    for number in (3, 29):
        (folder / f"{number:03}.png").unlink()
    Gallery.build(folder, Neighbourly(), progress=False)
    opened: list[str] = []
    read, decode = files.digest, known_rows.load_image
    monkeypatch.setattr(files, "digest", lambda content: (opened.append(f"read {content.name}"), read(content))[1])
    monkeypatch.setattr(
        known_rows, "load_image", lambda source: (opened.append(f"decoded {source.name}"), decode(source))[1]
    )
    Image.new("RGB", (16, 12), "red").save(folder / "red.png")
    model = Neighbourly()
    found = Gallery.build(folder, model, progress=False)
    assert (opened, model.embedded) == (["read red.png", "decoded red.png"], 1)
    query = Neighbourly().encode_image([np.asarray(Image.open(folder / "red.png"))])
    assert found.records[int(found.search(query, 1).indices[0, 0])].id == "red.png"


def test_a_change_that_keeps_the_size_is_seen_by_its_times_or_its_content(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (folder / "000.ppm", folder / "001.ppm"):
        Image.new("RGB", (16, 12), "red").save(path)
    for settled in (-1, files.SETTLED):
        monkeypatch.setattr(files, "SETTLED", settled)
        Gallery.build(folder, Neighbourly(), progress=False)
        Image.new("RGB", (16, 12), "blue" if settled < 0 else "green").save(folder / "001.ppm")
        model = Neighbourly()
        assert model.embedded == 0
        changed = Gallery.build(folder, model, progress=False)
        assert model.embedded == 1
        assert changed.embeddings[changed.positions["001.ppm"]].argmax() == (2 if settled < 0 else 1)


def test_a_run_with_nothing_to_do_touches_nothing(folder: Path) -> None:
    def written() -> list[tuple[int, int, int]]:
        stats = [(folder / name).stat() for name in INDEX]
        return [(stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in stats]

    Gallery.build(folder, Neighbourly(), progress=False)
    before = written()
    Gallery.build(folder, Neighbourly(), progress=False)
    assert written() == before


def test_anew_embeds_everything_again(folder: Path) -> None:
    Gallery.build(folder, Neighbourly(), progress=False)
    model = Neighbourly()
    Gallery.build(folder, model, progress=False, anew=True)
    assert model.embedded == 48


def test_a_broken_picture_is_tried_again_and_a_mended_one_taken_in(folder: Path) -> None:
    assert len(Gallery.build(folder, Neighbourly(), progress=False)) == 48
    Image.new("RGB", (16, 12), "red").save(folder / "003.png")
    mended = Gallery.build(folder, Neighbourly(), progress=False)
    assert len(mended) == 49
    assert [name for name, _ in mended.skipped] == ["029.png"]


def test_an_index_without_digests_is_good_to_load_and_gets_them_when_built(folder: Path) -> None:
    built = Gallery.build(folder, Neighbourly(), progress=False)
    manifest = gallery.gallery_files.Manifest.from_json((folder / "gallery.json").read_text())
    gallery.gallery_files.write(folder, manifest, built.embeddings)  # as it was written before
    model = Neighbourly()
    Gallery.load(folder, model, progress=False)
    Image.new("RGB", (16, 12), "red").save(folder / "red.png")
    Gallery.load(folder, model, progress=False)
    assert model.embedded == 1, "what the size tells is not believed"
    Gallery.build(folder, model, progress=False)
    assert model.embedded == 1 + 48, "only what is known to be the same may be kept"


# The journal


def batch(start: int, count: int = 3) -> list[Done]:
    rows = np.random.default_rng(start).random((count, 4), np.float32)
    return [
        Done(f"{start + n}.png", "stamp", bytes([n] * 16), rows[n] if n else None, "" if n else "no")
        for n in range(count)
    ]


def as_text(done: Done) -> tuple[object, ...]:
    return done.id, done.stamp, done.digest, None if done.row is None else done.row.tolist(), done.why


def test_a_journal_gives_back_what_was_added_and_nothing_of_another_key(tmp_path: Path) -> None:
    journal = Journal([tmp_path / "new"], "a", 4)
    journal.add(batch(0))
    journal.add(batch(10))
    journal.close()
    again = Journal([tmp_path / "new"], "a", 4)
    assert [as_text(done) for done in again.done.values()] == [as_text(done) for done in batch(0) + batch(10)]
    assert not Journal([tmp_path / "new"], "b", 4).done
    assert not Journal([tmp_path / "new"], "a", 5).done
    again.remove()
    assert not list((tmp_path / "new").iterdir())


def test_a_journal_cut_or_spoilt_anywhere_gives_whole_batches_and_goes_on(tmp_path: Path) -> None:
    journal = Journal([tmp_path], "a", 4)
    journal.add(batch(0))
    journal.add(batch(10))
    journal.close()
    whole = (tmp_path / JOURNAL).read_bytes()
    border = whole.index(b"\n") + 1
    rng = np.random.default_rng(0)
    for cut in {*rng.integers(0, len(whole), 40).tolist(), border - 1, border, border + 1, len(whole) - 1}:
        (tmp_path / JOURNAL).write_bytes(whole[:cut])
        again = Journal([tmp_path], "a", 4)
        kept = 3 * ((cut >= border - 1) + (cut >= len(whole) - 1))
        assert len(again.done) == kept
        again.add(batch(20))
        again.close()
        assert len(Journal([tmp_path], "a", 4).done) == kept + 3
    spoilt = bytearray(whole)
    spoilt[border // 2] ^= 1
    (tmp_path / JOURNAL).write_bytes(bytes(spoilt))
    assert list(Journal([tmp_path], "a", 4).done) == ["10.png", "11.png", "12.png"]


def test_a_journal_that_cannot_be_kept_is_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    journal = Journal([tmp_path / "file" / "below"], "a", 4)
    journal.add(batch(0))
    journal.add(batch(10))
    assert caplog.text.count("cannot be kept") == 1
    journal.remove()


def test_stamps_that_are_damaged_are_done_without(tmp_path: Path) -> None:
    known_rows.write_stamps(tmp_path, {"a": ("1 2 3", b"\x01" * 16)})
    assert known_rows.read_stamps(tmp_path) == {"a": ("1 2 3", b"\x01" * 16)}
    for content in ("", "[1]", '{"a": 3}', '{"a": ["1", "xyz"]}', json.dumps({"a": ["1"]})):
        (tmp_path / known_rows.STAMPS).write_text(content)
        assert known_rows.read_stamps(tmp_path) == {}

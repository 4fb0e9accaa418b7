"""The pictures of a gallery as they are shown: thumbnails, sizes of the originals, copies."""

import sqlite3
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from mmgrad.gallery import pictures as module
from mmgrad.gallery.gallery import Gallery, Record
from mmgrad.gallery.near_duplicates import find_near_duplicates
from mmgrad.imaging.io import read_image


class MeanColor:
    dimension = 4
    fingerprint = "meancolor"

    def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
        return F.normalize(torch.tensor(np.stack([[*image.mean(axis=(0, 1)), 50] for image in images])).float(), dim=1)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def smooth(seed: int, height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "pictures"
    place.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side
    Image.fromarray(np.rot90(smooth(0, 1600, 1200))).save(place / "large.jpg", exif=exif, quality=95)
    Image.fromarray(smooth(1, 300, 400)).save(place / "small.png")
    return place


def thumbnails(folder: Path) -> dict[str, bytes]:
    with sqlite3.connect(folder / ".mmgrad" / "meancolor.sqlite") as db:
        return dict(db.execute("SELECT id, jpeg FROM thumbnails").fetchall())


def test_a_large_picture_gets_a_thumbnail_and_knows_the_size_of_its_upright_original(folder: Path) -> None:
    gallery = Gallery.build(folder, MeanColor(), progress=False)
    assert list(thumbnails(folder)) == ["large.jpg"]
    assert len(thumbnails(folder)["large.jpg"]) < 50_000
    large, small = gallery.pictures([0, 1])
    assert (large.height, large.width, small.height, small.width) == (1600, 1200, 300, 400)
    assert 448 <= large.pixels.shape[0] <= 512
    assert np.array_equal(small.pixels, smooth(1, 300, 400))
    assert np.abs(large.pixels.astype(int) - read_image(folder / "large.jpg").pixels).mean() < 3
    assert not large.missing
    assert np.array_equal(gallery.thumbnail(0), large.pixels)
    loaded = Gallery.load(folder, MeanColor(), progress=False)
    assert np.array_equal(loaded.thumbnail(0), large.pixels)


def test_the_original_is_not_opened_while_its_thumbnail_is_fresh(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = Gallery.build(folder, MeanColor(), progress=False)
    opened: list[object] = []
    read = module.read_image
    monkeypatch.setattr(module, "read_image", lambda path: (opened.append(path.name), read(path))[1])
    gallery.pictures([0, 1, 0])
    assert opened == ["small.png"]


def test_without_thumbnails_pictures_are_decoded_and_thumbnails_made(folder: Path) -> None:
    gallery = Gallery.build(folder, MeanColor(), progress=False, thumbnails=False)
    assert thumbnails(folder) == {}
    assert np.array_equal(gallery.thumbnail(0), read_image(folder / "large.jpg").pixels)
    assert list(thumbnails(folder)) == ["large.jpg"]


def test_a_stale_thumbnail_is_made_again(folder: Path) -> None:
    gallery = Gallery.build(folder, MeanColor(), progress=False)
    Image.fromarray(smooth(2, 1600, 1200)).save(folder / "large.jpg")
    expected = read_image(folder / "large.jpg").pixels
    assert np.array_equal(gallery.thumbnail(0), expected)
    again = gallery.thumbnail(0)
    assert not np.array_equal(again, expected), "no thumbnail was made"
    assert np.abs(again.astype(int) - expected).mean() < 3


def test_a_picture_that_is_gone_is_shown_by_its_thumbnail_and_said_to_be_missing(folder: Path) -> None:
    gallery = Gallery.build(folder, MeanColor(), progress=False)
    before = gallery.thumbnail(0)
    for path in folder.glob("*.*"):
        if path.is_file():
            path.unlink()
    large, small = gallery.pictures([0, 1])
    assert large.missing
    assert small.missing
    assert np.array_equal(large.pixels, before)
    assert (large.height, large.width, small.height, small.width) == (1600, 1200, 300, 400)
    assert str(folder) not in large.note + small.note
    assert "small.png" in small.note


def test_a_gallery_made_by_hand_shows_its_pictures(folder: Path) -> None:
    records = (Record("a", folder / "large.jpg"), Record("b", folder / "gone.png"))
    gallery = Gallery(folder, records, F.normalize(torch.eye(2, 4)), "x")
    large, gone = gallery.pictures([0, 1])
    assert (large.height, large.width, large.missing) == (1600, 1200, False)
    assert gone.missing


def test_every_copy_is_found_and_no_other(tmp_path: Path) -> None:
    """Forty copies of a picture, in other sizes and formats, among pictures that are like it."""
    place = tmp_path / "copies"
    place.mkdir()
    original = smooth(0, 600, 800)
    for number in range(40):
        size = (800 - 10 * number, 600 - 7 * number)
        name = place / f"copy{number:02}.{'jpg' if number % 2 else 'webp'}"
        Image.fromarray(cv2.resize(original, size, interpolation=cv2.INTER_AREA)).save(name)
    for number in range(10):
        edited = original.copy()
        edited[100 + 10 * number : 180 + 10 * number, 200:300] = 255
        Image.fromarray(edited).save(place / f"edited{number}.png")
    gallery = Gallery.build(place, MeanColor(), progress=False)
    embedding = MeanColor().encode_image([original])
    expected = tuple(f"copy{number:02}.{'jpg' if number % 2 else 'webp'}" for number in range(40))
    assert find_near_duplicates(gallery, original, embedding) == expected
    by_hand = Gallery(place, gallery.records, gallery.embeddings, "x")
    assert set(find_near_duplicates(by_hand, original, embedding)) <= set(expected)

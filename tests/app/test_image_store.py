import zipfile

import numpy as np
import pytest
from PIL import Image

from mmgrad.app import image_store as pictures
from mmgrad.app.image_store import ImageStore
from mmgrad.errors import InputError
from mmgrad.gallery.sources.zip_archive import list_zip
from mmgrad.imaging.io import load_image


@pytest.fixture
def kept(drawn_folder):
    return ImageStore({"gallery:00.png": drawn_folder / "00.png"})


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (20, 30, 3), np.uint8)


def test_an_upload_opens_again_pixel_for_pixel(kept):
    name = kept.name(noise(0))
    kept.keep(name, noise(0))
    assert name.startswith("upload:")
    assert (kept.open(name) == noise(0)).all()


def test_different_pictures_have_different_names(kept):
    flat = np.zeros((20, 30, 3), np.uint8)
    assert len({kept.name(noise(0)), kept.name(noise(1)), kept.name(flat), kept.name(flat.reshape(30, 20, 3))}) == 4


def test_a_picture_taken_from_the_gallery_keeps_its_lasting_name(kept, drawn_folder):
    image = load_image(kept.path("gallery:00.png"))
    assert kept.name(image) == "gallery:00.png"
    kept.keep("gallery:00.png", image)
    assert (kept.open("gallery:00.png") == image).all()


@pytest.mark.parametrize("name", ["gallery:01.png", "upload:none", "gallery:../00.png", "/etc/passwd", None, ["a"]])
def test_what_is_not_kept_is_told_in_a_sentence(kept, name):
    with pytest.raises(InputError, match="choose it again"):
        kept.open(name)


def test_an_upload_is_not_a_lasting_file(kept):
    name = kept.name(noise(0))
    kept.keep(name, noise(0))
    with pytest.raises(InputError):
        kept.path(name)


def test_the_upload_used_longest_ago_goes_first_and_its_file_with_it(kept, monkeypatch):
    monkeypatch.setattr(pictures, "KEPT", 2)
    names = [kept.name(noise(seed)) for seed in range(3)]
    for seed in (0, 1, 0, 2):
        kept.keep(names[seed], noise(seed))
    kept.open(names[0])
    kept.open(names[2])
    with pytest.raises(InputError):
        kept.open(names[1])
    assert len(list(kept._uploads[names[0]].parent.iterdir())) == 2


def test_a_picture_in_an_archive_is_shown_by_its_pixels_and_keeps_its_name(tmp_path):
    Image.fromarray(noise(0)).save(tmp_path / "0.png")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "0.png", "0.png")
    (record,) = list_zip(tmp_path / "a.zip").records
    kept = ImageStore({"gallery:0.png": record.path})
    shown = kept.path("gallery:0.png")
    assert (shown == noise(0)).all()
    assert kept.name(shown) == "gallery:0.png"
    assert (kept.open("gallery:0.png") == noise(0)).all()


def test_recognised_pictures_are_bounded(monkeypatch, tmp_path):
    monkeypatch.setattr(pictures, "REMEMBERED", 2)
    for seed in range(3):
        Image.fromarray(noise(seed)).save(tmp_path / f"{seed}.png")
    kept = ImageStore({f"gallery:{seed}": tmp_path / f"{seed}.png" for seed in range(3)})
    for seed in range(3):
        kept.path(f"gallery:{seed}")
    assert [kept.name(noise(seed)).partition(":")[0] for seed in range(3)] == ["upload", "gallery", "gallery"]

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from mmgrad.app import image_store
from mmgrad.app.image_input import UploadedImage
from mmgrad.app.image_store import ImageStore
from mmgrad.errors import InputError
from mmgrad.gallery.sources.zip_archive import list_zip
from mmgrad.imaging.io import MAX_SIDE, load_image


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(drawn_folder, clock):
    return ImageStore({"gallery:00.png": drawn_folder / "00.png"}, clock=clock)


def noise(seed: int, height: int = 20, width: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def encoded(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def upload(seed: int) -> UploadedImage:
    return UploadedImage(encoded(noise(seed)))


def test_a_small_upload_opens_again_byte_for_byte(store):
    name = store.name(upload(0))
    store.keep(name, upload(0))
    assert name.startswith("upload:")
    assert store.open(name) == upload(0).content
    assert (load_image(store.open(name)) == noise(0)).all()


def test_a_large_upload_is_kept_as_a_smaller_picture_that_shows_the_same(store, monkeypatch):
    monkeypatch.setattr(image_store, "MAX_UNCHANGED", 1000)
    smooth = np.tile(np.linspace(0, 255, MAX_SIDE + 500, dtype=np.uint8)[None, :, None], (40, 1, 3))
    large = UploadedImage(encoded(smooth, "BMP"))
    name = store.name(large)
    store.keep(name, large)
    kept = store.open(name)
    assert len(kept) < len(large.content) / 10
    shown, expected = load_image(kept), load_image(large.content)
    assert shown.shape == expected.shape == (32, MAX_SIDE, 3)
    assert np.abs(shown.astype(int) - expected.astype(int)).mean() < 2


def test_different_pictures_have_different_names_and_one_picture_the_same_within_a_session(store):
    names = [store.name(upload(seed), "visitor") for seed in (0, 1, 0)]
    assert names[0] == names[2] != names[1]


def test_a_name_cannot_be_guessed_by_who_has_the_picture(drawn_folder):
    first, second = ImageStore({}), ImageStore({})
    assert first.name(upload(0), "one") != first.name(upload(0), "another")
    assert first.name(upload(0), "one") != second.name(upload(0), "one")
    assert len(first.name(upload(0)).removeprefix("upload:")) == 32


def test_a_gallery_picture_keeps_its_name_in_every_session(store, drawn_folder):
    path = store.show("gallery:00.png")
    image = UploadedImage(path.read_bytes())
    assert [store.name(image, session) for session in ("one", "another")] == ["gallery:00.png"] * 2
    store.keep("gallery:00.png", image)
    assert store.size == 0
    assert store.open("gallery:00.png") == drawn_folder / "00.png"


@pytest.mark.parametrize("name", ["gallery:01.png", "upload:none", "gallery:../00.png", "/etc/passwd", None, ["a"]])
def test_a_picture_that_is_not_kept_is_reported_in_a_sentence(store, name):
    with pytest.raises(InputError, match="choose it again"):
        store.open(name)
    with pytest.raises(InputError, match="choose it again"):
        store.show(str(name))


def test_uploads_stay_within_their_bytes_and_the_one_asked_about_longest_ago_goes_first(clock):
    content = len(upload(0).content)
    store = ImageStore({}, max_bytes=2 * content + content // 2, clock=clock)
    names = [store.name(upload(seed)) for seed in range(3)]
    for seed in (0, 1, 0, 2):
        store.keep(names[seed], upload(seed))
        assert store.size <= store.max_bytes
    store.open(names[0])
    store.open(names[2])
    with pytest.raises(InputError):
        store.open(names[1])


def test_an_upload_is_forgotten_an_hour_after_the_last_question(store, clock):
    name = store.name(upload(0))
    store.keep(name, upload(0))
    clock.now = store.max_age - 1
    store.keep(name, upload(0))
    clock.now = 2 * store.max_age - 2
    assert store.open(name) == upload(0).content
    clock.now = 2 * store.max_age - 1
    with pytest.raises(InputError):
        store.open(name)
    assert store.size == 0


def test_opening_a_link_does_not_keep_an_upload_longer(store, clock):
    name = store.name(upload(0))
    store.keep(name, upload(0))
    clock.now = store.max_age - 1
    store.open(name)
    clock.now = store.max_age
    with pytest.raises(InputError):
        store.open(name)


def test_a_picture_in_an_archive_is_shown_by_its_bytes_and_keeps_its_name(tmp_path):
    (tmp_path / "0.png").write_bytes(upload(0).content)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "0.png", "0.png")
    (record,) = list_zip(tmp_path / "a.zip").records
    store = ImageStore({"gallery:0.png": record.path})
    shown = store.show("gallery:0.png")
    assert shown == upload(0).content
    assert store.name(UploadedImage(shown)) == "gallery:0.png"
    assert (load_image(store.open("gallery:0.png")) == noise(0)).all()


def test_a_gallery_picture_that_browsers_do_not_show_is_shown_as_jpeg_and_keeps_its_name(tmp_path):
    Image.fromarray(noise(0)).save(tmp_path / "0.tif")
    store = ImageStore({"gallery:0.tif": tmp_path / "0.tif"})
    shown = store.show("gallery:0.tif")
    assert Image.open(io.BytesIO(shown)).format == "JPEG"
    assert store.name(UploadedImage(shown)) == "gallery:0.tif"
    assert (load_image(store.open("gallery:0.tif")) == noise(0)).all()


def test_recognized_pictures_are_bounded(monkeypatch, tmp_path):
    monkeypatch.setattr(image_store, "MAX_RECOGNIZED", 2)
    for seed in range(3):
        (tmp_path / f"{seed}.png").write_bytes(upload(seed).content)
    store = ImageStore({f"gallery:{seed}": tmp_path / f"{seed}.png" for seed in range(3)})
    for seed in range(3):
        store.show(f"gallery:{seed}")
    assert [store.name(upload(seed)).partition(":")[0] for seed in range(3)] == ["upload", "gallery", "gallery"]

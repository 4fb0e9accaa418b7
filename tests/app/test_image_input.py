import base64
import io
from pathlib import Path

import numpy as np
import pytest
from gradio.data_classes import ImageData
from PIL import Image

from mmgrad.app.image_input import ImageInput, InvalidUpload, fit_to_browser, is_browser_safe
from mmgrad.errors import InputError
from mmgrad.imaging.io import load_image


@pytest.fixture
def field(tmp_path):
    """A field whose uploads lie in `tmp_path / "uploads"`."""
    made = ImageInput()
    made.GRADIO_CACHE = str(tmp_path / "uploads")
    (tmp_path / "uploads").mkdir()
    return made


def encoded(kind: str, size: tuple[int, int] = (20, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (9, 200, 9)).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("content", [encoded("PNG"), encoded("TIFF"), b"no picture at all"])
def test_handlers_get_the_bytes_of_the_file_as_they_came(field, tmp_path, content):
    (tmp_path / "uploads" / "a.png").write_bytes(content)
    assert field.preprocess(ImageData(path=str(tmp_path / "uploads" / "a.png"))).content == content


@pytest.mark.parametrize("path", ["a.png", "uploads/../a.png", "uploads/link.png"])
def test_a_file_that_nobody_uploaded_is_not_read(field, tmp_path, path):
    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    (tmp_path / "uploads" / "link.png").symlink_to(tmp_path / "a.png")
    refused = field.preprocess(ImageData(path=str(tmp_path / path)))
    assert isinstance(refused, InvalidUpload)
    assert "a.png" not in refused.reason


def test_sixteen_bits_and_transparency_reach_the_decoder_of_the_engine(field, tmp_path):
    Image.fromarray(np.full((20, 20), 32768, np.uint16)).save(tmp_path / "uploads" / "deep.png")
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(tmp_path / "uploads" / "clear.png")
    deep, clear = (
        field.preprocess(ImageData(path=str(tmp_path / "uploads" / name))) for name in ("deep.png", "clear.png")
    )
    assert abs(int(load_image(deep.content).mean()) - 128) <= 1
    assert (load_image(clear.content) == 255).all()


def test_a_data_uri_is_read(field):
    body = base64.b64encode(encoded("PNG")).decode()
    assert field.preprocess(ImageData(url=f"data:image/png;base64,{body}")).content == encoded("PNG")


@pytest.mark.parametrize("url", [None, "http://127.0.0.1/x.png", "data:image/png;base64,###", "data:,hello"])
def test_a_picture_that_did_not_arrive_comes_with_a_sentence(field, url):
    refused = field.preprocess(ImageData(url=url))
    assert isinstance(refused, InvalidUpload)
    assert "choose it again" in refused.reason


def test_a_file_that_is_gone_comes_with_a_sentence(field, tmp_path):
    assert "choose it again" in field.preprocess(ImageData(path=str(tmp_path / "uploads" / "gone.png"))).reason


def test_no_picture_is_none(field):
    assert field.preprocess(None) is None


@pytest.mark.parametrize("as_bytes", [False, True])
def test_a_file_is_shown_as_a_copy_so_its_folder_stays_closed(field, tmp_path, as_bytes):
    (tmp_path / "green.png").write_bytes(encoded("PNG"))
    shown = Path(field.postprocess(encoded("PNG") if as_bytes else tmp_path / "green.png").path)
    assert shown != tmp_path / "green.png"
    assert shown.read_bytes() == encoded("PNG")
    assert shown.suffix == ".png"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "AVIF"])
def test_formats_that_browsers_show_stay_as_they_are(kind):
    content = encoded(kind)
    assert fit_to_browser(content) is content


@pytest.mark.parametrize("kind", ["TIFF", "PPM"])
def test_formats_that_browsers_do_not_show_become_jpeg(kind):
    shown = fit_to_browser(encoded(kind))
    assert is_browser_safe(shown)
    assert np.abs(load_image(shown).astype(int) - (9, 200, 9)).max() <= 3


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_picture_is_refused_in_a_sentence(content):
    with pytest.raises(InputError, match="please"):
        fit_to_browser(content)

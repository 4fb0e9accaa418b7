import base64
import re
from pathlib import Path

import numpy as np
import pytest
from gradio.data_classes import ImageData
from PIL import Image

from mmgrad.app.image_input import Picture, Refused


@pytest.fixture(scope="module")
def picture():
    return Picture()


def test_sixteen_bits_are_scaled_not_clipped(picture, tmp_path):
    Image.fromarray(np.full((20, 20), 32768, np.uint16)).save(tmp_path / "deep.png")
    assert abs(int(picture.preprocess(ImageData(path=str(tmp_path / "deep.png"))).mean()) - 128) <= 1


def test_transparency_is_laid_on_white(picture, tmp_path):
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (picture.preprocess(ImageData(path=str(tmp_path / "clear.png"))) == 255).all()


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_a_file_that_is_no_picture_comes_with_the_sentence_that_says_why(picture, tmp_path, content):
    (tmp_path / "bad.png").write_bytes(content)
    refused = picture.preprocess(ImageData(path=str(tmp_path / "bad.png")))
    assert isinstance(refused, Refused)
    assert re.search(r"bad\.png.*please", refused.reason)


def test_a_data_uri_is_read(picture, tmp_path):
    Image.new("RGB", (20, 30), (9, 200, 9)).save(tmp_path / "green.png")
    body = base64.b64encode((tmp_path / "green.png").read_bytes()).decode()
    assert picture.preprocess(ImageData(url=f"data:image/png;base64,{body}")).shape == (30, 20, 3)


@pytest.mark.parametrize("url", [None, "http://127.0.0.1/x.png", "data:image/png;base64,###", "data:,hello"])
def test_a_picture_that_did_not_arrive_comes_with_a_sentence(picture, url):
    assert "choose it again" in picture.preprocess(ImageData(url=url)).reason


def test_no_picture_is_none(picture):
    assert picture.preprocess(None) is None


def test_a_file_is_shown_as_a_copy_so_its_folder_stays_closed(picture, tmp_path):
    Image.new("RGB", (20, 30), (9, 200, 9)).save(tmp_path / "green.png")
    shown = Path(picture.postprocess(tmp_path / "green.png").path)
    assert shown != tmp_path / "green.png"
    assert shown.read_bytes() == (tmp_path / "green.png").read_bytes()

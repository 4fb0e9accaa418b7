import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from mmgrad.app.downloads import FILES, file_view


@pytest.fixture(scope="module")
def made(make_engine):
    return make_engine().explain(np.full((90, 120, 3), 128, np.uint8), "make ${7*7} it שלום blue", 3)


def content(made, kind: str) -> bytes:
    view = file_view(made, kind, ["a note"])
    assert (view["name"], view["mime"]) == (f"mmgrad.{kind}", FILES[kind].mime)
    return base64.b64decode(view["data"])


def test_the_figure_is_a_picture_for_print(made):
    picture = Image.open(io.BytesIO(content(made, "png")))
    assert picture.format == "PNG"
    assert min(picture.size) >= 600


def test_the_figure_is_a_document_too(made):
    assert content(made, "pdf").startswith(b"%PDF-")


def test_the_numbers_are_json(made):
    numbers = json.loads(content(made, "json"))
    assert numbers["text"] == "make ${7*7} it שלום blue"
    assert numbers["notes"] == ["a note"]
    assert [hit["rank"] for hit in numbers["hits"]] == [1, 2, 3]


def test_the_raw_maps_are_arrays_that_need_no_pickle(made):
    arrays = np.load(io.BytesIO(content(made, "npz")), allow_pickle=False)
    assert (arrays["reference"] == made.reference.values).all()
    assert (arrays["reference_change"] == made.reference.signed).all()
    assert arrays["targets_change"].shape == (3, 14, 14)
    assert arrays["targets"].shape == (3, 14, 14)
    assert arrays["words_targets"].shape == (len(made.words), 3, 14, 14)
    assert json.loads(str(arrays["explanation"]))["text"] == made.text

import io

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from mmgrad.app.api import ProgrammaticAPI
from mmgrad.app.image_input import InvalidUpload, UploadedImage
from mmgrad.app.settings import Limits


def upload(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return UploadedImage(buffer.getvalue())


PICTURE = upload(np.full((90, 120, 3), 128, np.uint8))
OTHER = "an/other: one"


@pytest.fixture
def programs(drawn_engine, other_engine):
    return ProgrammaticAPI({"drawn": drawn_engine, OTHER: other_engine}, Limits(results=13))


def test_programs_get_numbers_and_a_drawing(programs):
    answer = programs.explain(PICTURE, "make it blue", top_k=3)
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3]
    assert answer["hits"][2]["peak_xy"] is None
    assert (answer["reference"]["width"], answer["reference"]["height"]) == (120, 90)
    assert answer["notes"] == []
    drawn = programs.draw(PICTURE, "make it blue", top_k=2)
    assert drawn.dtype == np.uint8
    assert min(drawn.shape[:2]) > 300
    assert drawn.std() > 0


@pytest.mark.parametrize(
    "given", [(None, "a"), (InvalidUpload("it is broken"), "a"), (PICTURE, ""), (PICTURE, "a", None)]
)
def test_programs_are_told_what_is_wrong(programs, given):
    with pytest.raises(gr.Error, match=r"picture|broken|empty|number"):
        programs.explain(*given)


def test_programs_choose_a_gallery_by_name(programs, other_folder):
    assert programs.explain(PICTURE, "make it blue", 2)["gallery"].startswith("drawn")
    assert programs.explain(PICTURE, "make it blue", 2, 1.0, False, OTHER)["gallery"] == other_folder.name
    assert programs.draw(PICTURE, "make it blue", 2, OTHER).std() > 0


def test_a_default_call_works_in_a_gallery_of_fewer_pictures(programs):
    assert len(programs.explain(PICTURE, "make it blue", gallery=OTHER)["hits"]) == 5
    assert programs.draw(PICTURE, "make it blue", gallery=OTHER).std() > 0


def test_programs_are_told_of_a_gallery_that_is_not_here(programs):
    for ask in (programs.explain, programs.draw):
        with pytest.raises(gr.Error, match=f"no gallery “none” here; please choose one of “drawn”, “{OTHER}”"):
            ask(PICTURE, "make it blue", gallery="none")


def test_programs_get_no_more_than_the_page_allows(programs):
    assert len(programs.explain(PICTURE, "make it blue", top_k=13)["hits"]) == 13
    for ask in (programs.explain, programs.draw):
        with pytest.raises(gr.Error, match="may be at most 13 here, not 14"):
            ask(PICTURE, "make it blue", top_k=14)


def test_programs_get_what_the_metadata_says(programs, markup):
    (hit,) = programs.explain(PICTURE, "make it blue", 1, gallery=OTHER)["hits"]
    assert (hit["caption"], hit["license"], hit["link"]) == (markup, "<b>CC BY</b>", None)
    (hit,) = programs.explain(PICTURE, "make it blue", 1)["hits"]
    assert (hit["license"], hit["link"]) == ("GPL-3.0-or-later", "https://example.org/a")

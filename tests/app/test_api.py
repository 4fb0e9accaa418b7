import gradio as gr
import numpy as np
import pytest

from mmgrad.app.api import ProgrammaticAPI
from mmgrad.app.image_input import Refused
from mmgrad.app.settings import Limits

PICTURE = np.full((90, 120, 3), 128, np.uint8)
OTHER = "an/other: one"


@pytest.fixture
def programs(drawn_engine, other_engine):
    return ProgrammaticAPI({"drawn": drawn_engine, OTHER: other_engine}, Limits(results=13))


def test_programs_get_numbers_and_a_drawing(programs):
    answer = programs.explain(PICTURE, "make it blue", top=3)
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3]
    assert answer["hits"][2]["peak_xy"] is None
    drawn = programs.draw(PICTURE, "make it blue", top=2)
    assert drawn.dtype == np.uint8
    assert min(drawn.shape[:2]) > 300
    assert drawn.std() > 0


@pytest.mark.parametrize("given", [(None, "a"), (Refused("it is broken"), "a"), (PICTURE, ""), (PICTURE, "a", None)])
def test_programs_are_told_what_is_wrong(programs, given):
    with pytest.raises(gr.Error, match=r"picture|broken|empty|number"):
        programs.explain(*given)


def test_programs_choose_a_gallery_by_name(programs, other_folder):
    assert programs.explain(PICTURE, "make it blue", 2)["gallery"].startswith("drawn")
    assert programs.explain(PICTURE, "make it blue", 2, 1.0, False, OTHER)["gallery"] == other_folder.name
    assert programs.draw(PICTURE, "make it blue", 2, OTHER).std() > 0


def test_programs_are_told_of_a_gallery_that_is_not_here(programs):
    for ask in (programs.explain, programs.draw):
        with pytest.raises(gr.Error, match=f"no gallery “none” here; please choose one of “drawn”, “{OTHER}”"):
            ask(PICTURE, "make it blue", gallery="none")


def test_programs_get_no_more_than_the_page_allows(programs):
    assert len(programs.explain(PICTURE, "make it blue", top=13)["hits"]) == 13
    for ask in (programs.explain, programs.draw):
        with pytest.raises(gr.Error, match="may be at most 13 here, not 14"):
            ask(PICTURE, "make it blue", top=14)


def test_programs_get_what_the_metadata_says(programs, markup):
    (hit,) = programs.explain(PICTURE, "make it blue", 1, gallery=OTHER)["hits"]
    assert (hit["caption"], hit["licence"], hit["link"]) == (markup, "<b>CC BY</b>", None)
    (hit,) = programs.explain(PICTURE, "make it blue", 1)["hits"]
    assert (hit["licence"], hit["link"]) == ("GPL-3.0-or-later", "https://example.org/a")

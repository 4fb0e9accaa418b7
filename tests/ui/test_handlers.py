from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from mmgrad.ui.examples import Example
from mmgrad.ui.handlers import Handlers

PICTURE = np.full((90, 120, 3), 128, np.uint8)


@pytest.fixture
def on(drawn_engine, drawn_folder):
    return Handlers(drawn_engine, [Example("first", drawn_folder / "00.png", "make it red", "recolour", "The thing.")])


def event(**data):
    return gr.EventData(None, data)


def test_asking_shows_the_reference_first_then_the_results_then_the_words(on):
    steps = list(on.ask(PICTURE, "make it blue"))
    assert [step["step"] for step in steps] == ["reference", "hits", "words"]
    assert ["hits" in step for step in steps] == [False, True, True]
    assert ["words" in step for step in steps] == [False, False, True]
    assert len(steps[-1]["hits"]) == 12
    assert len({step["run"] for step in steps}) == 1


def test_two_questions_are_told_apart(on):
    assert next(on.ask(PICTURE, "make it blue"))["run"] != next(on.ask(PICTURE, "make it blue"))["run"]


def test_a_gallery_of_fewer_than_twelve_pictures_shows_them_all(on, drawn_engine, monkeypatch):
    monkeypatch.setattr(drawn_engine.gallery, "records", drawn_engine.gallery.records[:5])
    *_, last = on.ask(PICTURE, "make it blue")
    assert len(last["hits"]) == 5


def test_asking_without_a_picture_is_answered_in_a_sentence(on):
    with pytest.raises(gr.Error, match="There is no picture yet"):
        next(on.ask(None, "make it blue"))


def test_what_the_engine_refuses_is_answered_in_its_own_sentence(on):
    with pytest.raises(gr.Error, match="The text is empty") as caught:
        next(on.ask(PICTURE, "  "))
    assert caught.value.print_exception is False


def test_a_defect_is_not_shown_as_the_visitors_fault(on, drawn_engine, monkeypatch):
    monkeypatch.setattr(drawn_engine, "stream", lambda *_: (_ for _ in ()).throw(KeyError("internal")))
    with pytest.raises(KeyError):
        next(on.ask(PICTURE, "make it blue"))


def test_an_example_gives_its_picture_and_its_sentence(on, drawn_folder):
    assert on.use_example(event(id="first")) == (drawn_folder / "00.png", "make it red")


@pytest.mark.parametrize("data", [{"id": "none"}, {}, {"id": ["first"]}])
def test_an_unknown_example_is_answered_in_a_sentence(on, data):
    with pytest.raises(gr.Error, match="reload"):
        on.use_example(event(**data))


def test_a_result_becomes_the_next_reference(on, drawn_folder):
    assert on.use_hit(event(id="03.png")) == drawn_folder / "03.png"


@pytest.mark.parametrize("name", ["/etc/passwd", "../03.png", None])
def test_only_pictures_of_the_gallery_can_become_the_reference(on, name):
    with pytest.raises(gr.Error, match="not in the gallery"):
        on.use_hit(SimpleNamespace(_data={"id": name}))

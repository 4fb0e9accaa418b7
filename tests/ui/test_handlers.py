from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from mmgrad.ui.examples import Example
from mmgrad.ui.handlers import WAYS, Handlers
from mmgrad.ui.picture import Refused

PICTURE = np.full((90, 120, 3), 128, np.uint8)


@pytest.fixture
def on(drawn_engine, drawn_folder):
    return Handlers(drawn_engine, [Example("first", drawn_folder / "00.png", "make it red", "recolour", "The thing.")])


@pytest.fixture
def query(on):
    """What the page sends along with a closer question, of a picture that was asked about."""
    *_, last = on.ask(PICTURE, "make it blue")
    return last["query"]


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


def test_an_answer_says_which_question_it_answers(on):
    asked = next(on.ask(PICTURE, "make it blue", 1.5, True))["query"]
    assert asked.pop("picture").startswith("upload:")
    assert asked == {"text": "make it blue", "strength": 1.5, "leave_out": True}


def test_balance_and_copies_reach_the_engine(on, drawn_engine):
    *_, last = on.ask(PICTURE, "make it blue", 0.5, True)
    assert drawn_engine.asked[-1] == ("stream", "make it blue", 12, 0.5, True)
    assert last["left_out"] == 1


def test_a_gallery_of_fewer_than_twelve_pictures_shows_them_all(on, drawn_engine):
    drawn_engine.gallery.records = drawn_engine.gallery.records[:5]
    *_, last = on.ask(PICTURE, "make it blue")
    assert len(last["hits"]) == 5


def test_asking_without_a_picture_is_answered_in_a_sentence(on):
    with pytest.raises(gr.Error, match="There is no picture yet"):
        next(on.ask(None, "make it blue"))


def test_asking_about_a_broken_picture_adds_no_second_sentence(on):
    assert list(on.ask(Refused("it is broken"), "make it blue")) == []


def test_what_the_engine_refuses_is_answered_in_its_own_sentence(on):
    with pytest.raises(gr.Error, match="The text is empty") as caught:
        next(on.ask(PICTURE, "  "))
    assert caught.value.print_exception is False


def test_a_defect_is_not_shown_as_the_visitors_fault(on, drawn_engine, monkeypatch):
    monkeypatch.setattr(drawn_engine, "stream", lambda *_: (_ for _ in ()).throw(KeyError("internal")))
    with pytest.raises(KeyError):
        next(on.ask(PICTURE, "make it blue"))


def test_a_picture_brings_sentences_that_suit_it(on):
    assert on.look(None) == list(WAYS)
    assert on.look(PICTURE)[0] == "move the picture of 120 pixels"


def test_a_broken_picture_is_told_once_it_comes(on):
    with pytest.raises(gr.Error, match="it is broken"):
        on.look(Refused("it is broken"))


def test_an_example_brings_picture_sentence_and_an_answer_made_beforehand(on, drawn_engine, drawn_folder):
    drawn_engine.asked.clear()
    path, text, strength, leave_out, shown = on.open_example(event(id="first"))
    assert (path, text, strength, leave_out) == (drawn_folder / "00.png", "make it red", 1.0, False)
    assert shown["look_at"] == "The thing."
    assert shown["query"]["picture"] == "example:first"
    assert (shown["step"], len(shown["hits"])) == ("words", 12)
    assert drawn_engine.asked == []


@pytest.mark.parametrize("data", [{"id": "none"}, {}, {"id": ["first"]}])
def test_an_unknown_example_is_answered_in_a_sentence(on, data):
    with pytest.raises(gr.Error, match="reload"):
        on.open_example(event(**data))


def test_a_result_becomes_the_next_reference(on, drawn_folder):
    assert on.use_hit(event(id="03.png")) == drawn_folder / "03.png"


@pytest.mark.parametrize("name", ["/etc/passwd", "../03.png", None])
def test_only_pictures_of_the_gallery_can_become_the_reference(on, name):
    with pytest.raises(gr.Error, match="not in the gallery"):
        on.use_hit(SimpleNamespace(_data={"id": name}))


def test_any_picture_is_one_of_the_gallery(on, drawn_folder):
    assert on.use_any().parent == drawn_folder


def test_a_link_opens_the_picture_and_the_settings(on, drawn_folder, query):
    link = {"picture": "gallery:04.png", "text": "make it blue", "strength": 2, "leave_out": True}
    assert on.reopen(event(query=link)) == (drawn_folder / "04.png", "make it blue", 2.0, True)
    picture, *rest = on.reopen(event(query=query))
    assert (picture == PICTURE).all()
    assert rest == ["make it blue", 1.0, False]


@pytest.mark.parametrize(
    "link",
    [
        None,
        "text",
        {},
        {"picture": "gallery:04.png"},
        {"picture": "gallery:04.png", "text": 7},
        {"picture": "gallery:../04.png", "text": "a"},
        {"picture": "/etc/passwd", "text": "a"},
        {"picture": "upload:never", "text": "a"},
        {"picture": "gallery:04.png", "text": "a", "strength": None},
        {"picture": "gallery:04.png", "text": "a", "strength": True},
    ],
)
def test_a_broken_link_is_answered_in_a_sentence(on, link):
    with pytest.raises(gr.Error, match=r"please (ask again|choose it again)"):
        on.reopen(event(query=link))


@pytest.mark.parametrize(
    ("name", "more", "told"),
    [
        ("contrast", {"first": "01.png", "second": "02.png"}, ("contrast", "make it blue", "01.png", "02.png", 1.0)),
        ("text_blind", {"ids": ["01.png", "02.png"]}, ("text_blind", "make it blue", 2)),
        ("responses", {"ids": ["01.png"]}, ("responses", "make it blue", 1, 1.0)),
        ("check", {"id": "05.png"}, ("check", "make it blue", "05.png", 1.0)),
    ],
)
def test_a_closer_question_is_asked_of_the_same_picture_and_text(on, drawn_engine, query, name, more, told):
    answer = getattr(on, name)(event(query=query, ticket=7, **more))
    assert (answer["kind"], answer["ticket"]) == (name, 7)
    assert drawn_engine.asked[-1] == told


@pytest.mark.parametrize(("name", "more"), [("contrast", {"first": "01.png"}), ("check", {"id": "../01.png"})])
def test_a_closer_question_about_an_unknown_result_is_answered_in_a_sentence(on, query, name, more):
    with pytest.raises(gr.Error, match="holds no picture"):
        getattr(on, name)(event(query=query, ticket=1, **more))


@pytest.mark.parametrize("kind", ["png", "pdf", "json", "npz"])
def test_a_file_is_made_of_the_same_question(on, drawn_engine, query, kind):
    answer = on.take(event(query=query | {"leave_out": True}, ticket=1, file=kind))
    assert answer["name"] == f"mmgrad.{kind}"
    assert drawn_engine.asked[-1] == ("stream", "make it blue", 12, 1.0, True)


def test_an_unknown_kind_of_file_is_answered_in_a_sentence(on, query):
    with pytest.raises(gr.Error, match="png, pdf, json, npz"):
        on.take(event(query=query, file="../../etc"))


def test_programs_get_numbers_and_a_drawing(on):
    answer = on.explain(PICTURE, "make it blue", top=3)
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3]
    assert answer["hits"][2]["peak_xy"] is None
    drawn = on.draw(PICTURE, "make it blue", top=2)
    assert drawn.dtype == np.uint8
    assert min(drawn.shape[:2]) > 300
    assert drawn.std() > 0


@pytest.mark.parametrize("given", [(None, "a"), (Refused("it is broken"), "a"), (PICTURE, ""), (PICTURE, "a", None)])
def test_programs_are_told_what_is_wrong(on, given):
    with pytest.raises(gr.Error, match=r"picture|broken|empty|number"):
        on.explain(*given)

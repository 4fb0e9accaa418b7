import base64
import io
import json
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from mmgrad.app.examples import Example
from mmgrad.app.handlers import DEFAULT_PROMPTS, Handlers
from mmgrad.app.image_input import InvalidUpload, UploadedImage
from mmgrad.app.settings import Limits
from mmgrad.errors import InputError


def upload(pixels, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return UploadedImage(buffer.getvalue())


PICTURE = upload(np.full((90, 120, 3), 128, np.uint8))


@pytest.fixture
def on(drawn_engine, drawn_folder):
    return Handlers({"drawn": drawn_engine}, _examples(drawn_folder))


@pytest.fixture
def both(drawn_engine, other_engine, drawn_folder):
    """The page over two galleries."""
    return Handlers({"drawn": drawn_engine, "an/other: one": other_engine}, _examples(drawn_folder))


OTHER, THEIRS = "an/other: one", "gallery/an/other%3A one:"


def _examples(folder):
    return [Example("first", folder / "00.png", "make it red", "recolour", "The thing.")]


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
    assert asked == {"text": "make it blue", "text_weight": 1.5, "exclude_duplicates": True, "gallery": "drawn"}


def test_balance_and_copies_reach_the_engine(on, drawn_engine):
    *_, last = on.ask(PICTURE, "make it blue", 0.5, True)
    assert drawn_engine.asked[-1] == ("stream", "make it blue", 12, 0.5, True)
    assert last["excluded"] == 1


def test_a_gallery_of_fewer_than_twelve_pictures_shows_them_all(on, drawn_engine):
    drawn_engine.gallery.records = drawn_engine.gallery.records[:5]
    *_, last = on.ask(PICTURE, "make it blue")
    assert len(last["hits"]) == 5


def test_asking_without_a_picture_is_answered_in_a_sentence(on):
    with pytest.raises(gr.Error, match="There is no picture yet"):
        next(on.ask(None, "make it blue"))


def test_asking_about_a_picture_that_did_not_arrive_is_answered_in_a_sentence(on):
    with pytest.raises(gr.Error, match="it is broken"):
        next(on.ask(InvalidUpload("it is broken"), "make it blue"))


def test_what_the_engine_refuses_is_answered_in_its_own_sentence(on):
    with pytest.raises(gr.Error, match="The text is empty") as caught:
        next(on.ask(PICTURE, "  "))
    assert caught.value.print_exception is False


def test_a_defect_is_not_shown_as_the_visitors_fault(on, drawn_engine, monkeypatch):
    monkeypatch.setattr(drawn_engine, "stream", lambda *_, **__: (_ for _ in ()).throw(KeyError("internal")))
    with pytest.raises(KeyError):
        next(on.ask(PICTURE, "make it blue"))


def test_a_picture_brings_sentences_that_suit_it(on):
    assert on.look(None) == list(DEFAULT_PROMPTS)
    assert on.look(PICTURE)[0] == "move the picture of 120 pixels"


NO_PICTURE = UploadedImage(b"no picture at all")
NARROW = upload(np.zeros((2, 4000, 3), np.uint8))


@pytest.mark.parametrize("bad", [NO_PICTURE, NARROW])
def test_a_file_that_cannot_be_used_is_answered_in_a_sentence_by_every_event(on, bad):
    for event_of_it in (lambda: on.look(bad), lambda: next(on.ask(bad, "make it blue"))):
        with pytest.raises(gr.Error, match="please give"):
            event_of_it()
    assert on.preview(NO_PICTURE) == gr.skip()  # so that the reason is told once


def test_an_upload_that_browsers_do_not_show_gets_a_preview_that_they_do(on):
    tiff = upload(np.full((90, 120, 3), 128, np.uint8), "TIFF")
    shown = on.preview(tiff)
    assert Image.open(io.BytesIO(shown)).format == "JPEG"
    for kept in (PICTURE, None, InvalidUpload("it is broken")):
        assert on.preview(kept) == gr.skip()


def test_an_upload_has_a_name_of_its_own_in_each_session(on):
    requests = [SimpleNamespace(session_hash=each) for each in ("one", "another", "one")]
    names = [next(on.ask(PICTURE, "make it blue", request=each))["query"]["picture"] for each in requests]
    assert names[0] == names[2] != names[1]


def test_gradio_passes_the_session_to_a_question(on):
    from gradio.helpers import special_args

    inputs, *_ = special_args(on.ask, [PICTURE, "a", 1.0, False, "drawn"], request="the request")
    assert inputs[5] == "the request"


def test_no_message_shows_a_path_of_the_server(on, drawn_engine, monkeypatch):
    def fails(*_, **__):
        raise InputError("There is no picture at '/srv/private/galleries/p3.jpg'; please check the path.")

    monkeypatch.setattr(drawn_engine, "stream", fails)
    with pytest.raises(gr.Error) as caught:
        next(on.ask(PICTURE, "make it blue"))
    assert str(caught.value.message) == "There is no picture at 'p3.jpg'; please check the path."


def test_a_gallery_picture_that_cannot_be_read_any_more_is_answered_in_a_sentence(drawn_engine, drawn_folder, tmp_path):
    lost = replace(drawn_engine.gallery.records[3], path=tmp_path / "gone.png")
    drawn_engine.gallery.records = (*drawn_engine.gallery.records[:3], lost)
    on = Handlers({"drawn": drawn_engine}, [], prepared={})
    with pytest.raises(gr.Error, match="cannot be read any more"):
        on.use_hit(event(id="03.png"))


def test_notes_on_the_text_come_with_the_answer(on, drawn_engine):
    drawn_engine.model.encoder.tokenizer = Tokenizer()
    first, *_, last = on.ask(PICTURE, "ersetze den Hund durch eine Katze")
    assert first["notes"] == last["notes"] == ["This looks like German; the model reads English only."]
    assert next(on.ask(PICTURE, "make it blue"))["notes"] == []


class Tokenizer:
    def __len__(self):
        return 30_000

    def tokenize(self, word):
        return [word]


def test_a_broken_picture_is_told_once_it_comes(on):
    with pytest.raises(gr.Error, match="it is broken"):
        on.look(InvalidUpload("it is broken"))


def test_an_example_brings_picture_sentence_and_an_answer_made_beforehand(on, drawn_engine, drawn_folder):
    drawn_engine.asked.clear()
    path, text, strength, leave_out, gallery, shown = on.open_example(event(id="first"))
    assert (path, text, strength, leave_out, gallery) == (drawn_folder / "00.png", "make it red", 1.0, False, "drawn")
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
    link = {"picture": "gallery:04.png", "text": "make it blue", "text_weight": 2, "exclude_duplicates": True}
    assert on.reopen(event(query=link)) == (drawn_folder / "04.png", "make it blue", 2.0, True, "drawn")
    picture, *rest = on.reopen(event(query=query))
    assert picture == PICTURE.content
    assert rest == ["make it blue", 1.0, False, "drawn"]


def test_a_link_of_an_earlier_version_opens_with_its_settings(on, drawn_folder):
    link = {"picture": "gallery:04.png", "text": "make it blue", "strength": 2, "leave_out": True}
    assert on.reopen(event(query=link)) == (drawn_folder / "04.png", "make it blue", 2.0, True, "drawn")


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
        {"picture": "gallery:04.png", "text": "a", "gallery": "another"},
        {"picture": "gallery:04.png", "text": "a", "gallery": {"name": "drawn"}},
    ],
)
def test_a_broken_link_is_answered_in_a_sentence(on, link):
    with pytest.raises(gr.Error, match=r"please (ask again|choose it again|choose one of)"):
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
def test_a_follow_up_question_is_asked_of_the_same_picture_and_text(on, drawn_engine, query, name, more, told):
    answer = getattr(on, name)(event(query=query, ticket=7, **more))
    assert (answer["kind"], answer["ticket"]) == (name, 7)
    assert drawn_engine.asked[-1] == told


@pytest.mark.parametrize(("name", "more"), [("contrast", {"first": "01.png"}), ("check", {"id": "../01.png"})])
def test_a_follow_up_question_about_an_unknown_result_is_answered_in_a_sentence(on, query, name, more):
    with pytest.raises(gr.Error, match="holds no picture"):
        getattr(on, name)(event(query=query, ticket=1, **more))


@pytest.mark.parametrize("kind", ["png", "pdf", "json", "npz"])
def test_a_file_is_made_of_the_same_question(on, drawn_engine, query, kind):
    answer = on.take(event(query=query | {"exclude_duplicates": True}, ticket=1, file=kind))
    assert answer["name"] == f"mmgrad.{kind}"
    assert drawn_engine.asked[-1] == ("stream", "make it blue", 12, 1.0, True)


def test_an_unknown_kind_of_file_is_answered_in_a_sentence(on, query):
    with pytest.raises(gr.Error, match="png, pdf, json, npz"):
        on.take(event(query=query, file="../../etc"))


def test_a_page_with_limits_of_its_own_gives_no_more(drawn_engine, drawn_folder):
    on = Handlers({"drawn": drawn_engine}, _examples(drawn_folder), Limits(results=3))
    *_, last = on.ask(PICTURE, "make it blue")
    assert len(last["hits"]) == len(json.loads(on.prepared["first"])["hits"]) == 3


# Several galleries


def test_a_question_goes_to_the_gallery_that_is_chosen(both, drawn_engine, other_engine):
    *_, last = both.ask(PICTURE, "make it blue", 1.0, False, OTHER)
    assert last["query"]["gallery"] == OTHER
    assert len(last["hits"]) == 5
    assert [each.asked[-1][0] for each in (other_engine,)] == ["stream"]
    *_, last = both.ask(PICTURE, "make it blue")
    assert last["query"]["gallery"] == "drawn"
    assert len(last["hits"]) == 12


def test_a_gallery_that_is_not_here_is_told_with_those_that_are(both):
    ways = [
        lambda: next(both.ask(PICTURE, "a", 1.0, False, "none")),
        lambda: both.look(PICTURE, "none"),
        lambda: both.use_any("none"),
        lambda: both.use_hit(event(id="01.png", gallery="none")),
    ]
    for ask in ways:
        with pytest.raises(gr.Error, match=f"no gallery “none” here; please choose one of “drawn”, “{OTHER}”"):
            ask()


def test_a_link_opens_the_gallery_it_names(both, other_folder, drawn_folder):
    link = {"picture": f"{THEIRS}04.png", "text": "make it blue", "gallery": OTHER}
    assert both.reopen(event(query=link)) == (other_folder / "04.png", "make it blue", 1.0, False, OTHER)
    across = link | {"picture": "gallery/drawn:07.png"}
    assert both.reopen(event(query=across)) == (drawn_folder / "07.png", "make it blue", 1.0, False, OTHER)


def test_a_link_from_when_there_was_one_gallery_opens_the_first(both, drawn_folder):
    link = {"picture": "gallery:04.png", "text": "make it blue"}
    assert both.reopen(event(query=link)) == (drawn_folder / "04.png", "make it blue", 1.0, False, "drawn")


def test_a_result_of_a_gallery_becomes_the_reference_and_is_known_by_name(both, other_folder):
    path = both.use_hit(event(id="03.png", gallery=OTHER))
    assert path == other_folder / "03.png"
    asked = next(both.ask(UploadedImage(path.read_bytes()), "make it blue", 1.0, False, "drawn"))["query"]
    assert (asked["picture"], asked["gallery"]) == (f"{THEIRS}03.png", "drawn")


def test_only_pictures_of_the_gallery_that_was_searched_can_become_the_reference(both):
    with pytest.raises(gr.Error, match="not in the gallery"):
        both.use_hit(event(id="13.png", gallery=OTHER))


def test_any_picture_is_one_of_the_gallery_that_is_chosen(both, other_folder, drawn_folder):
    assert both.use_any(OTHER).parent == other_folder
    assert both.use_any("drawn").parent == drawn_folder


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("contrast", {"first": "01.png", "second": "02.png"}),
        ("text_blind", {"ids": ["01.png"]}),
        ("responses", {"ids": ["01.png"]}),
        ("check", {"id": "01.png"}),
        ("take", {"file": "json"}),
    ],
)
def test_a_follow_up_question_goes_to_the_gallery_that_answered(both, drawn_engine, other_engine, name, more):
    *_, last = both.ask(PICTURE, "make it blue", 1.0, False, OTHER)
    drawn_engine.asked.clear()
    other_engine.asked.clear()
    getattr(both, name)(event(query=last["query"], ticket=1, **more))
    assert (len(drawn_engine.asked), len(other_engine.asked)) == (0, 1)


def test_the_numbers_that_are_taken_away_name_their_gallery(both, other_folder):
    *_, last = both.ask(PICTURE, "make it blue", 1.0, False, OTHER)
    taken = both.take(event(query=last["query"], ticket=1, file="json"))
    assert json.loads(base64.b64decode(taken["data"]))["gallery"] == other_folder.name


def test_examples_are_answered_beforehand_for_the_first_gallery(both, drawn_engine, other_engine):
    *_, gallery, shown = both.open_example(event(id="first"))
    assert gallery == shown["query"]["gallery"] == "drawn"
    assert other_engine.asked == []

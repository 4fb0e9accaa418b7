import gradio as gr
import pytest

from mmgrad.app.assets import entry
from mmgrad.app.parts import live_part, page_call, static_part


def test_a_part_offers_a_listener_for_each_of_its_events_and_for_no_other():
    with gr.Blocks() as page:
        part = live_part("results", None, ("pick_hit", "step"))
        for name in ("pick_hit", "step"):
            getattr(part, name)(lambda: None)
        with pytest.raises(AttributeError):
            part.another(lambda: None)
    assert [target[1] for fn in page.fns.values() for target in fn.targets] == ["pick_hit", "step"]


def test_a_part_without_events_has_none():
    with pytest.raises(AttributeError):
        live_part("footer", {}).results(lambda: None)


def test_the_id_of_a_part_is_its_name():
    assert live_part("followUp", None).elem_id == "mm-follow-up"


def test_an_event_in_the_page_calls_one_export_with_strings():
    assert page_call("onError", "contrast") == (
        f'() => import(new URL("{entry()}", document.baseURI).href)'
        '.then((page) => page.onError("contrast")).then(() => [])'
    )


def test_a_static_part_is_filled_in():
    assert "3,150 pictures" in static_part("header", "mm-header", pictures="3,150 pictures").html_template

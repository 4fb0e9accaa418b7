import os
import re

import gradio as gr
import pytest

from mmgrad.app import blocks as layout
from mmgrad.app.settings import Limits
from mmgrad.app.theme import theme

MODEL_EVENTS = {"ask", "look", "explain", "draw", *layout.CLOSER}


@pytest.fixture(scope="module")
def page(make_engine, tmp_path_factory) -> gr.Blocks:
    return layout.build({"drawn": make_engine()}, tmp_path_factory.mktemp("no-examples"))


@pytest.fixture(scope="module")
def both(make_engine, make_other, tmp_path_factory) -> gr.Blocks:
    """The page over two galleries, with limits of its own."""
    engines = {"drawn": make_engine(), "others": make_other()}
    return layout.build(engines, tmp_path_factory.mktemp("none"), Limits(queue=3), prepared={})


def functions(page: gr.Blocks) -> dict[str, list]:
    named: dict[str, list] = {}
    for fn in page.fns.values():
        if fn.fn is not None:
            named.setdefault(fn.fn.__name__, []).append(fn)
    return named


def live(page: gr.Blocks) -> list[gr.HTML]:
    return [block for block in page.blocks.values() if isinstance(block, gr.HTML) and block.js_on_load]


def test_whatever_asks_the_model_waits_in_one_line(page):
    named = functions(page)
    assert named.keys() >= MODEL_EVENTS
    asking = [fn for name in MODEL_EVENTS for fn in named[name]]
    assert {(fn.concurrency_id, fn.concurrency_limit) for fn in asking} == {("model", 1)}
    assert all(fn.queue is not False for fn in asking)


def test_programs_may_call_two_functions_and_no_other(page):
    public = {fn.api_name for fn in page.fns.values() if fn.api_visibility == "public"}
    assert public == {"explain", "draw"}


def test_a_newer_question_is_not_dropped_while_one_is_pending(page):
    named = functions(page)
    newer = [fn for name in (*layout.CLOSER, "open_example") for fn in named[name]]
    newer += [fn for fn in named["ask"] if len(fn.targets) == 2]  # the button or Enter; the other follows a link
    assert len(newer) == 7
    assert {fn.trigger_mode for fn in newer} == {"multiple"}


def test_the_line_of_waiting_visitors_has_an_end(page, both):
    assert page._queue.max_size == Limits().queue
    assert both._queue.max_size == 3


def test_uploads_are_deleted_after_a_while(page):
    assert page.delete_cache == (600, 3600)


def test_without_examples_their_strip_is_hidden(page):
    (strip,) = [block for block in page.blocks.values() if getattr(block, "elem_id", "") == "mm-strip"]
    assert strip.visible is False


def test_nothing_is_told_to_anyone():
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"


def test_the_theme_asks_for_no_font():
    assert theme()._font_css == []
    assert not any(isinstance(font, gr.themes.GoogleFont) for font in (*theme()._font, *theme()._font_mono))


def test_one_gallery_is_not_to_be_chosen_and_of_several_the_first_is(page, both):
    parts = {"mm-hints", "mm-strip", "mm-stage", "mm-closer", "mm-tables", "mm-footer"}
    assert {block.elem_id for block in live(page)} == parts
    assert {block.elem_id for block in live(both)} == parts | {"mm-gallery"}
    (chooser,) = [block for block in live(both) if block.elem_id == "mm-gallery"]
    assert chooser.value == "drawn"
    asking = [fn for fn in functions(both)["ask"] if len(fn.targets) == 2]
    assert all(fn.inputs[-1] is chooser for fn in asking)


def test_programs_may_leave_the_gallery_out(both):
    for name in ("explain", "draw"):
        (fn,) = functions(both)[name]
        assert fn.inputs[-1].label == "gallery"
        assert fn.inputs[-1].value == "drawn"


def test_the_templates_that_hold_text_are_empty(both):
    assert all(block.html_template == "" for block in live(both))


def test_the_script_of_a_part_is_only_its_call(both):
    for block in live(both):
        assert re.fullmatch(r"/\* [^*]* \*/ mmgrad\.\w+\(element, props, trigger, watch\);", block.js_on_load)


def test_every_script_in_the_folder_is_part_of_the_page():
    assert {path.name for path in layout.STATIC.glob("*.js")} == set(layout.SCRIPTS)


@pytest.mark.parametrize(
    "path",
    [path for path in layout.STATIC.iterdir() if path.suffix in {".js", ".css", ".html"}],
    ids=lambda path: path.name,
)
def test_the_pages_own_files_write_no_markup_and_name_no_other_host(path):
    content = path.read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", content)
    assert not re.search(r"https?://|@import|url\(", content)
    if path.suffix == ".html":  # Gradio evaluates a template
        assert not re.search(r"\$\{|`|\{\{", content)

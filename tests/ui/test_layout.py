import os
import re

import gradio as gr
import pytest

from mmgrad.ui import layout
from mmgrad.ui.theme import theme


@pytest.fixture(scope="module")
def page(drawn_engine, tmp_path_factory) -> gr.Blocks:
    return layout.build(drawn_engine, tmp_path_factory.mktemp("no-examples"))


def test_the_model_answers_one_question_at_a_time(page):
    asking = [fn for fn in page.fns.values() if getattr(fn.fn, "__name__", "") == "ask"]
    assert len(asking) == 2  # the button or Enter, and an example
    assert {(fn.concurrency_id, fn.concurrency_limit) for fn in asking} == {("model", 1)}
    assert all(fn.queue is not False for fn in asking)


def test_the_line_of_waiting_visitors_has_an_end(page):
    assert page._queue.max_size == layout.WAITING


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


def test_the_templates_that_hold_text_are_empty(page):
    live = [block for block in page.blocks.values() if isinstance(block, gr.HTML) and block.js_on_load]
    assert {block.elem_id for block in live} == {"mm-strip", "mm-stage", "mm-footer"}
    assert all(block.html_template == "" for block in live)


def test_the_pages_own_files_write_no_markup_and_name_no_other_host():
    files = [path for path in layout.HERE.iterdir() if path.suffix in {".js", ".css", ".html"}]
    assert {path.name for path in files} >= {*layout.SCRIPTS, "page.css", "header.html", "hint.html", "notes.html"}
    for path in files:
        content = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", content)
        assert not re.search(r"https?://|@import|url\(", content)
        if path.suffix == ".html":
            assert "${" not in content  # Gradio evaluates a template
            assert "`" not in content
            assert "{{" not in content

import json
import os
import re
from types import SimpleNamespace

import gradio as gr
import pytest

from mmgrad.app import blocks as layout
from mmgrad.app.assets import STATIC
from mmgrad.app.settings import Limits
from mmgrad.app.theme import theme

MODEL_EVENTS = {"ask", "look", "explain", "draw", *layout.FOLLOW_UPS}


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
    newer = [fn for name in (*layout.FOLLOW_UPS, "open_example") for fn in named[name]]
    newer += [fn for fn in named["ask"] if len(fn.targets) == 2]  # the button or Enter; the other follows a link
    assert len(newer) == 7
    assert {fn.trigger_mode for fn in newer} == {"multiple"}


def test_the_line_of_waiting_visitors_has_an_end(page, both):
    assert page._queue.max_size == Limits().queue
    assert both._queue.max_size == 3


def test_uploads_are_deleted_after_a_while(page):
    assert page.delete_cache == (600, 3600)


def test_without_examples_their_strip_is_hidden(page):
    (strip,) = [block for block in page.blocks.values() if getattr(block, "elem_id", "") == "mm-examples"]
    assert strip.visible is False


def test_nothing_is_told_to_anyone():
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"


def test_the_theme_asks_for_no_font():
    assert theme()._font_css == []
    assert not any(isinstance(font, gr.themes.GoogleFont) for font in (*theme()._font, *theme()._font_mono))


def test_one_gallery_is_not_to_be_chosen_and_of_several_the_first_is(page, both):
    parts = {"mm-hints", "mm-examples", "mm-results", "mm-follow-up", "mm-report", "mm-footer"}
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


def test_the_script_of_a_part_only_imports_the_entry_and_calls_it(both):
    for block in live(both):
        assert re.fullmatch(
            r'/\* events: [^*]* \*/ import\(new URL\("mmgrad-assets/js-\w+/index\.js", document\.baseURI\)\.href\)'
            r"\.then\(\(page\) => page\.\w+\(element, props, trigger, watch\)\);",
            block.js_on_load,
        )


def test_whatever_gradio_calls_is_exported_by_the_entry(both):
    exported = set(re.findall(r"export (?:const (\w+)|\{ ([^}]+) \})", (STATIC / "index.js").read_text()))
    names = {name.strip() for pair in exported for part in pair for name in part.split(",") if name.strip()}
    scripts = [block.js_on_load for block in live(both)] + [fn.js for fn in both.fns.values() if isinstance(fn.js, str)]
    called = {name for script in scripts for name in re.findall(r"page\.(\w+)\(", script)}
    assert called
    assert called <= names


@pytest.mark.parametrize(
    "path",
    [path for path in STATIC.rglob("*") if path.suffix in {".js", ".css", ".html"}],
    ids=lambda path: path.relative_to(STATIC).as_posix(),
)
def test_the_pages_own_files_write_no_markup_and_name_no_other_host(path):
    content = path.read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", content)
    assert not re.search(r"https?://|@import|url\(", content)
    if path.suffix == ".html":  # Gradio evaluates a template
        assert not re.search(r"\$\{|`|\{\{", content)


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.js")), ids=lambda path: path.relative_to(STATIC).as_posix())
def test_no_module_makes_a_global(path):
    content = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(?:window|globalThis)\.\w+ =", content)
    assert re.search(r"^export ", content, re.MULTILINE)


def test_the_first_answer_leaves_the_fields_to_the_visitor(make_engine, drawn_folder, tmp_path):
    entry = {"id": "a", "image": str(drawn_folder / "00.png"), "text": "make it blue", "edit": "recolor", "look_at": ""}
    (tmp_path / "examples.json").write_text(json.dumps([entry]))
    page = layout.build({"drawn": make_engine()}, tmp_path)
    (fn,) = functions(page)["open_first"]
    assert [block.elem_id for block in fn.outputs] == ["mm-results"]
    shown = fn.fn(SimpleNamespace(_data={"id": "a"}))
    assert (shown["arrival"], shown["text"], len(shown["hits"])) == (True, "make it blue", 12)

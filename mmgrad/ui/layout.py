"""The page's parts, and which event calls which handler."""

from pathlib import Path
from typing import Any

import gradio as gr

import mmgrad
from mmgrad.engine import MAX_TEXT, Engine
from mmgrad.ui.examples import FOLDER, example_view, load_examples
from mmgrad.ui.handlers import Handlers
from mmgrad.ui.picture import Picture
from mmgrad.ui.theme import theme
from mmgrad.ui.view import legend_uri

HERE = Path(__file__).resolve().parent
SCRIPTS = ("dom.js", "panel.js", "stage.js", "detail.js", "strip.js", "page.js")
WAITING = 32
"""Visitors who may wait in line; the next one is told that the place is full."""

MODEL = {"concurrency_id": "model", "concurrency_limit": 1}
LICENCE = "Apache-2.0; cut-outs and pictures made of them GPL-3.0-or-later"


def build(engine: Engine, examples: Path = FOLDER) -> gr.Blocks:
    """The page over an engine, with the examples of a folder. Raises InputError where those are broken."""
    curated = load_examples(examples)
    on = Handlers(engine, curated)
    with gr.Blocks(title="mmgrad", analytics_enabled=False, delete_cache=(600, 3600)) as page:
        _static("header.html", "mm-header")
        with gr.Row(elem_id="mm-ask", equal_height=True):
            picture = Picture(
                label="Reference picture",
                sources=["upload", "clipboard", "webcam"],
                buttons=[],
                placeholder="Drop, paste or choose a picture",
                height=300,
                min_width=260,
                scale=2,
                elem_id="mm-picture",
            )
            with gr.Column(min_width=260, scale=3, elem_id="mm-words"):
                text = gr.Textbox(
                    label="What should be different?",
                    placeholder="replace the apple with a teapot",
                    lines=1,
                    max_lines=4,
                    max_length=MAX_TEXT,
                    elem_id="mm-text",
                )
                go = gr.Button("Find and explain", variant="primary", elem_id="mm-go")
                _static("hint.html", "mm-hint")
        strip = _live("strip", [example_view(e) for e in curated], 'trigger("pick_example")', visible=bool(curated))
        stage = _live("stage", None, 'trigger("pick_hit")', legend=legend_uri())
        _static("notes.html", "mm-notes")
        _live("footer", _about(engine))

        ask: dict[str, Any] = {"fn": on.ask, "inputs": [picture, text], "outputs": stage, "show_progress": "minimal"}
        ask |= MODEL | {"api_visibility": "private"}
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        rest = "() => mmgrad.rest()"
        gr.on([go.click, text.submit], fn=None, js="() => mmgrad.busy()", **quiet)
        gr.on([go.click, text.submit], **ask).then(fn=None, js=rest, **quiet)
        picked = strip.pick_example(on.use_example, outputs=[picture, text], **quiet)
        picked.success(**ask).then(fn=None, js=rest, **quiet)
        stage.pick_hit(on.use_hit, outputs=picture, **quiet).success(fn=None, js="() => mmgrad.onward()", **quiet)
        uploaded = picture.upload(on.check, inputs=picture, **quiet)
        uploaded.failure(fn=None, js="() => null", outputs=picture, **quiet)  # a broken picture is not worth showing
    return page.queue(max_size=WAITING)


def launch(engine: Engine, examples: Path = FOLDER, **options: Any) -> tuple[gr.Blocks, str]:
    """Serve the page; `options` go to `gr.Blocks.launch`. Returns the page and its local address."""
    page = build(engine, examples)
    _, address, _ = page.launch(
        theme=theme(),
        css_paths=HERE / "page.css",
        head=_scripts(),
        footer_links=[],
        ssr_mode=False,
        show_error=False,
        enable_monitoring=False,
        max_file_size="64mb",
        **options,
    )
    return page, address


def _scripts() -> str:
    return "\n".join(f"<script>\n{(HERE / name).read_text(encoding='utf-8')}</script>" for name in SCRIPTS)


def _static(name: str, element: str) -> gr.HTML:
    """A part that never changes: our own markup, with nothing of a visitor's in it."""
    markup = (HERE / name).read_text(encoding="utf-8")
    return gr.HTML(html_template=markup, js_on_load=None, elem_id=element, apply_default_css=False)


def _live(part: str, value: Any, events: str = "", visible: bool = True, **props: Any) -> gr.HTML:
    """A part that the page's scripts draw from `props.value`; its template is empty, so no text is ever evaluated.

    Gradio finds the events of a part by their names in its script, so they are named there in a comment.
    """
    return gr.HTML(
        value=value,
        html_template="",
        js_on_load=f"/* {events} */ mmgrad.{part}(element, props, trigger, watch);",
        elem_id=f"mm-{part}",
        apply_default_css=False,
        visible=visible,
        **props,
    )


def _about(engine: Engine) -> dict[str, Any]:
    return {
        "version": mmgrad.__version__,
        "licence": LICENCE,
        "model": engine.model.name,
        "gallery": engine.gallery.folder.name,
        "pictures": len(engine.gallery),
    }

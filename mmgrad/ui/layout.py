"""The page's parts, and which event calls which handler."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gradio as gr

import mmgrad
from mmgrad.engine import MAX_STRENGTH, MAX_TEXT, Engine
from mmgrad.ui.examples import FOLDER, example_view, load_examples
from mmgrad.ui.handlers import WAYS, Handlers
from mmgrad.ui.picture import Picture
from mmgrad.ui.tables import read_report
from mmgrad.ui.theme import theme
from mmgrad.ui.view import colours_view

HERE = Path(__file__).resolve().parent
SCRIPTS = (
    "dom.js",
    "maps.js",
    "look.js",
    "panel.js",
    "words.js",
    "place.js",
    "grid.js",
    "detail.js",
    "lab.js",
    "lab_contrast.js",
    "lab_blind.js",
    "lab_check.js",
    "trail.js",
    "take.js",
    "stage.js",
    "strip.js",
    "page.js",
)
WAITING = 32
"""Visitors who may wait in line; the next one is told that the place is full."""

MODEL: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
CLOSER = ("contrast", "text_blind", "responses", "check", "take")
"""Closer questions about an answer: events of the stage, and the handlers' methods of the same names."""

LICENCE = "Apache-2.0; cut-outs and pictures made of them GPL-3.0-or-later"


def build(engine: Engine, examples: Path = FOLDER) -> gr.Blocks:
    """The page over an engine, with the examples of a folder. Raises InputError where those are broken."""
    curated = load_examples(examples)
    on = Handlers(engine, curated)
    with gr.Blocks(title="mmgrad", analytics_enabled=False, delete_cache=(600, 3600)) as page:
        gr.Navbar(visible=False)
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
                hints = _live("hints", list(WAYS), events=("any_picture",))
                with gr.Accordion("Balance and copies", open=False, elem_id="mm-more"):
                    strength = gr.Slider(
                        0, MAX_STRENGTH, 1, step=0.1, label="How much the text counts", info="0: picture alone"
                    )
                    leave_out = gr.Checkbox(False, label="Leave out copies of the reference")
                with gr.Row(elem_id="mm-buttons"):
                    go = gr.Button("Find and explain", variant="primary", elem_id="mm-go", scale=4)
                    cancel = gr.Button("Cancel", elem_id="mm-cancel", scale=1, min_width=90)
        strip = _live("strip", [example_view(e) for e in curated], events=("pick_example",), visible=bool(curated))
        stage = _live("stage", None, events=("pick_hit", "reopen", "step", *CLOSER), colours=colours_view())
        closer = _live("closer", None)
        _static("notes.html", "mm-notes")
        _live("footer", _about(engine))

        question = [picture, text, strength, leave_out]
        ask: dict[str, Any] = {"fn": on.ask, "inputs": question, "outputs": stage, "show_progress": "minimal"}
        ask |= MODEL | {"api_visibility": "private"}
        rest = {"fn": None, "js": "() => mmgrad.rest()"} | QUIET

        gr.on([go.click, text.submit], fn=None, js="() => mmgrad.busy()", **QUIET)
        asked = gr.on([go.click, text.submit], trigger_mode="multiple", **ask)  # also while a cancelled one winds up
        opened = strip.pick_example(on.open_example, outputs=[*question, stage], trigger_mode="multiple", **QUIET)
        stage.pick_hit(on.use_hit, outputs=picture, **QUIET).success(fn=None, js="() => mmgrad.onward()", **QUIET)
        hints.any_picture(on.use_any, outputs=picture, **QUIET)
        reopened = stage.reopen(on.reopen, outputs=question, **QUIET)
        stage.step(on.reopen, outputs=question, trigger_mode="multiple", **QUIET)
        again = reopened.success(fn=None, js="() => mmgrad.busy()", **QUIET).success(**ask)
        for event in (asked, opened, again):
            event.then(**rest)
            event.failure(**rest)  # "then" does not come after an error
        cancel.click(cancels=[asked, again], **rest | {"js": "() => mmgrad.stop()"})
        for name in CLOSER:
            answered = getattr(stage, name)(
                getattr(on, name), outputs=closer, trigger_mode="multiple", **QUIET, **MODEL
            )
            answered.failure(fn=None, js=f"() => mmgrad.calm('{name}')", **QUIET)
        seen = picture.change(on.look, inputs=picture, outputs=hints, **QUIET, **MODEL)
        seen.failure(fn=None, js="() => null", outputs=picture, **QUIET)  # a broken picture is not worth showing
        _programs(on)
    with page.route("Method", "method"):
        gr.Navbar(visible=False)
        _static("method.html", "mm-method")
        _live("tables", read_report())
        _live("footer", _about(engine))
    return page.queue(max_size=WAITING)


def launch(engine: Engine, examples: Path = FOLDER, **options: Any) -> tuple[gr.Blocks, str]:
    """Serve the page; `options` go to `gr.Blocks.launch`. Returns the page and its local address.

    Where the package `mcp` is installed the two public functions are MCP tools as well.
    """
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
        mcp_server=find_spec("mcp") is not None,
        **options,
    )
    return page, address


def _programs(on: Handlers) -> None:
    """What programs may call, by HTTP and MCP: the same fields as the page's, out of sight."""
    with gr.Row(visible=False):
        image = Picture(label="image")
        text = gr.Textbox(label="text")
        top = gr.Number(12, precision=0, label="top")
        strength = gr.Number(1.0, label="strength")
        leave_out = gr.Checkbox(False, label="leave_out_copies")
        answer = gr.JSON(label="explanation")
        drawn = gr.Image(label="figure", format="png")
        explain, draw = gr.Button("explain"), gr.Button("draw")
    explain.click(on.explain, [image, text, top, strength, leave_out], answer, api_name="explain", **MODEL)
    draw.click(on.draw, [image, text, top], drawn, api_name="draw", **MODEL)


def _scripts() -> str:
    return "\n".join(f"<script>\n{(HERE / name).read_text(encoding='utf-8')}</script>" for name in SCRIPTS)


def _static(name: str, element: str) -> gr.HTML:
    """A part that never changes: our own markup, with nothing of a visitor's in it."""
    markup = (HERE / name).read_text(encoding="utf-8")
    return gr.HTML(html_template=markup, js_on_load=None, elem_id=element, apply_default_css=False)


def _live(part: str, value: Any, events: tuple[str, ...] = (), visible: bool = True, **props: Any) -> gr.HTML:
    """A part that the page's scripts draw from `props.value`; its template is empty, so no text is ever evaluated.

    Gradio finds the events of a part by their names in its script, so they are named there in a comment.
    """
    named = " ".join(f'trigger("{event}")' for event in events)
    return gr.HTML(
        value=value,
        html_template="",
        js_on_load=f"/* {named} */ mmgrad.{part}(element, props, trigger, watch);",
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

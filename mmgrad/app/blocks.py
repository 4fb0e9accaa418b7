"""The page's parts, and which event calls which handler."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gradio as gr

import mmgrad
from mmgrad.app.api import FIGURE_TOP_K, ProgrammaticAPI
from mmgrad.app.examples import FOLDER, example_view, load_examples
from mmgrad.app.galleries import is_shipped
from mmgrad.app.handlers import DEFAULT_PROMPTS, Handlers
from mmgrad.app.image_input import ImageInput
from mmgrad.app.request_checks import CheckedBlocks, use_json_for_tools
from mmgrad.app.settings import Limits
from mmgrad.app.tables import read_report
from mmgrad.app.theme import theme
from mmgrad.app.view import colours_view
from mmgrad.engine import DEFAULT_TOP_K, MAX_TEXT, MAX_TEXT_WEIGHT, Engine

STATIC = Path(__file__).resolve().parent / "static"
SCRIPTS = (
    "dom.js",
    "maps.js",
    "look.js",
    "panel.js",
    "words.js",
    "gallery.js",
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
MODEL: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
CLOSER = ("contrast", "text_blind", "responses", "check", "take")
"""Closer questions about an answer: events of the stage, and the handlers' methods of the same names."""

LICENCE = "Apache-2.0; cut-outs and pictures made of them GPL-3.0-or-later"


def build(
    engines: Mapping[str, Engine],
    examples: Path = FOLDER,
    limits: Limits | None = None,
    prepared: Mapping[str, bytes] | None = None,
) -> gr.Blocks:
    """The page over the engines of one gallery or of several, by name, with the examples of a folder.

    `prepared` are the first engine's answers to the examples, where they are there already. With several galleries the
    visitor chooses among them. Raises InputError where the examples are broken.
    """
    limits = limits or Limits()
    curated = load_examples(examples)
    on = Handlers(engines, curated, limits, prepared)
    with CheckedBlocks(title="mmgrad", analytics_enabled=False, delete_cache=(600, 3600)) as page:
        gr.Navbar(visible=False)
        _static("header.html", "mm-header")
        with gr.Row(elem_id="mm-ask", equal_height=True):
            picture = ImageInput(
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
                hints = _live("hints", list(DEFAULT_PROMPTS), events=("any_picture",))
                gallery = _chooser(engines)
                with gr.Accordion("Balance and copies", open=False, elem_id="mm-more"):
                    strength = gr.Slider(
                        0, MAX_TEXT_WEIGHT, 1, step=0.1, label="How much the text counts", info="0: picture alone"
                    )
                    leave_out = gr.Checkbox(False, label="Leave out copies of the reference")
                with gr.Row(elem_id="mm-buttons"):
                    go = gr.Button("Find and explain", variant="primary", elem_id="mm-go", scale=4)
                    cancel = gr.Button("Cancel", elem_id="mm-cancel", scale=1, min_width=90)
        shown = [example_view(example) for example in curated]
        strip = _live("strip", shown, events=("pick_example", "reopen"), visible=bool(curated), gallery=on.default)
        about = _galleries(engines, on.prefixes)
        stage = _live("stage", None, ("pick_hit", "reopen", "step", *CLOSER), colours=colours_view(), galleries=about)
        closer = _live("closer", None)
        _static("notes.html", "mm-notes")
        _live("footer", _about(engines))

        question = [picture, text, strength, leave_out, gallery]
        ask: dict[str, Any] = {"fn": on.ask, "inputs": question, "outputs": stage, "show_progress": "minimal"}
        ask |= MODEL | {"api_visibility": "private"}
        rest = {"fn": None, "js": "() => mmgrad.rest()"} | QUIET
        shut = rest | {"js": "() => mmgrad.opened()"}

        gr.on([go.click, text.submit], fn=None, js="() => mmgrad.busy()", **QUIET)
        asked = gr.on([go.click, text.submit], trigger_mode="multiple", **ask)  # also while a cancelled one winds up
        opened = strip.pick_example(on.open_example, outputs=[*question, stage], trigger_mode="multiple", **QUIET)
        stage.pick_hit(on.use_hit, outputs=picture, **QUIET).success(fn=None, js="() => mmgrad.onward()", **QUIET)
        hints.any_picture(on.use_any, inputs=gallery, outputs=picture, **QUIET)
        stage.step(on.reopen, outputs=question, trigger_mode="multiple", **QUIET)
        again = [
            reopen(on.reopen, outputs=question, **QUIET)
            .success(fn=None, js="() => mmgrad.busy()", **QUIET)
            .success(**ask)
            for reopen in (stage.reopen, strip.reopen)  # a link; an example in another gallery
        ]
        for event, after in ((asked, rest), (opened, shut), *((one, rest) for one in again)):
            event.then(**after)
            event.failure(**after)  # "then" does not come after an error
        cancel.click(cancels=[asked, *again], **rest | {"js": "() => mmgrad.stop()"})
        for name in CLOSER:
            answered = getattr(stage, name)(
                getattr(on, name), outputs=closer, trigger_mode="multiple", **QUIET, **MODEL
            )
            answered.failure(fn=None, js=f"() => mmgrad.calm('{name}')", **QUIET)
        seen = picture.change(on.look, inputs=[picture, gallery], outputs=hints, **QUIET, **MODEL)
        seen.failure(fn=None, js="() => null", outputs=picture, **QUIET)  # a broken picture is not worth showing
        picture.upload(on.preview, inputs=picture, outputs=picture, **QUIET)
        _programs(ProgrammaticAPI(engines, limits), list(engines))
    with page.route("Method", "method"):
        gr.Navbar(visible=False)
        _static("method.html", "mm-method")
        _live("tables", read_report())
        _live("footer", _about(engines))
    return page.queue(max_size=limits.queue)


def launch(
    engines: Mapping[str, Engine],
    examples: Path = FOLDER,
    limits: Limits | None = None,
    prepared: Mapping[str, bytes] | None = None,
    **options: Any,
) -> tuple[gr.Blocks, str]:
    """Serve what `build` makes; `options` go to `gr.Blocks.launch`. Returns the page and its local address.

    Where the package `mcp` is installed the two public functions are MCP tools as well.
    """
    limits = limits or Limits()
    page = build(engines, examples, limits, prepared)
    _, address, _ = page.launch(
        theme=theme(),
        css_paths=STATIC / "page.css",
        head=_scripts(),
        footer_links=[],
        ssr_mode=False,
        show_error=False,
        enable_monitoring=False,
        max_file_size=f"{limits.upload}mb",
        mcp_server=find_spec("mcp") is not None,
        **options,
    )
    if page.mcp_server_obj is not None:
        use_json_for_tools(page.mcp_server_obj)
    return page, address


def _programs(on: ProgrammaticAPI, galleries: list[str]) -> None:
    """What programs may call, by HTTP and MCP: the same fields as the page's, out of sight."""
    with gr.Row(visible=False):
        image = ImageInput(label="image")
        text = gr.Textbox(label="text")
        top_k = gr.Number(DEFAULT_TOP_K, precision=0, label="top_k")
        figure_top_k = gr.Number(FIGURE_TOP_K, precision=0, label="top_k")
        text_weight = gr.Number(1.0, label="text_weight")
        exclude_duplicates = gr.Checkbox(False, label="exclude_duplicates")
        gallery = gr.Dropdown(galleries, value=galleries[0], label="gallery")
        answer = gr.JSON(label="explanation")
        drawn = gr.Image(label="figure", format="png")
        explain, draw = gr.Button("explain"), gr.Button("draw")
    explain.click(
        on.explain, [image, text, top_k, text_weight, exclude_duplicates, gallery], answer, api_name="explain", **MODEL
    )
    draw.click(on.draw, [image, text, figure_top_k, gallery], drawn, api_name="draw", **MODEL)


def _scripts() -> str:
    return "\n".join(f"<script>\n{(STATIC / name).read_text(encoding='utf-8')}</script>" for name in SCRIPTS)


def _static(name: str, element: str) -> gr.HTML:
    """A part that never changes: our own markup, with nothing of a visitor's in it."""
    markup = (STATIC / name).read_text(encoding="utf-8")
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


def _chooser(engines: Mapping[str, Engine]) -> gr.HTML | gr.State:
    """The choice among several galleries; with one there is nothing to choose, and nothing to see."""
    first = next(iter(engines))
    if len(engines) == 1:
        return gr.State(first)
    return _live("gallery", first, choices=[[name, len(engine.gallery)] for name, engine in engines.items()])


def _galleries(engines: Mapping[str, Engine], prefixes: Mapping[str, str]) -> list[dict[str, Any]]:
    """What the page knows of each gallery: its name, what stands before its pictures' ids, whether it is shipped."""
    return [
        {"name": name, "prefix": prefixes[name], "shipped": is_shipped(engine.gallery.folder)}
        for name, engine in engines.items()
    ]


def _about(engines: Mapping[str, Engine]) -> dict[str, Any]:
    return {
        "version": mmgrad.__version__,
        "licence": LICENCE,
        "model": next(iter(engines.values())).model.name,
        "galleries": [[name, len(engine.gallery)] for name, engine in engines.items()],
    }

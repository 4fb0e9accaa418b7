"""The page's parts, and which event calls which handler."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Navbar
from starlette.middleware import Middleware

import mmgrad
from mmgrad.app.api import FIGURE_TOP_K, ProgrammaticAPI
from mmgrad.app.assets import STATIC, routes, thumbnail_url
from mmgrad.app.colors import color_view
from mmgrad.app.examples import Example, load_examples
from mmgrad.app.galleries import included_name
from mmgrad.app.handlers import DEFAULT_PROMPTS, Handlers
from mmgrad.app.html_head import PAGES, PageHead
from mmgrad.app.image_input import ImageInput
from mmgrad.app.image_store import MAX_AGE
from mmgrad.app.parts import live_part, page_call, static_part
from mmgrad.app.report import report_markdown
from mmgrad.app.request_checks import CheckedBlocks, use_json_for_tools
from mmgrad.app.settings import Limits
from mmgrad.app.theme import theme
from mmgrad.app.view import View
from mmgrad.engine import DEFAULT_TOP_K, MAX_TEXT, MAX_TEXT_WEIGHT, Engine
from mmgrad.utils.resources import EXAMPLES

MODEL: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
FOLLOW_UPS = ("contrast", "text_blind", "responses", "check", "take")
"""Questions about an answer: events of the results, and the handlers' methods of the same names."""

EXAMPLE_GROUPS = {
    "photographs": "Photographs",
    "gallery": "Controlled tests: composed scenes, where the true change is known",
}
"""Headings of the included examples, by gallery."""

LICENSE = "Apache-2.0; each picture has a license of its own"


def build(
    engines: Mapping[str, Engine],
    examples: Path = EXAMPLES,
    limits: Limits | None = None,
    prepared: Mapping[str, bytes] | None = None,
) -> gr.Blocks:
    """The page over the engines of one gallery or of several, by name, with the examples of a folder.

    `prepared` are the answers to the examples, where they are there already. With several galleries the
    visitor chooses among them. Raises InputError where the examples are broken.
    """
    limits = limits or Limits()
    curated = load_examples(examples, engines)
    on = Handlers(engines, curated, limits, prepared)
    with CheckedBlocks(title=PAGES[""][0], analytics_enabled=False, delete_cache=(600, 3600)) as page:
        Navbar(visible=False)
        static_part("header", "mm-header", pictures=_count(engines))
        with gr.Row(elem_id="mm-ask", equal_height=True):
            with gr.Column(min_width=260, scale=2, elem_id="mm-given"):
                picture = ImageInput(
                    label="Your picture",
                    sources=["upload", "clipboard", "webcam"],
                    buttons=[],
                    placeholder="Drop, paste or choose a picture",
                    height=230,
                    elem_id="mm-picture",
                )
                static_part("uploads", "mm-uploads", minutes=str(round(MAX_AGE / 60)))
            with gr.Column(min_width=260, scale=3, elem_id="mm-words"):
                text = gr.Textbox(
                    label="What should be different?",
                    placeholder="replace the apple with a teapot",
                    lines=1,
                    max_lines=4,
                    max_length=MAX_TEXT,
                    elem_id="mm-text",
                )
                hints = live_part("hints", list(DEFAULT_PROMPTS), events=("any_picture",))
                gallery = _chooser(engines)
                with gr.Accordion("Options", open=False, elem_id="mm-more"):
                    text_weight = gr.Slider(
                        0,
                        MAX_TEXT_WEIGHT,
                        1,
                        step=0.1,
                        label="Weight of the text",
                        info="0 picture only, 1 normal, 2 double",
                    )
                    exclude_duplicates = gr.Checkbox(False, label="Hide copies of my picture")
                with gr.Row(elem_id="mm-buttons"):
                    go = gr.Button("Search and explain", variant="primary", elem_id="mm-go", scale=4)
                    cancel = gr.Button("Cancel", elem_id="mm-cancel", scale=1, min_width=90)
        shown = [_example_view(example) for example in curated]
        strip = live_part(
            "examples",
            shown,
            ("pick_example", "open_first", "reopen"),
            visible=bool(curated),
            gallery=on.default,
        )
        about = _galleries(engines, on)
        results = live_part(
            "results", None, ("pick_hit", "reopen", "step", *FOLLOW_UPS), colors=color_view(), galleries=about
        )
        follow_up = live_part("followUp", None)
        static_part("notes", "mm-notes")
        live_part("footer", _about(engines))

        question = [picture, text, text_weight, exclude_duplicates, gallery]
        ask: dict[str, Any] = {"fn": on.ask, "inputs": question, "outputs": results, "show_progress": "hidden"}
        ask |= MODEL | {"api_visibility": "private"}

        asked = gr.on([go.click, text.submit], trigger_mode="multiple", **ask)  # also while a cancelled one winds up
        opened = strip.pick_example(on.open_example, outputs=[*question, results], trigger_mode="multiple", **QUIET)
        strip.open_first(_answer_only(on), outputs=results, **QUIET)
        results.pick_hit(on.use_hit, outputs=picture, **QUIET).success(**_in_page("resultChosen"))
        hints.any_picture(on.use_any, inputs=gallery, outputs=picture, **QUIET)
        stepped = results.step(on.reopen, outputs=question, trigger_mode="multiple", **QUIET)
        stepped.success(**_in_page("adoptFields"))
        again = [
            reopen(on.reopen, outputs=question, **QUIET).success(**_in_page("questionReopened")).success(**ask)
            for reopen in (results.reopen, strip.reopen)  # a link; an example in another gallery
        ]
        for event in (asked, *again):
            event.then(**_in_page("setIdle"))
            event.failure(**_in_page("setFailed"))  # "then" does not come after an error
        opened.then(**_in_page("exampleOpened"))
        opened.failure(**_in_page("exampleOpened"))
        cancel.click(cancels=[asked, *again], **_in_page("setCancelled"))
        for name in FOLLOW_UPS:
            answered = getattr(results, name)(
                getattr(on, name), outputs=follow_up, trigger_mode="multiple", **QUIET, **MODEL
            )
            answered.failure(**_in_page("onError", name))
        seen = picture.change(on.look, inputs=[picture, gallery], outputs=hints, **QUIET, **MODEL)
        seen.failure(fn=None, js="() => null", outputs=picture, **QUIET)  # a broken picture is not worth showing
        picture.upload(on.preview, inputs=picture, outputs=picture, **QUIET)
        seen.failure(**_in_page("badPicture"))
        _programs(ProgrammaticAPI(engines, limits), list(engines))
    with page.route("Method", "method"):
        Navbar(visible=False)
        static_part("method", "mm-method")
        gr.Markdown(report_markdown(), elem_id="mm-tables", elem_classes="mm-prose")
        live_part("report", None)
        live_part("footer", _about(engines))
    queued: gr.Blocks = page.queue(max_size=limits.queue)
    return queued


def launch(
    engines: Mapping[str, Engine],
    examples: Path = EXAMPLES,
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
        css_paths=STATIC / "style.css",
        app_kwargs={"routes": routes(load_examples(examples)), "middleware": [Middleware(PageHead)]},
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


def _in_page(name: str, *arguments: str) -> dict[str, Any]:
    """An event that only calls an export of the page's modules."""
    return {"fn": None, "js": page_call(name, *arguments), **QUIET}


def _answer_only(on: Handlers) -> Callable[[gr.EventData], View]:
    """The answer to an example for a page that has just opened: the fields stay free for the visitor's own question."""

    def open_first(event: gr.EventData) -> View:
        *_, shown = on.open_example(event)
        return shown | {"arrival": True}

    return open_first


def _example_view(example: Example) -> View:
    return {
        "id": example.id,
        "text": example.text,
        "edit": example.edit,
        "look_at": example.look_at,
        "fails": example.fails,
        "picture": thumbnail_url(example),
        "gallery": example.gallery,
        "group": EXAMPLE_GROUPS.get(example.gallery or "", ""),
    }


def _chooser(engines: Mapping[str, Engine]) -> gr.HTML | gr.State:
    """The choice among several galleries; with one there is nothing to choose, and nothing to see."""
    first = next(iter(engines))
    if len(engines) == 1:
        return gr.State(first)
    return live_part("gallery", first, choices=[[name, len(engine.gallery)] for name, engine in engines.items()])


def _galleries(engines: Mapping[str, Engine], on: Handlers) -> list[dict[str, Any]]:
    """What the page knows of each gallery: name, prefix of its pictures' names, its name among the included ones, and
    the number of results of an answer."""
    return [
        {
            "name": name,
            "prefix": on.prefixes[name],
            "included": included_name(engine.gallery.folder),
            "results": min(on.top_k, len(engine.gallery)),
        }
        for name, engine in engines.items()
    ]


def _count(engines: Mapping[str, Engine]) -> str:
    count = len(next(iter(engines.values())).gallery)
    return f"{count:,} picture" if count == 1 else f"{count:,} pictures"


def _about(engines: Mapping[str, Engine]) -> dict[str, Any]:
    return {
        "version": mmgrad.__version__,
        "license": LICENSE,
        "model": next(iter(engines.values())).model.name,
        "galleries": [[name, len(engine.gallery)] for name, engine in engines.items()],
    }

"""What programs may call over HTTP and MCP. The docstrings of the two functions are what an assistant is told."""

import inspect
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr
import numpy as np
from gradio_client.utils import is_file_obj_with_meta, is_http_url_like

from mmgrad.app.downloads import DPI
from mmgrad.app.galleries import choose
from mmgrad.app.handlers import Upload
from mmgrad.app.image_input import InvalidUpload, UploadedImage
from mmgrad.app.memory import release_memory
from mmgrad.app.messages import errors_as_messages, user_error
from mmgrad.app.notes import notes_on
from mmgrad.app.settings import Limits
from mmgrad.engine import DEFAULT_TOP_K, Engine
from mmgrad.errors import InputError
from mmgrad.render.export import describe
from mmgrad.render.figure import figure
from mmgrad.results import Explanation

FIGURE_TOP_K = 8

logger = logging.getLogger(__name__)


class ProgrammaticAPI:
    """The functions `explain` and `draw` over some engines. New parameters come last, with defaults."""

    def __init__(self, engines: Mapping[str, Engine], limits: Limits):
        self.engines = engines
        self.limits = limits

    def explain(
        self,
        image: Upload,
        text: str,
        top_k: int = DEFAULT_TOP_K,
        text_weight: float = 1.0,
        exclude_duplicates: bool = False,
        gallery: str | None = None,
    ) -> dict[str, Any]:
        """Find the pictures of a gallery that look like `image` changed as `text` says, and explain why.

        Args:
            image: the reference picture.
            text: the change to search for, in English, such as "replace the dog with a cat"; at most 300 characters.
            top_k: number of results, from 1 to 50; fewer if the gallery is smaller.
            text_weight: weight of the text, from 0 (picture only) through 1 (as trained) to 2.
            exclude_duplicates: whether to leave out pictures of the gallery that are copies of the reference.
            gallery: name of the gallery to search; by default the first one.

        Returns:
            The results with rank, id, caption, license, link and score. For the reference and each result: the size of
            the picture, and the pixel [x, y] of it that the text changes most, null if there is no evidence. For each
            word of the text its weight. Notes on words that were not read.
        """
        engine, explanation = self._explained(image, text, top_k, text_weight, exclude_duplicates, gallery)
        answer = describe(explanation) | {"notes": notes_on(engine, explanation)}
        release_memory()
        return answer

    def draw(self, image: Upload, text: str, top_k: int = FIGURE_TOP_K, gallery: str | None = None) -> np.ndarray:
        """Draw the explanation of a search as one figure: the reference and the results, each with its attention map.

        Args:
            image: the reference picture.
            text: the change to search for, in English, such as "replace the dog with a cat"; at most 300 characters.
            top_k: number of results, from 1 to 50; fewer if the gallery is smaller.
            gallery: name of the gallery to search; by default the first one.

        Returns:
            A picture of the figure.
        """
        _, explanation = self._explained(image, text, top_k, 1.0, False, gallery)
        sheet = figure(explanation)
        sheet.set_dpi(DPI)
        sheet.canvas.draw()
        drawn = np.asarray(sheet.canvas.buffer_rgba())[..., :3].copy()  # type: ignore[attr-defined]
        release_memory()
        return drawn

    def _explained(
        self,
        image: Upload,
        text: str,
        top_k: int,
        text_weight: float,
        exclude_duplicates: bool,
        gallery: str | None,
    ) -> tuple[Engine, Explanation]:
        if not isinstance(image, UploadedImage):
            raise user_error(
                image.reason if isinstance(image, InvalidUpload) else "There is no picture; please give one."
            )
        with errors_as_messages():
            engine = choose(self.engines, gallery)
            explanation = engine.explain(
                image.content,
                text,
                self._top_k(top_k, engine),
                text_weight=text_weight,
                exclude_duplicates=exclude_duplicates,
            )
        return engine, explanation

    def _top_k(self, top_k: int, engine: Engine) -> int:
        """The number of results: the size of a smaller gallery, since the caller may not know it."""
        if isinstance(top_k, int) and top_k > self.limits.results:
            raise InputError(f"The number of results may be at most {self.limits.results} here, not {top_k}.")
        return min(top_k, len(engine.gallery)) if isinstance(top_k, int) else top_k


class CheckedBlocks(gr.Blocks):
    """Blocks that answer a request they cannot read with one sentence.

    Gradio itself answers "the app has not enabled verbose error reporting", because its own messages show paths.
    """

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Check the types of the inputs, then let Gradio fetch and convert them."""
        names = list(inspect.signature(block_fn.fn).parameters) if block_fn.fn else []
        for name, component, value in zip(names, block_fn.inputs, inputs, strict=False):
            problem = _problem(component, value)
            if problem:
                raise user_error(f"{name} must be {problem}, not {_shortened(value)}.")
        try:
            processed: list[Any] = await super().preprocess_data(block_fn, inputs, *args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:  # whatever Gradio, a download or a server behind an address raises
            pictures = [value for value in inputs if isinstance(value, dict) and is_http_url_like(value.get("path"))]
            if pictures:
                raise user_error(
                    f"The picture at {pictures[0]['path']} cannot be fetched; please check the address, or send the file."
                ) from error
            logger.warning("A request could not be read: %s", error)
            raise user_error(
                "The request cannot be read; please send the picture again, or reload the page."
            ) from error
        return processed


def use_json_for_tools(server: Any) -> None:
    """Let an MCP server of Gradio (`Blocks.mcp_server_obj`) send dicts as JSON; by itself it sends Python's notation."""
    convert: Callable[[list[Any], str], list[Any]] = server.postprocess_output_data

    def converted(data: list[Any], root_url: str) -> list[Any]:
        plain = [isinstance(each, dict | list) and not is_file_obj_with_meta(each) for each in data]
        texts = [
            json.dumps(each, ensure_ascii=False) if is_plain else each
            for each, is_plain in zip(data, plain, strict=True)
        ]
        return convert(texts, root_url)

    server.postprocess_output_data = converted


def _problem(component: Any, value: object) -> str | None:
    """What the value of a request should be where it is something else; None where it fits."""
    if value is None:
        return None
    if isinstance(component, gr.Image):
        return None if isinstance(value, dict) else "a file (in Python: gradio_client.handle_file(...))"
    if isinstance(component, gr.Number):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if component.precision == 0:
            return None if number and float(value).is_integer() else "a whole number"  # type: ignore[arg-type]
        return None if number else "a number"
    if isinstance(component, gr.Checkbox):
        return None if isinstance(value, bool) else "true or false"
    if isinstance(component, gr.Textbox):
        return None if isinstance(value, str) else "a string"
    return None


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"

"""Requests to the app: types are checked, errors are one sentence, and tools of assistants answer in JSON."""

import inspect
import json
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio_client.utils import is_file_obj_with_meta, is_http_url_like

from mmgrad.app.messages import user_error

logger = logging.getLogger(__name__)


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
                address = _shortened(pictures[0]["path"])
                raise user_error(f"No picture can be fetched from {address}; please check the address.") from error
            logger.warning("A request could not be read: %s", error)
            raise user_error(
                "The request cannot be read; please send the picture again, or reload the page."
            ) from error
        return processed


def use_json_for_tools(server: Any) -> None:
    """Let Gradio's MCP server (`Blocks.mcp_server_obj`) send dicts as JSON; its own form is Python's notation."""
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
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
        if component.precision == 0:
            return None if number is not None and float(number).is_integer() else "a whole number"
        return None if number is not None else "a number"
    if isinstance(component, gr.Checkbox):
        return None if isinstance(value, bool) else "true or false"
    if isinstance(component, gr.Textbox):
        return None if isinstance(value, str) else "a string"
    return None


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"

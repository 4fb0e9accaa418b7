"""Errors as a visitor or a program reads them: one sentence, without paths of the server."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from mmgrad.errors import MMGradError

SECONDS = 15
"""How long the page shows a message."""

_QUOTED_PATH = re.compile(r"'[^'\n]*[/\\]([^'/\\\n]+)'")


def user_error(message: str) -> gr.Error:
    """A message for the visitor. It is not logged, and a path in quotation marks is reduced to the name of its file."""
    return gr.Error(_QUOTED_PATH.sub(r"'\1'", message), duration=SECONDS, print_exception=False)


@contextmanager
def errors_as_messages() -> Iterator[None]:
    """Turn an MMGradError into a message for the visitor. Other exceptions are defects and stay as they are."""
    try:
        yield
    except MMGradError as error:
        raise user_error(str(error)) from error

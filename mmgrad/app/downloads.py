"""What a visitor can take away: a figure, the numbers, the raw maps, and the lines of Python that make them again."""

import base64
import io
import json
from collections.abc import Callable
from dataclasses import dataclass

from mmgrad.app.view import View
from mmgrad.render.export import raw_maps
from mmgrad.render.figure import figure
from mmgrad.results import Explanation

DPI = 160


@dataclass(frozen=True)
class Kind:
    """A kind of file: its name, its media type, and what makes its bytes."""

    name: str
    mime: str
    make: Callable[[Explanation], bytes]


def _drawn(kind: str) -> Callable[[Explanation], bytes]:
    def draw(explanation: Explanation) -> bytes:
        stream = io.BytesIO()
        figure(explanation).savefig(stream, format=kind, dpi=DPI)
        return stream.getvalue()

    return draw


KINDS = {
    "png": Kind("mmgrad.png", "image/png", _drawn("png")),
    "pdf": Kind("mmgrad.pdf", "application/pdf", _drawn("pdf")),
    "json": Kind("mmgrad.json", "application/json", lambda made: json.dumps(made.to_dict(), indent=1).encode()),
    "npz": Kind("mmgrad.npz", "application/octet-stream", raw_maps),
}


def file_view(explanation: Explanation, kind: str) -> View:
    """A file for the page to save: `name`, `mime`, and its bytes in base 64."""
    chosen = KINDS[kind]
    return {
        "name": chosen.name,
        "mime": chosen.mime,
        "data": base64.b64encode(chosen.make(explanation)).decode("ascii"),
    }

"""The files that the page offers: a figure, the numbers, the raw maps."""

import base64
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mmgrad.app.view import View
from mmgrad.render.export import raw_maps
from mmgrad.render.figure import figure
from mmgrad.results import Explanation

DPI = 160

Notes = Sequence[str]


@dataclass(frozen=True)
class FileKind:
    """A kind of file: its name, its media type, and the function that makes its bytes."""

    name: str
    mime: str
    make: Callable[[Explanation, Notes], bytes]


def _figure(kind: str) -> Callable[[Explanation, Notes], bytes]:
    def draw(explanation: Explanation, _: Notes) -> bytes:
        stream = io.BytesIO()
        figure(explanation).savefig(stream, format=kind, dpi=DPI)
        return stream.getvalue()

    return draw


def _numbers(explanation: Explanation, notes: Notes) -> bytes:
    return json.dumps(explanation.to_dict() | {"notes": list(notes)}, indent=1).encode()


FILES = {
    "png": FileKind("mmgrad.png", "image/png", _figure("png")),
    "pdf": FileKind("mmgrad.pdf", "application/pdf", _figure("pdf")),
    "json": FileKind("mmgrad.json", "application/json", _numbers),
    "npz": FileKind("mmgrad.npz", "application/octet-stream", lambda explanation, _: raw_maps(explanation)),
}


def file_view(explanation: Explanation, kind: str, notes: Notes = ()) -> View:
    """A file for the page to save: `name`, `mime`, and its bytes in base 64. `kind` is a key of FILES."""
    chosen = FILES[kind]
    return {
        "name": chosen.name,
        "mime": chosen.mime,
        "data": base64.b64encode(chosen.make(explanation, notes)).decode("ascii"),
    }

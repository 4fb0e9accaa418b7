"""What happens when a visitor asks, picks an example, goes on from a result, or looks at something more closely."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr
import numpy as np

from mmgrad.engine import Engine
from mmgrad.errors import InputError, MMGradError
from mmgrad.export import describe
from mmgrad.figure import figure
from mmgrad.ui import views_why
from mmgrad.ui.examples import Example
from mmgrad.ui.picture import Refused
from mmgrad.ui.pictures import Pictures
from mmgrad.ui.prepared import STEPS, TOP, prepare
from mmgrad.ui.take import DPI, KINDS, file_view
from mmgrad.ui.view import View

WAYS = (
    "replace the dog with a teapot",
    "remove the chair",
    "add a duck on the left",
    "make the car blue",
    "make the owl much bigger",
    "move the clock to the right",
    "put it on the beach",
)
"""Ways to say it, as long as there is no picture to suit."""

Given = np.ndarray | Refused | None
"""What the picture field hands over."""


class Handlers:
    """The page's events over one engine. Every method may be called by several visitors at once."""

    def __init__(self, engine: Engine, examples: Sequence[Example]):
        self.engine = engine
        self.examples = {example.id: example for example in examples}
        self.prepared = prepare(engine, examples)
        self.pictures = Pictures(
            {f"gallery:{record.id}": record.path for record in engine.gallery.records}
            | {f"example:{example.id}": example.path for example in examples}
        )

    def ask(self, image: Given, text: str, strength: float = 1.0, leave_out: bool = False) -> Iterator[View]:
        """What is shown after each step: the reference, then the hits too, then the words too."""
        if isinstance(image, Refused):
            return  # its sentence was shown when the picture was looked at
        if image is None:
            raise sentence("There is no picture yet; upload one, paste one, or pick an example.")
        name = self.pictures.name(image)
        shown = _opening({"picture": name, "text": text, "strength": strength, "leave_out": leave_out})
        try:
            stream = self.engine.stream(image, text, self._top, strength, leave_out)
            for explanation, view in zip(stream, STEPS, strict=True):
                shown = shown | view(explanation)
                yield shown
                self.pictures.keep(name, image)  # after the first step, which should not wait for it
        except MMGradError as error:
            raise sentence(str(error)) from error

    def look(self, image: Given) -> list[str]:
        """Sentences that suit a picture that has just come; a bad one is told of at once."""
        if isinstance(image, Refused):
            raise sentence(image.reason)
        return list(WAYS) if image is None else self.engine.suggest(image)

    def open_example(self, event: gr.EventData) -> tuple[Path | np.ndarray, str, float, bool, View]:
        """The picture and the sentence of the example that was clicked, and its answer, computed beforehand."""
        example = self.examples.get(str(_field(event, "id")))
        if example is None:
            raise sentence("That example is not here any more; please reload the page.")
        name = f"example:{example.id}"
        shown = _opening({"picture": name, "text": example.text, "strength": 1.0, "leave_out": False})
        shown |= {"look_at": example.look_at} | json.loads(self.prepared[example.id])
        return self.pictures.path(name), example.text, 1.0, False, shown

    def reopen(self, event: gr.EventData) -> tuple[Path | np.ndarray, str, float, bool]:
        """Picture, sentence and settings of a link, or of an earlier step."""
        try:
            name, text, strength, leave_out = self._query(event)
            lasts = not name.startswith("upload:")
            return self.pictures.path(name) if lasts else self.pictures.open(name), text, strength, leave_out
        except MMGradError as error:
            raise sentence(str(error)) from error

    def use_hit(self, event: gr.EventData) -> Path | np.ndarray:
        """The picture of the result that was chosen as the next reference; only pictures of the gallery can be."""
        name = str(_field(event, "id"))
        if name not in self.engine.gallery.positions:
            raise sentence("That result is not in the gallery any more; please ask again.")
        return self.pictures.path(f"gallery:{name}")

    def use_any(self) -> Path | np.ndarray:
        """Some picture of the gallery."""
        return self.pictures.path(f"gallery:{random.choice(self.engine.gallery.records).id}")

    def contrast(self, event: gr.EventData) -> View:
        """Why one result and not another."""
        first, second = str(_field(event, "first")), str(_field(event, "second"))

        def made(image: np.ndarray, text: str, strength: float) -> View:
            return views_why.contrast_view(self.engine.contrast(image, text, first, second, strength))

        return self._closer("contrast", event, made)

    def text_blind(self, event: gr.EventData) -> View:
        """What maps that never read the text show for the same pictures."""

        def made(image: np.ndarray, text: str, strength: float) -> View:
            return views_why.text_blind_view(*self.engine.text_blind(image, text, _ids(event)))

        return self._closer("text_blind", event, made)

    def responses(self, event: gr.EventData) -> View:
        """What each place of the reference speaks for, among the results."""

        def made(image: np.ndarray, text: str, strength: float) -> View:
            return views_why.responses_view(self.engine.responses(image, text, _ids(event), strength))

        return self._closer("responses", event, made)

    def check(self, event: gr.EventData) -> View:
        """A result with the marked region covered, and with as much covered elsewhere."""

        def made(image: np.ndarray, text: str, strength: float) -> View:
            return views_why.check_view(self.engine.check(image, text, str(_field(event, "id")), strength))

        return self._closer("check", event, made)

    def take(self, event: gr.EventData) -> View:
        """A file of the whole explanation, made anew, for the page to save."""
        kind = str(_field(event, "file"))
        if kind not in KINDS:
            raise sentence(f"There is no such file to take; please choose one of {', '.join(KINDS)}.")

        def made(image: np.ndarray, text: str, strength: float) -> View:
            leave_out = self._query(event)[3]
            return file_view(self.engine.explain(image, text, self._top, strength, leave_out), kind)

        return self._closer("take", event, made)

    def explain(
        self, image: Given, text: str, top: int = 12, strength: float = 1.0, leave_out_copies: bool = False
    ) -> dict[str, Any]:
        """Find the pictures of the gallery that look like `image` changed as `text` says, and why.

        Args:
            image: the reference picture.
            text: what should be different, in English, such as "replace the dog with a cat"; at most 300 characters.
            top: how many results, from 1 to 50.
            strength: how much the text counts, from 0 (the picture alone) through 1 (as trained) to 2.
            leave_out_copies: leave out pictures of the gallery that are the reference itself.

        Returns:
            The results with rank, id, caption and score; for the reference and each result the pixel [x, y] that the
            text changes most, null where there is no evidence; and for each word of the text its weight.
        """
        return describe(self._explained(image, text, top, strength, leave_out_copies))

    def draw(self, image: Given, text: str, top: int = 8) -> Any:
        """Draw the explanation of a search as one figure: the reference and the results, each with its attention map.

        Args:
            image: the reference picture.
            text: what should be different, in English, such as "replace the dog with a cat"; at most 300 characters.
            top: how many results, from 1 to 50.

        Returns:
            A picture of the figure.
        """
        sheet = figure(self._explained(image, text, top, 1.0, False))
        sheet.set_dpi(DPI)
        sheet.canvas.draw()
        return np.asarray(sheet.canvas.buffer_rgba())[..., :3].copy()  # type: ignore[attr-defined]

    @property
    def _top(self) -> int:
        return min(TOP, len(self.engine.gallery))

    def _explained(self, image: Given, text: str, top: int, strength: float, leave_out: bool) -> Any:
        if image is None or isinstance(image, Refused):
            raise sentence(image.reason if image else "There is no picture; please give one.")
        try:
            return self.engine.explain(image, text, top, strength, leave_out)
        except MMGradError as error:
            raise sentence(str(error)) from error

    def _closer(self, kind: str, event: gr.EventData, made: Callable[[np.ndarray, str, float], View]) -> View:
        """The answer to a closer question about the query that the page sent along; it bears the question's ticket."""
        try:
            name, text, strength, _ = self._query(event)
            answer = made(self.pictures.open(name), text, strength)
        except MMGradError as error:
            raise sentence(str(error)) from error
        return {"kind": kind, "ticket": _field(event, "ticket"), **answer}

    def _query(self, event: gr.EventData) -> tuple[str, str, float, bool]:
        """Picture name, text, strength, leave_out; each may come from a link that somebody wrote by hand."""
        query = _field(event, "query")
        if not isinstance(query, dict) or not isinstance(query.get("text"), str):
            raise InputError("This link or this page is not complete; please ask again.")
        strength = query.get("strength", 1.0)
        if isinstance(strength, bool) or not isinstance(strength, int | float):
            raise InputError("The strength of the text must be a number; please ask again.")
        return str(query.get("picture")), query["text"], float(strength), query.get("leave_out") is True


def sentence(message: str) -> gr.Error:
    """A message for the visitor, shown as it is and kept out of the log."""
    return gr.Error(message, duration=15, print_exception=False)


def _opening(query: dict[str, Any]) -> View:
    """The part of an answer that names the question; `run` tells the page that this is another one."""
    return {"run": uuid4().hex, "query": query}


def _ids(event: gr.EventData) -> list[str]:
    ids = _field(event, "ids")
    return [str(each) for each in ids[:TOP]] if isinstance(ids, list) else []


def _field(event: gr.EventData, name: str) -> object:
    """A field that the page sent with an event, None where it did not."""
    return event._data.get(name) if isinstance(event._data, dict) else None

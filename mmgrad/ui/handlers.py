"""What happens when a visitor asks, picks an example, or goes on from a result."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import gradio as gr
import numpy as np

from mmgrad.engine import Engine
from mmgrad.errors import MMGradError
from mmgrad.ui.examples import Example
from mmgrad.ui.view import View, hits_view, reference_view, words_view

TOP = 12
STEPS = (reference_view, hits_view, words_view)
"""How each explanation that `Engine.stream` yields is added to the page."""


class Handlers:
    """The page's events over one engine. Every method may be called by several visitors; none keeps anything."""

    def __init__(self, engine: Engine, examples: Sequence[Example]):
        self.engine = engine
        self.examples = {example.id: example for example in examples}

    def ask(self, image: np.ndarray | None, text: str) -> Iterator[View]:
        """What is shown after each step: the reference, then the hits too, then the words too."""
        if image is None:
            raise sentence("There is no picture yet; upload one, paste one, or pick an example.")
        top = min(TOP, len(self.engine.gallery))
        shown: View = {"run": uuid4().hex}  # tells the page that this is another question
        try:
            for explanation, view in zip(self.engine.stream(image, text, top), STEPS, strict=True):
                shown = shown | view(explanation)
                yield shown
        except MMGradError as error:
            raise sentence(str(error)) from error

    def check(self, image: np.ndarray | None) -> None:
        """Nothing: the picture has been decoded on the way here, so a bad one is told of at once."""

    def use_example(self, event: gr.EventData) -> tuple[Path, str]:
        """The picture and the sentence of the example that was clicked."""
        example = self.examples.get(str(_field(event, "id")))
        if example is None:
            raise sentence("That example is not here any more; please reload the page.")
        return example.path, example.text

    def use_hit(self, event: gr.EventData) -> Path:
        """The picture of the result that was chosen as the next reference; only pictures of the gallery can be."""
        row = self.engine.gallery.positions.get(str(_field(event, "id")))
        if row is None:
            raise sentence("That result is not in the gallery any more; please ask again.")
        return self.engine.gallery.records[row].path


def sentence(message: str) -> gr.Error:
    """A message for the visitor, shown as it is and kept out of the log."""
    return gr.Error(message, duration=15, print_exception=False)


def _field(event: gr.EventData, name: str) -> object:
    """A field that the page sent with an event, None where it did not."""
    return event._data.get(name) if isinstance(event._data, dict) else None

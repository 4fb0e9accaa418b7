"""What happens when a visitor asks, picks an example, goes on from a result, or looks at something more closely."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from uuid import uuid4

import gradio as gr
import numpy as np

from mmgrad.app import analysis_views as views_why
from mmgrad.app.downloads import KINDS, file_view
from mmgrad.app.example_cache import STEPS, TOP, prepare
from mmgrad.app.examples import Example
from mmgrad.app.galleries import choose
from mmgrad.app.image_input import Refused
from mmgrad.app.image_store import ALONE, ImageStore, prefix
from mmgrad.app.query import Query, read_query
from mmgrad.app.settings import Limits
from mmgrad.app.view import View
from mmgrad.engine import Engine
from mmgrad.errors import InputError, MMGradError

DEFAULT_PROMPTS = (
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
    """The page's events over the engines of some galleries. Every method may be called by several visitors at once.

    Args:
        engines: by the name that a visitor chooses a gallery by; the first is asked where none is named.
        examples: pictures and sentences to open.
        limits: what one visitor may ask.
        prepared: the first engine's answers to the examples, where they are there already.
    """

    def __init__(
        self,
        engines: Mapping[str, Engine],
        examples: Sequence[Example],
        limits: Limits | None = None,
        prepared: Mapping[str, bytes] | None = None,
    ):
        self.engines = engines
        self.limits = limits = limits or Limits()
        self.default = next(iter(engines))
        self.prefixes = {name: prefix(name if len(engines) > 1 else None) for name in engines}
        self.examples = {example.id: example for example in examples}
        if prepared is None:
            prepared = prepare(engines[self.default], examples, top=min(TOP, limits.results))
        self.prepared = prepared
        self.pictures = ImageStore(
            {
                f"{self.prefixes[name]}{record.id}": record.path
                for name, engine in engines.items()
                for record in engine.gallery.records
            }
            | {f"example:{example.id}": example.path for example in examples}
        )

    def ask(
        self, image: Given, text: str, strength: float = 1.0, leave_out: bool = False, gallery: str | None = None
    ) -> Iterator[View]:
        """What is shown after each step: the reference, then the hits too, then the words too."""
        if isinstance(image, Refused):
            return  # its sentence was shown when the picture was looked at
        if image is None:
            raise sentence("There is no picture yet; upload one, paste one, or pick an example.")
        name = self.pictures.name(image)
        try:
            engine = choose(self.engines, gallery)
            shown = _opening(Query(name, text, strength, leave_out, gallery or self.default))
            stream = engine.stream(image, text, self._top(engine), text_weight=strength, exclude_duplicates=leave_out)
            for explanation, view in zip(stream, STEPS, strict=True):
                shown = shown | view(explanation)
                yield shown
                self.pictures.keep(name, image)  # after the first step, which should not wait for it
        except MMGradError as error:
            raise sentence(str(error)) from error

    def look(self, image: Given, gallery: str | None = None) -> list[str]:
        """Sentences that suit a picture that has just come; a bad one is told of at once."""
        if isinstance(image, Refused):
            raise sentence(image.reason)
        return list(DEFAULT_PROMPTS) if image is None else self._engine(gallery).suggest(image)

    def open_example(self, event: gr.EventData) -> tuple[Path | np.ndarray, str, float, bool, str, View]:
        """The picture and the sentence of the example that was clicked, and its answer, computed beforehand.

        For the first gallery; in another one the page reopens the example's picture and sentence as it does a link.
        """
        example = self.examples.get(str(_field(event, "id")))
        if example is None:
            raise sentence("That example is not here any more; please reload the page.")
        query = Query(f"example:{example.id}", example.text, 1.0, False, self.default)
        shown = _opening(query) | {"look_at": example.look_at} | json.loads(self.prepared[example.id])
        return (
            self.pictures.path(query.picture),
            query.text,
            query.text_weight,
            query.exclude_duplicates,
            query.gallery,
            shown,
        )

    def reopen(self, event: gr.EventData) -> tuple[Path | np.ndarray, str, float, bool, str]:
        """Picture, sentence and settings of a link, of an earlier step, or of an example in another gallery."""
        try:
            asked = self._query(event)
            picture = self.pictures.show(asked.picture)
        except MMGradError as error:
            raise sentence(str(error)) from error
        return picture, asked.text, asked.text_weight, asked.exclude_duplicates, asked.gallery

    def use_hit(self, event: gr.EventData) -> Path | np.ndarray:
        """The picture of the result that was chosen as the next reference; only pictures of a gallery can be."""
        gallery, name = _field(event, "gallery"), str(_field(event, "id"))
        if name not in self._engine(gallery).gallery.positions:
            raise sentence("That result is not in the gallery any more; please ask again.")
        return self.pictures.show(f"{self.prefixes[str(gallery or self.default)]}{name}")

    def use_any(self, gallery: str | None = None) -> Path | np.ndarray:
        """Some picture of a gallery."""
        record = random.choice(self._engine(gallery).gallery.records)
        return self.pictures.show(f"{self.prefixes[gallery or self.default]}{record.id}")

    def contrast(self, event: gr.EventData) -> View:
        """Why one result and not another."""
        first, second = str(_field(event, "first")), str(_field(event, "second"))

        def made(engine: Engine, image: np.ndarray, asked: Query) -> View:
            return views_why.contrast_view(engine.contrast(image, asked.text, first, second, asked.text_weight))

        return self._closer("contrast", event, made)

    def text_blind(self, event: gr.EventData) -> View:
        """What maps that never read the text show for the same pictures."""

        def made(engine: Engine, image: np.ndarray, asked: Query) -> View:
            return views_why.text_blind_view(*engine.text_agnostic_gradcam(image, asked.text, _ids(event)))

        return self._closer("text_blind", event, made)

    def responses(self, event: gr.EventData) -> View:
        """What each place of the reference speaks for, among the results."""

        def made(engine: Engine, image: np.ndarray, asked: Query) -> View:
            return views_why.responses_view(
                engine.per_result_attribution(image, asked.text, _ids(event), asked.text_weight)
            )

        return self._closer("responses", event, made)

    def check(self, event: gr.EventData) -> View:
        """A result with the marked region covered, and with as much covered elsewhere."""

        def made(engine: Engine, image: np.ndarray, asked: Query) -> View:
            hit = str(_field(event, "id"))
            return views_why.check_view(engine.verify(image, asked.text, hit, asked.text_weight))

        return self._closer("check", event, made)

    def take(self, event: gr.EventData) -> View:
        """A file of the whole explanation, made anew, for the page to save."""
        kind = str(_field(event, "file"))
        if kind not in KINDS:
            raise sentence(f"There is no such file to take; please choose one of {', '.join(KINDS)}.")

        def made(engine: Engine, image: np.ndarray, asked: Query) -> View:
            whole = engine.explain(
                image,
                asked.text,
                self._top(engine),
                text_weight=asked.text_weight,
                exclude_duplicates=asked.exclude_duplicates,
            )
            return file_view(whole, kind)

        return self._closer("take", event, made)

    def _top(self, engine: Engine) -> int:
        return min(TOP, self.limits.results, len(engine.gallery))

    def _engine(self, gallery: object) -> Engine:
        try:
            return choose(self.engines, gallery)
        except InputError as error:
            raise sentence(str(error)) from error

    def _closer(self, kind: str, event: gr.EventData, made: Callable[[Engine, np.ndarray, Query], View]) -> View:
        """The answer to a closer question about the query that the page sent along; it bears the question's ticket."""
        try:
            asked = self._query(event)
            answer = made(choose(self.engines, asked.gallery), self.pictures.open(asked.picture), asked)
        except MMGradError as error:
            raise sentence(str(error)) from error
        return {"kind": kind, "ticket": _field(event, "ticket"), **answer}

    def _query(self, event: gr.EventData) -> Query:
        """The query that an event bears. It may come from a link that somebody wrote by hand: raises InputError."""
        asked = read_query(_field(event, "query"), self.default)
        choose(self.engines, asked.gallery)
        if not asked.picture.startswith(ALONE):
            return asked
        return replace(asked, picture=self.prefixes[self.default] + asked.picture.removeprefix(ALONE))


def sentence(message: str) -> gr.Error:
    """A message for the visitor, shown as it is and kept out of the log."""
    return gr.Error(message, duration=15, print_exception=False)


def _opening(query: Query) -> View:
    """The part of an answer that names the question; `run` tells the page that this is another one."""
    return {"run": uuid4().hex, "query": asdict(query)}


def _ids(event: gr.EventData) -> list[str]:
    ids = _field(event, "ids")
    return [str(each) for each in ids[:TOP]] if isinstance(ids, list) else []


def _field(event: gr.EventData, name: str) -> object:
    """A field that the page sent with an event, None where it did not."""
    return event._data.get(name) if isinstance(event._data, dict) else None

"""The events of the page: ask, open an example or a link, go on from a result, ask a follow-up question."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from uuid import uuid4

import gradio as gr

from mmgrad.app import analysis_views
from mmgrad.app.downloads import FILES, file_view
from mmgrad.app.example_cache import STEPS, prepare
from mmgrad.app.examples import Example
from mmgrad.app.galleries import choose
from mmgrad.app.image_input import InvalidUpload, UploadedImage, fit_to_browser
from mmgrad.app.image_store import SINGLE_GALLERY, ImageStore, prefix
from mmgrad.app.memory import release_memory
from mmgrad.app.messages import errors_as_messages, user_error
from mmgrad.app.notes import notes_before_reading, notes_on
from mmgrad.app.query import Query, read_query
from mmgrad.app.settings import Limits
from mmgrad.app.view import View
from mmgrad.engine import DEFAULT_TOP_K, Engine
from mmgrad.errors import InputError
from mmgrad.imaging.io import Source

DEFAULT_PROMPTS = (
    "replace the dog with a teapot",
    "remove the chair",
    "add a duck on the left",
    "make the car blue",
    "make the owl much bigger",
    "move the clock to the right",
    "put it on the beach",
)
"""Suggested texts while there is no picture."""

Upload = UploadedImage | InvalidUpload | None
"""What the picture field gives."""

Shown = Path | bytes
"""What the picture field is given."""


class Handlers:
    """The events of the page. Every method may run for several visitors at once.

    Args:
        engines: an engine for each gallery, by name; the first is used if a question names no gallery.
        examples: curated pictures and texts.
        limits: what one visitor may ask.
        prepared: the answers to the examples, if they are computed already.
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
            prepared = prepare(engines, examples, top_k=min(DEFAULT_TOP_K, limits.results))
        self.prepared = prepared
        self.images = ImageStore(
            {
                f"{self.prefixes[name]}{record.id}": record.path
                for name, engine in engines.items()
                for record in engine.gallery.records
            }
            | {f"example:{example.id}": example.path for example in examples}
        )

    def ask(
        self,
        image: Upload,
        text: str,
        text_weight: float = 1.0,
        exclude_duplicates: bool = False,
        gallery: str | None = None,
        request: gr.Request | None = None,
    ) -> Iterator[View]:
        """Yield the answer after each step: with the reference, with the hits, with the words."""
        if isinstance(image, InvalidUpload):
            raise user_error(image.reason)
        if image is None:
            raise user_error("There is no picture yet; upload one, paste one, or pick an example.")
        name = self.images.name(image, _session(request))
        with errors_as_messages():
            engine = choose(self.engines, gallery)
            question = Query(name, text, text_weight, exclude_duplicates, gallery or self.default)
            answer = _opening(question) | {"notes": notes_before_reading(engine, text)}
            steps = engine.stream(
                image.content,
                text,
                self.top_k,
                text_weight=text_weight,
                exclude_duplicates=exclude_duplicates,
            )
            for explanation, view in zip(steps, STEPS, strict=True):
                answer = answer | view(explanation)
                if explanation.words:
                    answer = answer | {"notes": notes_on(engine, explanation)}
                yield answer
                self.images.keep(name, image)  # after the first step, so that the first step does not wait for it
        release_memory()

    def look(self, image: Upload, gallery: str | None = None) -> list[str]:
        """Suggested texts for a picture that was just chosen. Reports a file that cannot be used."""
        if isinstance(image, InvalidUpload):
            raise user_error(image.reason)
        with errors_as_messages():
            engine = choose(self.engines, gallery)
            found = list(DEFAULT_PROMPTS) if image is None else engine.suggest(image.content)
        release_memory()
        return found

    def preview(self, image: Upload) -> object:
        """The picture field's own value after an upload: a copy that browsers show, where they do not show the file.

        A file that cannot be used is left to `look`, which reports it.
        """
        if not isinstance(image, UploadedImage):
            return gr.skip()
        try:
            content = fit_to_browser(image.content)
        except InputError:
            return gr.skip()
        return gr.skip() if content is image.content else content

    def open_example(self, event: gr.EventData) -> tuple[Shown, str, float, bool, str, View]:
        """Picture, text and settings of the example that was clicked, and its prepared answer.

        For another gallery than its own the page reopens the example's question as it does with a link.
        """
        example = self.examples.get(str(_field(event, "id")))
        if example is None:
            raise user_error("That example is not here any more; please reload the page.")
        query = Query(f"example:{example.id}", example.text, 1.0, False, example.gallery or self.default)
        answer = _opening(query) | {"look_at": example.look_at} | json.loads(self.prepared[example.id])
        with errors_as_messages():
            picture = self.images.show(query.picture)
        return picture, query.text, query.text_weight, query.exclude_duplicates, query.gallery, answer

    def reopen(self, event: gr.EventData) -> tuple[Shown, str, float, bool, str]:
        """Picture, text and settings of a link, of an earlier question, or of an example in another gallery."""
        with errors_as_messages():
            query = self._query(event)
            picture = self.images.show(query.picture)
        return picture, query.text, query.text_weight, query.exclude_duplicates, query.gallery

    def use_hit(self, event: gr.EventData) -> Shown:
        """The picture of the result that was chosen as the next reference. Only gallery pictures can be chosen."""
        gallery, name = _field(event, "gallery"), str(_field(event, "id"))
        with errors_as_messages():
            if name not in choose(self.engines, gallery).gallery.positions:
                raise InputError("That result is not in the gallery any more; please ask again.")
            return self.images.show(f"{self.prefixes[str(gallery or self.default)]}{name}")

    def use_any(self, gallery: str | None = None) -> Shown:
        """A random picture of a gallery."""
        with errors_as_messages():
            record = random.choice(choose(self.engines, gallery).gallery.records)
            return self.images.show(f"{self.prefixes[gallery or self.default]}{record.id}")

    def contrast(self, event: gr.EventData) -> View:
        """Why one result ranks before another."""
        first, second = str(_field(event, "first")), str(_field(event, "second"))

        def answer(engine: Engine, image: Source, query: Query) -> View:
            return analysis_views.contrast_view(
                engine.contrast(image, query.text, first, second, text_weight=query.text_weight)
            )

        return self._follow_up("contrast", event, answer)

    def text_blind(self, event: gr.EventData) -> View:
        """Grad-CAM maps that do not use the text, for the same pictures."""

        def answer(engine: Engine, image: Source, query: Query) -> View:
            return analysis_views.text_blind_view(*engine.text_agnostic_gradcam(image, query.text, _ids(event)))

        return self._follow_up("text_blind", event, answer)

    def responses(self, event: gr.EventData) -> View:
        """For each result, how much each place of the reference contributes to its score."""

        def answer(engine: Engine, image: Source, query: Query) -> View:
            maps = engine.per_result_attribution(image, query.text, _ids(event), text_weight=query.text_weight)
            return analysis_views.responses_view(maps)

        return self._follow_up("responses", event, answer)

    def check(self, event: gr.EventData) -> View:
        """The rank of a result with its marked region occluded, and with regions of the same size occluded."""

        def answer(engine: Engine, image: Source, query: Query) -> View:
            hit = str(_field(event, "id"))
            return analysis_views.check_view(engine.verify(image, query.text, hit, text_weight=query.text_weight))

        return self._follow_up("check", event, answer)

    def take(self, event: gr.EventData) -> View:
        """A file of the whole explanation, computed again, for the page to save."""
        kind = str(_field(event, "file"))
        if kind not in FILES:
            raise user_error(f"There is no such file; please choose one of {', '.join(FILES)}.")

        def answer(engine: Engine, image: Source, query: Query) -> View:
            explanation = engine.explain(
                image,
                query.text,
                self.top_k,
                text_weight=query.text_weight,
                exclude_duplicates=query.exclude_duplicates,
            )
            return file_view(explanation, kind, notes_on(engine, explanation))

        return self._follow_up("take", event, answer)

    @property
    def top_k(self) -> int:
        """How many results an answer has at most."""
        return min(DEFAULT_TOP_K, self.limits.results)

    def _follow_up(self, kind: str, event: gr.EventData, answer: Callable[[Engine, Source, Query], View]) -> View:
        """The answer to a follow-up question about the query that the page sent, with the ticket of the question."""
        with errors_as_messages():
            query = self._query(event)
            view = answer(choose(self.engines, query.gallery), self.images.open(query.picture), query)
        release_memory()
        return {"kind": kind, "ticket": _field(event, "ticket"), **view}

    def _query(self, event: gr.EventData) -> Query:
        """The query that an event sends; somebody may have written it by hand. Raises InputError."""
        query = read_query(_field(event, "query"), self.default)
        choose(self.engines, query.gallery)
        if not query.picture.startswith(SINGLE_GALLERY):
            return query
        return replace(query, picture=self.prefixes[self.default] + query.picture.removeprefix(SINGLE_GALLERY))


def _opening(query: Query) -> View:
    """The start of an answer: the question, and `run`, which tells the page that this is a new answer."""
    return {"run": uuid4().hex, "query": asdict(query), "notes": []}


def _session(request: gr.Request | None) -> str:
    return str(request.session_hash or "") if request is not None else ""


def _ids(event: gr.EventData) -> list[str]:
    ids = _field(event, "ids")
    return [str(each) for each in ids[:DEFAULT_TOP_K]] if isinstance(ids, list) else []


def _field(event: gr.EventData, name: str) -> object:
    """A field that the page sent with an event; None if it did not."""
    return event._data.get(name) if isinstance(event._data, dict) else None

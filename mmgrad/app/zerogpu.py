"""ZeroGPU of Hugging Face Spaces: a GPU that is lent to a Space for the length of one question.

Such a Space has no GPU between questions. The package `spaces` makes believe that there is one while a model is loaded;
a function that it wraps runs in a process of its own, forked from this one, where there really is. What the function
is given and what it yields is pickled on the way, and of its errors only the names of the classes come back. So every
question to an engine goes through one wrapped function, which yields what a user should read as a value.

Elsewhere nothing of this happens, whether the package is there or not.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mmgrad.engine import Engine
from mmgrad.errors import MMGradError
from mmgrad.results import AttentionMap, Contrast, Explanation, OcclusionCheck

SECONDS = 30
"""How long one question may take there; the shorter it is, the sooner a visitor's turn comes."""

Ask = Callable[[str, str, tuple[Any, ...], dict[str, Any]], Iterator[Any]]
"""Gallery, question, its arguments by place and by name -> what the engine answers, step by step."""


def is_here() -> bool:
    """Whether this runs on ZeroGPU: what the package `spaces` itself goes by."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def lend(engines: Mapping[str, Engine]) -> dict[str, Engine]:
    """The same engines, each question answered on a lent GPU. The model must lie on "cuda"."""
    import spaces

    def answer(gallery: str, question: str, given: tuple[Any, ...], named: dict[str, Any]) -> Iterator[Any]:
        try:
            found = getattr(engines[gallery], question)(*given, **named)
            if question == "stream":
                yield from found
            else:
                yield found
        except MMGradError as error:
            yield error

    lent = spaces.GPU(duration=SECONDS)(answer)
    return {name: ZeroGPUEngine(engine, name, lent) for name, engine in engines.items()}


class ZeroGPUEngine(Engine):
    """An engine that sends its questions through `ask`."""

    def __init__(self, engine: Engine, name: str, ask: Ask):
        super().__init__(engine.model, engine.gallery, name)
        self._ask = ask

    def stream(self, *given: Any, **named: Any) -> Iterator[Explanation]:
        for step in self._ask(self.name, "stream", given, named):
            yield _checked(step)

    def explain(self, *given: Any, **named: Any) -> Explanation:
        explanation: Explanation = self._one("explain", given, named)
        return explanation

    def suggest(self, *given: Any, **named: Any) -> list[str]:
        sentences: list[str] = self._one("suggest", given, named)
        return sentences

    def contrast(self, *given: Any, **named: Any) -> Contrast:
        contrast: Contrast = self._one("contrast", given, named)
        return contrast

    def per_result_attribution(self, *given: Any, **named: Any) -> tuple[AttentionMap, ...]:
        maps: tuple[AttentionMap, ...] = self._one("per_result_attribution", given, named)
        return maps

    def text_agnostic_gradcam(self, *given: Any, **named: Any) -> tuple[AttentionMap, tuple[AttentionMap, ...]]:
        maps: tuple[AttentionMap, tuple[AttentionMap, ...]] = self._one("text_agnostic_gradcam", given, named)
        return maps

    def verify(self, *given: Any, **named: Any) -> OcclusionCheck:
        made: OcclusionCheck = self._one("verify", given, named)
        return made

    def _one(self, question: str, given: Sequence[Any], named: dict[str, Any]) -> Any:
        (answer,) = self._ask(self.name, question, tuple(given), named)
        return _checked(answer)


def _checked(answer: Any) -> Any:
    if isinstance(answer, MMGradError):
        raise answer
    return answer

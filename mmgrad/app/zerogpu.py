"""ZeroGPU of Hugging Face Spaces: a GPU that a Space gets for the length of one call.

Between calls such a Space has no GPU. The package `spaces` pretends that there is one while the model is loaded. A
function that `spaces.GPU` wraps runs in a process of its own, forked from this one, which has the GPU. Its arguments
and what it yields are pickled, and of an exception only the class name comes back. Therefore every call of an engine
becomes a `Request`, one wrapped function answers it, and an error that a user should read is yielded as a value.

Without ZeroGPU nothing of this is used, whether the package is installed or not.
"""

import copy
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from inspect import isfunction, isgeneratorfunction
from typing import Any

from mmgrad.engine import Engine
from mmgrad.errors import MMGradError

SECONDS = 30
"""Maximum duration of one call. The shorter it is, the sooner a visitor gets a GPU."""

METHODS = tuple(name for name, value in vars(Engine).items() if isfunction(value) and not name.startswith("_"))
"""The public methods of an engine; all of them run on the GPU."""


@dataclass(frozen=True)
class Request:
    """One call of a public method of an engine.

    Attributes:
        engine: name of the engine.
        method: one of METHODS.
        args: positional arguments.
        kwargs: keyword arguments.
    """

    engine: str
    method: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


Answer = Callable[[Request], Iterator[Any]]
"""A function that yields what the method yields, or the one value that it returns."""


def is_available() -> bool:
    """Whether this process runs on ZeroGPU, by the variable that the package `spaces` reads."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def wrap(engines: Mapping[str, Engine]) -> dict[str, Engine]:
    """Copies of the engines whose public methods run on ZeroGPU. The model must be on "cuda"."""
    import spaces

    def answer(request: Request) -> Iterator[Any]:
        yield from run(engines[request.engine], request)

    wrapped: Answer = spaces.GPU(duration=SECONDS)(answer)
    return {name: _remote(engine, name, wrapped) for name, engine in engines.items()}


def run(engine: Engine, request: Request) -> Iterator[Any]:
    """Call the method and yield its steps or its one result; yield, do not raise, an error that a user should read."""
    try:
        result = getattr(engine, request.method)(*request.args, **request.kwargs)
        if _is_generator(request.method):
            yield from result
        else:
            yield result
    except MMGradError as error:
        yield error


def _remote(engine: Engine, name: str, answer: Answer) -> Engine:
    remote = copy.copy(engine)
    for method in METHODS:
        call = _stream if _is_generator(method) else _call
        setattr(remote, method, partial(call, answer, name, method))
    return remote


def _stream(answer: Answer, name: str, method: str, *args: Any, **kwargs: Any) -> Iterator[Any]:
    for step in answer(Request(name, method, args, kwargs)):
        yield _raised(step)


def _call(answer: Answer, name: str, method: str, *args: Any, **kwargs: Any) -> Any:
    (result,) = answer(Request(name, method, args, kwargs))
    return _raised(result)


def _is_generator(method: str) -> bool:
    return isgeneratorfunction(getattr(Engine, method))


def _raised(result: Any) -> Any:
    if isinstance(result, MMGradError):
        raise result
    return result

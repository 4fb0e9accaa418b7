"""The package `spaces` is played by a stand-in that does what the real one does on ZeroGPU: it runs the function in a
process forked from this one, pickles what goes in and what comes out, and of an error tells the class only."""

import inspect
import multiprocessing
import os
import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import mmgrad
from mmgrad.app import zerogpu
from mmgrad.errors import GalleryError, InputError
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.results import AttentionMap, Explanation

PICTURE = np.zeros((20, 30, 3), np.uint8)


def forked(task, asked):
    """The items that `task` yields in another process, and "ABORTED:" with the class of an error at the end."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = os.fork()
    if process == 0:
        try:
            for item in task(*pickle.loads(asked)):
                there.send_bytes(pickle.dumps(item))
        except Exception as error:
            there.send_bytes(pickle.dumps(f"ABORTED:{type(error).__name__}"))
        finally:
            there.close()
            os._exit(0)
    there.close()
    try:
        while True:
            yield pickle.loads(here.recv_bytes())
    except EOFError:
        os.waitpid(process, 0)


def gpu(duration):
    def decorate(task):
        def lent(*asked):
            for item in forked(task, pickle.dumps(asked)):
                if isinstance(item, str) and item.startswith("ABORTED:"):
                    raise RuntimeError(item)
                yield item

        return lent

    return decorate


class Engine(mmgrad.Engine):
    """Answers that tell in which process they were made."""

    def __init__(self, name):
        self.name = name

    def stream(self, image, text, top_k=12, *, text_weight=1.0, **_):
        if not text:
            raise InputError("The text is empty.")
        box = Letterbox.fit(*image.shape[:2], 16)
        shown = AttentionMap(np.ones((4, 4), np.float32), box, 0.0)
        for step in range(3):
            yield Explanation(text, image, shown, (), (), f"{os.getpid()} {step}", f"{self.name} {top_k} {text_weight}")

    def suggest(self, image):
        return [str(os.getpid()), str(image.shape)]

    def contrast(self, *given, **named):
        raise GalleryError("There is no such picture.")

    def verify(self, *given, **named):
        raise KeyError("a defect")


@pytest.fixture
def lent(monkeypatch):
    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=gpu))
    return zerogpu.wrap({"own": Engine("own"), "other": Engine("other")})


def test_every_step_of_an_answer_comes_from_the_lent_process(lent):
    steps = list(lent["other"].stream(PICTURE, "make it red", 5, text_weight=0.5))
    made, order = zip(*(step.model.split() for step in steps), strict=True)
    assert order == ("0", "1", "2")
    assert len(set(made)) == 1
    assert made[0] != str(os.getpid())
    assert steps[-1].gallery == "other 5 0.5"
    assert steps[-1].reference.peak_xy is not None


def test_a_question_with_one_answer_gives_that(lent):
    process, shape = lent["own"].suggest(PICTURE)
    assert process != str(os.getpid())
    assert shape == "(20, 30, 3)"


def test_what_a_user_should_read_arrives_as_it_was_said(lent):
    with pytest.raises(InputError, match="The text is empty"):
        list(lent["own"].stream(PICTURE, ""))
    with pytest.raises(GalleryError, match="There is no such picture"):
        lent["own"].contrast(PICTURE, "a", "1", "2")


def test_a_defect_stays_one(lent):
    with pytest.raises(RuntimeError, match="ABORTED:KeyError"):
        lent["own"].verify(PICTURE, "a", "1")


def test_every_public_method_of_an_engine_becomes_a_request(monkeypatch):
    requests = []

    def answer(request):
        requests.append(request)
        yield "answer"

    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=lambda duration: lambda task: answer))
    engine = zerogpu.wrap({"own": Engine("own")})["own"]
    public = sorted(
        name for name, value in inspect.getmembers(mmgrad.Engine, inspect.isfunction) if not name.startswith("_")
    )
    assert {"stream", "explain", "search", "suggest", "contrast", "verify"} <= set(public)
    for name in public:
        found = getattr(engine, name)(PICTURE, key="value")
        assert (list(found) if inspect.isgenerator(found) else [found]) == ["answer"]
    assert requests == [zerogpu.Request("own", name, (PICTURE,), {"key": "value"}) for name in public]


def test_the_steps_of_an_answer_come_one_by_one():
    assert inspect.isgeneratorfunction(mmgrad.Engine.stream)


def test_what_is_not_a_method_is_that_of_the_engine(lent):
    assert isinstance(lent["own"], mmgrad.Engine)
    assert lent["other"].name == "other"


@pytest.mark.parametrize(("value", "here"), [("true", True), ("1", True), ("", False), ("false", False), (None, False)])
def test_zerogpu_is_told_by_its_variable(monkeypatch, value, here):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    if value is not None:
        monkeypatch.setenv("SPACES_ZERO_GPU", value)
    assert zerogpu.is_available() is here

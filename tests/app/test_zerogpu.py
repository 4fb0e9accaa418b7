"""The package `spaces` is played by a stand-in that does what the real one does on ZeroGPU: it runs the function in a
process forked from this one, pickles what goes in and what comes out, and of an error tells the class only."""

import multiprocessing
import os
import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from mmgrad.app import zerogpu as zero
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


class Engine:
    """Answers that tell where they were made."""

    name = "own"
    model = SimpleNamespace(card={}, name="m")
    gallery = SimpleNamespace(folder=None)

    def stream(self, image, text, top_k=12, text_weight=1.0, leave_out=False):
        if not text:
            raise InputError("The text is empty.")
        box = Letterbox.fit(*image.shape[:2], 16)
        shown = AttentionMap(np.ones((4, 4), np.float32), box, 0.0)
        for step in range(3):
            yield Explanation(text, image, shown, (), (), f"{os.getpid()} {step}", f"{top_k} {text_weight} {leave_out}")

    def suggest(self, image):
        return [str(os.getpid()), str(image.shape)]

    def contrast(self, *given):
        raise GalleryError("There is no such picture.")

    def verify(self, *given):
        raise KeyError("a defect")


@pytest.fixture
def lent(monkeypatch):
    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=gpu))
    return zero.lend({"own": Engine(), "other": Engine()})


def test_every_step_of_an_answer_comes_from_the_lent_process(lent):
    steps = list(lent["other"].stream(PICTURE, "make it red", 5, text_weight=0.5))
    made, order = zip(*(step.model.split() for step in steps), strict=True)
    assert order == ("0", "1", "2")
    assert len(set(made)) == 1
    assert made[0] != str(os.getpid())
    assert steps[-1].gallery == "5 0.5 False"
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


def test_all_that_an_engine_is_asked_goes_to_the_lent_process():
    public = {name for name in vars(zero.Engine) if not name.startswith("_")}
    assert public <= set(vars(zero.ZeroGPUEngine))


@pytest.mark.parametrize(("value", "here"), [("true", True), ("1", True), ("", False), ("false", False), (None, False)])
def test_zerogpu_is_told_by_its_variable(monkeypatch, value, here):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    if value is not None:
        monkeypatch.setenv("SPACES_ZERO_GPU", value)
    assert zero.is_here() is here

"""What is loaded and said before the page is served. Models, galleries and the page itself have tests of their own."""

import logging
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from mmgrad import cli
from mmgrad.app import blocks, example_cache, galleries, memory, zerogpu
from mmgrad.app.settings import Limits
from mmgrad.engine import DEFAULT_GALLERY
from mmgrad.errors import GalleryError, ModelError
from mmgrad.models import model
from mmgrad.utils.resources import EXAMPLES

VARIABLES = ("MODEL", "GALLERY", "COMPOSITION", "WEIGHT", "DEVICE", "GALLERY_DTYPE", "QUEUE", "MAX_UPLOAD")


class Gallery:
    def __init__(self, folder: Path, count: int):
        self.folder, self.count = folder, count
        self.skipped = (("a.png", "broken"),) if count == 3 else ()

    def __len__(self) -> int:
        return self.count


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict:
    """What was asked for, while nothing is really loaded or served."""
    for variable in VARIABLES:
        monkeypatch.delenv(f"MMGRAD_{variable}", raising=False)
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    asked: dict = {"models": [], "galleries": []}

    def load_model(*given):
        asked["models"].append(given)
        return SimpleNamespace(name="small", fingerprint="f00d", device=torch.device(given[1] or "cpu"))

    def load_engines(made, folders, dtype):
        asked["galleries"].append((made.device.type, folders, dtype))
        kept = [Path(folder) for folder in folders] or [DEFAULT_GALLERY]
        return {each.name: SimpleNamespace(gallery=Gallery(each, number)) for number, each in enumerate(kept, start=2)}

    def launch(*given, **options):
        asked["launched"], asked["options"] = given, options

    monkeypatch.setattr(model, "load_model", load_model)
    monkeypatch.setattr(galleries, "load_engines", load_engines)
    monkeypatch.setattr(
        example_cache, "prepare", lambda engines, examples, top_k: {"prepared for": engines, "top_k": top_k}
    )
    monkeypatch.setattr(memory, "limit_arenas", lambda: None)
    monkeypatch.setattr(blocks, "launch", launch)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "some GPU")
    return asked


def test_by_itself_it_serves_the_shipped_model_and_gallery(loaded, caplog):
    assert cli.main(["serve"]) == 0
    assert loaded["models"] == [(None, None, None, None, None)]
    assert loaded["galleries"] == [("cpu", (), torch.float32)]
    served, examples, limits, ready = loaded["launched"]
    assert list(served) == ["gallery"]
    assert examples == EXAMPLES
    assert limits == Limits()
    assert ready == {"prepared for": served, "top_k": 12}
    assert loaded["options"] == {"server_name": None, "server_port": None, "root_path": None, "share": None}


def test_the_log_says_what_was_loaded_and_from_where(loaded, caplog):
    folders = ["--gallery", "/here/one", "--gallery", "/here/two"]
    with caplog.at_level(logging.INFO):
        assert cli.main(["serve", "--device", "cuda", *folders]) == 0
    said = caplog.text
    assert f"Model small, fingerprint f00d, from {model.CHECKPOINTS / 'compact'}, on cuda (some GPU)." in said
    assert "Gallery “one”: 2 pictures from /here/one." in said
    assert "Gallery “two”: 3 pictures from /here/two (1 could not be read)." in said
    assert "32 visitors in line, uploads of 64 MB, 50 results" in said


@pytest.mark.parametrize("name", ["owner/name", "."])
def test_the_log_says_where_another_model_came_from(loaded, caplog, name):
    with caplog.at_level(logging.INFO):
        cli.main(["serve", "--model", name])
    assert ("from the Hugging Face Hub" if name != "." else f"from {os.getcwd()}") in caplog.text


def test_the_environment_names_everything(loaded, monkeypatch):
    given = ("one", os.pathsep.join(["two", "", "three"]), "slerp", "0.4", "cpu", "float16", "5", "7")
    for variable, value in zip(VARIABLES, given, strict=True):
        monkeypatch.setenv(f"MMGRAD_{variable}", value)
    assert cli.main(["serve"]) == 0
    assert loaded["models"] == [("one", "cpu", "slerp", 0.4, None)]
    assert loaded["galleries"] == [("cpu", ("two", "three"), torch.float16)]
    assert loaded["launched"][1] == Path("two")  # examples of its own, if it has any
    assert loaded["launched"][2] == Limits(queue=5, upload=7)


def test_a_flag_wins_over_its_variable(loaded, monkeypatch):
    monkeypatch.setenv("MMGRAD_MODEL", "one")
    monkeypatch.setenv("MMGRAD_GALLERY", "two")
    monkeypatch.setenv("MMGRAD_DEVICE", "cuda")
    arguments = ["--model", "three", "--gallery", "four", "--device", "cpu", "--host", "0.0.0.0", "--port", "7861"]
    assert cli.main(["serve", *arguments, "--root-path", "/mmgrad", "--share"]) == 0
    assert loaded["models"][0][:2] == ("three", "cpu")
    assert loaded["galleries"][0][1] == ("four",)
    options = {"server_name": "0.0.0.0", "server_port": 7861, "root_path": "/mmgrad", "share": True}
    assert loaded["options"] == options


def test_fewer_results_are_prepared_where_fewer_are_allowed(loaded, monkeypatch):
    monkeypatch.setenv("MMGRAD_MAX_RESULTS", "4")
    cli.main(["serve"])
    assert loaded["launched"][3]["top_k"] == 4


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("MMGRAD_QUEUE", "none", "MMGRAD_QUEUE must be a whole number"),
        ("MMGRAD_WEIGHT", "much", "must be a number, not 'much'"),
        ("MMGRAD_GALLERY_DTYPE", "int8", "choose one of float32"),
    ],
)
def test_a_mistyped_variable_is_one_sentence_and_status_2(loaded, monkeypatch, capsys, variable, value, words):
    monkeypatch.setenv(variable, value)
    assert cli.main(["serve"]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if words in line]
    assert line.startswith("mmgrad: ")
    assert "launched" not in loaded


@pytest.mark.parametrize("error", [ModelError("The weight package is missing."), GalleryError("There is no gallery.")])
def test_what_is_missing_is_one_sentence_and_status_2(loaded, monkeypatch, capsys, error):
    def fails(*_):
        raise error

    monkeypatch.setattr(model, "load_model", fails)
    assert cli.main(["serve"]) == 2
    assert capsys.readouterr().err == f"mmgrad: {error}\n"


@pytest.mark.parametrize("port", ["0", "65536", "many", "-1", "9" * 99])
def test_what_is_no_port_is_refused(loaded, capsys, port):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["serve", f"--port={port}"])
    assert stopped.value.code == 2
    assert "from 1 to 65535" in capsys.readouterr().err


def test_a_port_in_use_is_told_as_such(loaded, monkeypatch, capsys):
    def fails(*_, **__):
        raise OSError("Cannot find empty port in range: 7860-7860. You can specify another.\nMore.")

    monkeypatch.setattr(blocks, "launch", fails)
    assert cli.main(["serve", "--port", "7860"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("mmgrad: The page cannot be served: Cannot find empty port in range: 7860-7860.")


def test_on_zerogpu_the_index_and_the_examples_are_made_on_the_cpu_and_questions_on_the_lent_gpu(loaded, monkeypatch):
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    lent = []

    def wrap(made):
        lent.append(made)
        return {name: f"lent {name}" for name in made}

    monkeypatch.setattr(zerogpu, "wrap", wrap)
    assert cli.main(["serve", "--gallery", "one"]) == 0
    assert [given[1] for given in loaded["models"]] == ["cpu", "cuda"]
    assert [each[0] for each in loaded["galleries"]] == ["cpu", "cuda"]
    assert loaded["launched"][0] == {"one": "lent one"}
    assert loaded["launched"][3]["prepared for"] is not lent[0]

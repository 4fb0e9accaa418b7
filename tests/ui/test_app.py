import importlib.util
from pathlib import Path

import pytest

import mmgrad

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def app():
    spec = importlib.util.spec_from_file_location("app", ROOT / "app.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "error",
    [
        mmgrad.ModelError("The weight package is missing."),
        mmgrad.GalleryError("There is no gallery."),
        OSError("Port 1."),
    ],
)
def test_what_is_missing_is_one_sentence_and_status_2(app, monkeypatch, capsys, error):
    def fails(*_):
        raise error

    monkeypatch.setattr(mmgrad, "load", fails)
    assert app.main([]) == 2
    captured = capsys.readouterr()
    assert captured.err == f"mmgrad: {error}\n"
    assert captured.out == ""


def test_a_missing_checkpoint_is_told(app, tmp_path, capsys):
    assert app.main(["--model", str(tmp_path / "none")]) == 2
    assert "There is no model" in capsys.readouterr().err


def test_the_environment_names_the_model_and_the_gallery(app, monkeypatch):
    asked = []

    def remembers(*names):
        asked.extend(names)
        raise mmgrad.ModelError("enough")

    monkeypatch.setattr(mmgrad, "load", remembers)
    monkeypatch.setenv("MMGRAD_MODEL", "one")
    monkeypatch.setenv("MMGRAD_GALLERY", "two")
    monkeypatch.setenv("MMGRAD_COMPOSITION", "slerp")
    app.main(["--device", "cpu"])
    assert asked == ["one", "two", "cpu", "slerp"]

import importlib.util
from pathlib import Path

import pytest

from mmgrad import cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def app():
    spec = importlib.util.spec_from_file_location("app", ROOT / "app.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_app_is_the_command_that_serves(app, monkeypatch):
    asked = []
    monkeypatch.setattr(cli, "main", lambda arguments: asked.append(arguments) or 7)
    assert app.main(["--port", "7861"]) == 7
    monkeypatch.setattr("sys.argv", ["app.py", "--share"])
    assert app.main() == 7
    assert asked == [["serve", "--port", "7861"], ["serve", "--share"]]


def test_a_missing_checkpoint_is_told(app, tmp_path, capsys):
    assert app.main(["--model", str(tmp_path / "none")]) == 2
    assert "There is no model" in capsys.readouterr().err

"""The examples of the documentation work: the lines of Python run, and the commands exist with their options."""

import re
import shlex
from pathlib import Path

import pytest

import mmgrad
from mmgrad import cli

ROOT = Path(__file__).resolve().parent.parent
TEXTS = [ROOT / "README.md", *(path for path in sorted((ROOT / "docs").glob("*.md")) if path.name != "cli.md")]
VALUES = {"K": "5", "N": "5", "W": "0.5"}
"""What stands for a number in the examples."""


def block(name: str, heading: str, language: str) -> str:
    """The first block of code in a section of a text."""
    text = (ROOT / name).read_text(encoding="utf-8")
    section = re.split(r"^## ", text.split(f"## {heading}\n", 1)[1], flags=re.MULTILINE)[0]
    found = re.search(rf"^```{language}\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL)
    assert found, f"no {language} in the section {heading} of {name}"
    return found[1]


def commands() -> list[list[str]]:
    """The arguments of each `mmgrad` command in a block of shell code, with all that is optional given too."""
    found = []
    for path in TEXTS:
        for code in re.findall(r"^```sh\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL):
            lines = re.sub(r"\s#.*", "", code).replace("\\\n", " ").splitlines()
            found += [
                shlex.split(line.replace("[", "").replace("]", "")) for line in lines if line.startswith("mmgrad")
            ]
    return [[VALUES.get(word, word) for word in words[1:]] for words in found]


def run(code: str, engine: mmgrad.Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
    """The names that some lines of Python leave, run in a folder with the examples."""
    (folder / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(mmgrad, "load", lambda: engine)  # which the fixture has made by the same call
    names: dict = {}
    exec(compile(code, "example", "exec"), names)
    return names


def test_the_lines_of_the_readme_search_explain_and_save(
    engine: mmgrad.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = run(block("README.md", "Python", "python"), engine, tmp_path, monkeypatch)
    assert [hit.record.id for hit in names["hits"]] == [hit.record.id for hit in names["explanation"].hits]
    assert len(names["hits"]) == 5
    assert (tmp_path / "first.png").stat().st_size > 1000
    assert len(list((tmp_path / "out").iterdir())) > 5


def test_the_lines_of_the_quickstart_run(
    engine: mmgrad.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = run(block("docs/quickstart.md", "The library", "python"), engine, tmp_path, monkeypatch)
    assert names["explanation"].text == "put it on a beach"


def test_there_are_commands() -> None:
    assert {words[0] for words in commands()} >= {"explain", "search", "index", "serve", "evaluate", "train"}


@pytest.mark.parametrize("arguments", commands(), ids=lambda arguments: " ".join(arguments)[:40])
def test_a_command_of_the_documentation_exists_with_its_options(arguments: list[str]) -> None:
    options = cli.make_parser().parse_args(arguments)
    assert callable(options.run)


def test_what_is_public_is_documented_and_typed() -> None:
    for name in mmgrad.__all__:
        public = getattr(mmgrad, name)
        assert public.__doc__, name
        assert public.__module__.startswith("mmgrad."), name
        for key, value in vars(public).items() if isinstance(public, type) else ():
            method = getattr(value, "__func__", value)
            if not key.startswith("_") and callable(method):
                assert method.__doc__, f"{name}.{key}"
                assert "return" in method.__annotations__, f"{name}.{key}"
    assert (Path(mmgrad.__file__).parent / "py.typed").is_file()

"""The README's examples do what they say: the lines of Python run, the commands are ones that there are."""

import re
import shlex
from pathlib import Path

import pytest

import mmgrad
from mmgrad import cli

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
VALUES = {"K": "5", "N": "5"}


def block(heading: str, language: str) -> str:
    """The first block of code in a section of the README."""
    section = re.split(r"^## ", README.split(f"## {heading}\n", 1)[1], flags=re.MULTILINE)[0]
    found = re.search(rf"^```{language}\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL)
    assert found, f"no {language} in the section {heading}"
    return found[1]


def commands() -> list[list[str]]:
    """The arguments of each command of the section, with all that is optional given too."""
    lines = re.sub(r"\s#.*", "", block("On the command line", "sh")).splitlines()
    given = [shlex.split(line.replace("[", "").replace("]", "")) for line in lines if line.strip()]
    return [
        [VALUES.get(word, word) for word in words[3:]] for words in given if words[:3] == ["python", "-m", "mmgrad"]
    ]


def test_the_quick_start_runs(engine: mmgrad.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(mmgrad, "load", lambda: engine)  # which the fixture has made by the same call
    names: dict = {}
    exec(compile(block("In Python", "python"), "README.md", "exec"), names)
    explanation = names["explanation"]
    assert len(explanation.hits) == 12
    assert explanation.text == "put it on a beach"


def test_there_are_commands() -> None:
    assert len(commands()) >= 5


@pytest.mark.parametrize("arguments", commands(), ids=lambda arguments: " ".join(arguments)[:40])
def test_a_command_of_the_readme_is_one_that_there_is(arguments: list[str]) -> None:
    options = cli._parser().parse_args(arguments)
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

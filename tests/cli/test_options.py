"""What the command line answers without loading anything: help, version, mistakes, former spellings."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

import mmgrad
from mmgrad import cli
from mmgrad.arguments import DEFAULT_TOP_K
from mmgrad.cli import make_parser
from mmgrad.cli.options import check_file, check_folder, check_query
from mmgrad.errors import InputError

COMMANDS = ("explain", "search", "index", "evaluate", "train", "calibrate", "serve", "push-model", "push-gallery")
SLOW = ("torch", "transformers", "gradio", "numpy", "PIL", "cv2", "matplotlib", "huggingface_hub")


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["dance"], *([command, "--help"] for command in COMMANDS), ["explain", "--wrong"]],
)
def test_help_version_and_mistakes_import_nothing_slow(arguments):
    code = f"""
import json, sys
from mmgrad.cli import main
try:
    main({arguments!r})
except SystemExit:
    print(json.dumps([name for name in {SLOW!r} if name in sys.modules]), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr.splitlines()[-1]) == []


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"mmgrad {mmgrad.__version__}\n"


def test_the_help_names_every_command_and_the_number_of_results(capsys):
    for arguments in (["--help"], ["explain", "--help"]):
        with pytest.raises(SystemExit):
            cli.main(arguments)
    told = " ".join(capsys.readouterr().out.split())
    assert all(command in told for command in COMMANDS)
    assert f"number of results (default: {DEFAULT_TOP_K}," in told


@pytest.mark.parametrize(
    ("former", "name", "value"),
    [
        (["search", "a.png", "b", "--top", "3"], "top_k", 3),
        (["index", "folder", "--anew"], "force", True),
        (["evaluate", "--submit", "folder"], "submission_dir", Path("folder")),
        (["train", "--begin", "one", "other"], "init_from", [Path("one"), Path("other")]),
        (["train", "--first-family", "3"], "start_index", 3),
        (["train", "--attention", "0.5"], "attention_loss_weight", 0.5),
        (["train", "--steps", "0"], "steps", 0),
    ],
)
def test_former_spellings_are_accepted_and_not_advertised(former, name, value, capsys):
    assert getattr(make_parser().parse_args(former), name) == value
    option = next(each for each in former if each.startswith("--"))
    with pytest.raises(SystemExit):
        cli.main([former[0], "--help"])
    if option != "--steps":
        assert option not in capsys.readouterr().out.replace(",", " ").replace("]", " ").split()


@pytest.mark.parametrize(
    ("command", "name", "default"),
    [
        (["search", "a.png", "b"], "top_k", DEFAULT_TOP_K),
        (["index", "folder"], "force", False),
        (["evaluate"], "submission_dir", None),
        (["train"], "init_from", ()),
        (["train"], "start_index", 0),
        (["train"], "attention_loss_weight", None),
    ],
)
def test_a_former_spelling_does_not_change_the_default(command, name, default):
    assert getattr(make_parser().parse_args(command), name) == default


def test_swapped_arguments_are_recognized(tmp_path):
    picture = tmp_path / "a.png"
    picture.write_bytes(b"")
    with pytest.raises(InputError, match="picture comes first and the text second"):
        check_query(Path("make it blue"), str(picture))
    with pytest.raises(InputError, match="is the path of a file"):
        check_query(picture, str(picture))
    with pytest.raises(InputError, match="first argument must be the path of a picture"):
        check_query(Path("make it blue"), "make it red")
    check_query(picture, "make it blue")
    check_query(Path("missing.png"), "make it blue")  # the decoder reports it


@pytest.mark.parametrize("command", ["explain", "train"])
def test_a_file_in_the_way_of_the_output_is_reported_before_the_work(command, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "a.png").write_bytes(b"")
    monkeypatch.setattr("mmgrad.engine.load", lambda *_: pytest.fail("loaded before the check"))
    query = [str(tmp_path / "a.png"), "make it blue"] if command == "explain" else []
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        assert cli.main([command, *query, "--out", str(out)]) == 2
        assert "is a file; --out needs a folder" in capsys.readouterr().err


def test_outputs_that_can_be_written_are_accepted(tmp_path):
    check_folder(tmp_path, "--out")
    check_folder(tmp_path / "new" / "deeper", "--out")
    check_file(tmp_path / "new" / "a.json", "--json")
    with pytest.raises(InputError, match="--json needs the path of a file"):
        check_file(tmp_path, "--json")


def test_every_option_has_a_help_text_or_is_hidden_on_purpose():
    (commands,) = (each for each in make_parser()._actions if isinstance(each, argparse._SubParsersAction))
    for name, parser in commands.choices.items():
        for action in parser._actions:
            assert action.help or action.dest == "seed", (name, action.dest)

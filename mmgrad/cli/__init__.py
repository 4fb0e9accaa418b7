"""The command line: one module per command, `main` to run one.

Exit status: 0 for success, 2 for an error that the user can fix (one sentence on stderr), 130 for an interruption.
A command imports torch, transformers and gradio when it runs, so `--help`, `--version` and a wrong option answer at
once.
"""

import argparse
import io
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import mmgrad
from mmgrad.cli import calibrate, evaluate, explain, index, push, search, serve, train
from mmgrad.errors import MMGradError

__all__ = ["main", "make_parser"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = make_parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="mmgrad: %(message)s")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a character must not stop the command
    try:
        options.run(options)
        sys.stdout.flush()
    except MMGradError as error:
        print(f"mmgrad: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of the pipe has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"'{error.filename}': " if error.filename else ""
        print(f"mmgrad: {where}{error.strerror or error}; please check the path.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mmgrad: interrupted", file=sys.stderr)
        return 130
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands. `options.run(options)` runs the command that was chosen."""
    parser = argparse.ArgumentParser(
        prog="mmgrad" if Path(sys.argv[0]).name == "mmgrad" else "python -m mmgrad",
        description="Composed image retrieval that explains itself: a picture and a text in, results and maps out.",
    )
    parser.add_argument("--version", action="version", version=f"mmgrad {mmgrad.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in (explain, search, index, evaluate, train, calibrate, serve, push):
        command.add_to(commands)
    return parser

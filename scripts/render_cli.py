"""Write docs/cli.md from the parser of the command line: python scripts/render_cli.py [--check]"""

import argparse
import sys
from pathlib import Path

from mmgrad import cli

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"

HEAD = """\
# Command line

<!-- Written by scripts/render_cli.py; do not edit. -->

The installed command is `mmgrad`. In a clone without installation, use `python -m mmgrad`.

Exit status: 0 on success, 2 for an error that you can fix (one sentence on standard error), 130 if interrupted.
"""


def page() -> str:
    """The text of the page."""
    (commands,) = (one for one in cli.make_parser()._actions if isinstance(one, argparse._SubParsersAction))
    return "\n".join([HEAD, *(section(name, parser) for name, parser in commands.choices.items())])


def section(name: str, parser: argparse.ArgumentParser) -> str:
    """One command: what it does, its usage and its arguments."""
    actions = [one for one in parser._actions if one.dest != "help" and one.help != argparse.SUPPRESS]
    required = [_name(one) for one in actions if not one.option_strings]
    usage = " ".join(["mmgrad", name, *required, "[options]" if len(required) < len(actions) else ""]).rstrip()
    lines = [f"## {name}", "", _sentence(parser.description or ""), "", "```sh", usage, "```", ""]
    lines += ["| argument | meaning |", "|:--|:--|"]
    lines += [f"| `{_name(one)}` | {_meaning(one)} |" for one in actions]
    return "\n".join(lines) + "\n"


def _name(action: argparse.Action) -> str:
    value = action.metavar or ("{" + ",".join(map(str, action.choices)) + "}" if action.choices else None)
    if isinstance(value, tuple):
        value = " ".join(value)
    if not action.option_strings:
        return value or action.dest
    if action.nargs == 0:
        return ", ".join(action.option_strings)
    value = value or action.dest.upper()
    return f"{', '.join(action.option_strings)} {value}{' ...' if action.nargs in ('+', '*') else ''}"


def _meaning(action: argparse.Action) -> str:
    text = (action.help or "").replace("%%", "%").replace("|", r"\|")
    return _sentence(text) if text else ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def main(arguments: list[str]) -> int:
    """Write the page, or check it. Returns the exit status."""
    text = page()
    if "--check" in arguments:
        if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
            print("docs/cli.md is out of date. Please run python scripts/render_cli.py.")
            return 1
        return 0
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The measured tables for the page on the method, read from the report that `python -m mmgrad evaluate` writes."""

import re
from pathlib import Path
from typing import Any

from mmgrad.utils.resources import REPORT


def read_report(path: Path = REPORT) -> list[dict[str, Any]]:
    """The sections of a report in Markdown, each with `title` and `parts` in their order: a part is a paragraph, with
    `text`, or a table, with `head` and `rows` of cells. None where there is no report."""
    if not path.is_file():
        return []
    sections: list[dict[str, Any]] = []
    text = re.sub(r"^(#.*)$", r"\1\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for block in re.split(r"\n\s*\n", text.strip()):
        first, *rest = [_plain(line) for line in block.splitlines()]
        if first.startswith("#"):
            sections.append({"title": first.lstrip("# "), "parts": []})
        elif first.startswith("|") and sections:
            head, _, *rows = (_cells(line) for line in (first, *rest))  # the second line holds colons and dashes
            sections[-1]["parts"].append({"head": head, "rows": rows})
        elif sections:
            sections[-1]["parts"].append({"text": " ".join((first, *rest))})
    return sections


def _plain(line: str) -> str:
    return re.sub(r"\*\*|`", "", line).strip()


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]

"""The measured tables and plots for the Method page."""

import re
from pathlib import Path

from mmgrad.app.assets import plot_url
from mmgrad.utils.resources import REPORT

_IMAGE = re.compile(r"!\[([^\]]*)\]\(plots/([\w.-]+)\)")


def report_markdown(path: Path = REPORT) -> str:
    """The report that `mmgrad evaluate` writes, in Markdown, with its plots as URLs of the page; "" without a report.

    The titles go one level down, below those of the page. A plot that is not there is left out.
    """
    if not path.is_file():
        return ""

    def served(match: re.Match[str]) -> str:
        alt, name = match.groups()
        plots = path.parent / "plots"
        return f"![{alt}]({plot_url(name, plots)})" if (plots / name).is_file() else ""

    return re.sub(r"^#", "##", _IMAGE.sub(served, path.read_text(encoding="utf-8")), flags=re.MULTILINE)

"""The documentation site is built without a warning, and asks no other server for anything."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

LOADED = re.compile(r"""<(?:script|img|link|iframe|source)\b[^>]*?\b(?:src|href)=["'](https?:)?//[^"']+""")
"""An element that makes a browser load something of another server."""


@pytest.fixture(scope="module")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if any(importlib.util.find_spec(name) is None for name in ("mkdocs", "material", "mkdocstrings")):
        pytest.skip("the packages of requirements-docs.txt are not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    answer = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return folder


def test_it_is_built_without_a_broken_link_or_anchor(site: Path) -> None:
    assert (site / "index.html").is_file()
    assert "Engine" in (site / "api" / "index.html").read_text(encoding="utf-8")


def test_the_plots_of_the_report_are_on_its_page(root: Path, site: Path) -> None:
    plots = re.findall(r"!\[[^]]*\]\((.+?)\)", (root / "benchmarks" / "results" / "compact-test.md").read_text())
    assert plots
    for plot in plots:
        assert (site / "results" / plot).is_file()


def test_no_page_loads_anything_from_another_server(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        found = [match[0] for match in LOADED.finditer(page.read_text(encoding="utf-8")) if "canonical" not in match[0]]
        assert not found, f"{page.relative_to(site)}: {found[0]}"
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", style.read_text(encoding="utf-8")), style.name

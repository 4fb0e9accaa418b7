"""The texts of the repository: files and links that they name exist, and no file is broken or too large."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = ("mmgrad/", "scripts/", "docs/", "benchmarks/", "tests/", "examples/", ".github/")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_files_of_the_repository_that_a_text_names_exist(path: Path) -> None:
    named = re.findall(r"`([\w./\-]+)`", path.read_text(encoding="utf-8"))
    missing = [name for name in named if name.startswith(FOLDERS) and not (ROOT / name).exists()]
    assert not missing


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_within_the_repository_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / name).read_text(encoding="utf-8"))
    assert all((ROOT / link).is_file() for link in links), links


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_the_tour_names_seven_files_and_each_exists() -> None:
    stops = re.findall(r"^\*\*(\d)\. `(.+?)`\*\*", (ROOT / "docs" / "tour.md").read_text(), flags=re.MULTILINE)
    assert [int(number) for number, _ in stops] == [1, 2, 3, 4, 5, 6, 7]
    assert all((ROOT / file).is_file() for _, file in stops), stops


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_workflows_and_forms_can_be_read(path: Path) -> None:
    assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)


def test_no_tracked_file_is_broken_or_too_large(script, monkeypatch, capsys) -> None:
    if subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("not a clone")
    monkeypatch.chdir(ROOT)
    assert script("check_files").main([]) == 0, capsys.readouterr().out


def test_a_broken_file_is_found(tmp_path: Path, script) -> None:
    check = script("check_files")
    (tmp_path / "a.py").write_bytes(b"x = 1")
    (tmp_path / "b.md").write_bytes(b"a\r\n")
    (tmp_path / "c.bin").write_bytes(bytes(check.LARGEST + 1))
    (tmp_path / "d.py").write_bytes(b"x = 1\n")
    found = [check.faults(tmp_path / name) for name in ("a.py", "b.md", "c.bin", "d.py")]
    assert [len(faults) for faults in found] == [1, 1, 1, 0]

"""The files with dependencies and versions agree with each other."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import mmgrad


@pytest.fixture(scope="module")
def project(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def pinned(path: Path) -> dict[str, Requirement]:
    """The requirements of a file, by name, those of included files left out."""
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    found = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return {f"{canonicalize_name(one.name)}{sorted(one.extras) or ''}": one for one in found}


def declared(project: dict) -> dict[str, Requirement]:
    """The dependencies of the package and of its extras, by name."""
    extras = [one for group in project["optional-dependencies"].values() for one in group]
    found = [Requirement(one) for one in (*project["dependencies"], *extras)]
    return {f"{canonicalize_name(one.name)}{sorted(one.extras) or ''}": one for one in found}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-docs.txt"])
def test_what_is_pinned_is_allowed_by_the_package(name: str, root: Path, project: dict) -> None:
    allowed = declared(project)
    for key, requirement in pinned(root / name).items():
        assert key in allowed, f"{key} of {name} is not in pyproject.toml"
        (lowest, *_) = (Version(one.version.removesuffix(".*")) for one in requirement.specifier if one.operator != "<")
        assert lowest in allowed[key].specifier, f"{requirement} of {name}, {allowed[key]} of pyproject.toml"


def test_the_space_installs_what_the_page_needs(root: Path, project: dict) -> None:
    needed = [Requirement(one) for one in (*project["dependencies"], *project["optional-dependencies"]["app"])]
    assert {canonicalize_name(one.name) for one in needed} <= pinned(root / "requirements.txt").keys()


def test_every_dependency_has_a_lowest_version(script, capsys: pytest.CaptureFixture[str], project: dict) -> None:
    script("lowest_versions").main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= len(project["dependencies"])
    for line in lines:
        (pin,) = Requirement(line).specifier
        assert pin.operator == "=="


def test_the_version_is_the_same_everywhere(root: Path) -> None:
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    assert citation["version"] == mmgrad.__version__
    releases = re.findall(r"^## (\S+)", (root / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert releases[0] == "Unreleased"


def test_the_space_runs_the_gradio_that_is_installed(root: Path) -> None:
    space = yaml.safe_load((root / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert Version(space["sdk_version"]) in pinned(root / "requirements.txt")["gradio"].specifier


def test_the_license_names_those_of_all_bundled_pictures(root: Path, project: dict) -> None:
    named = set(project["license"].split(" AND "))
    files = sorted((root / "examples").rglob("metadata.jsonl"))
    assert files
    for file in files:
        licenses = {json.loads(line)["license"] for line in file.read_text(encoding="utf-8").splitlines()}
        assert licenses - {"Public domain"} <= named, file

"""A wheel carries what is used at run time, and finds it there."""

import importlib.util
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mmgrad.utils import resources as shipped

ROOT = Path(__file__).resolve().parents[2]
CARRIED = ("checkpoints", "examples", "benchmarks/results/plots")
pytestmark = pytest.mark.skipif(shipped.ROOT != ROOT, reason="the package under test lies elsewhere")


def files(folder: Path) -> set[str]:
    """The files below a folder, relative to the repository, without what is made by running and by other tools."""
    found = (path.relative_to(ROOT) for path in folder.rglob("*") if path.is_file())
    return {
        path.as_posix()
        for path in found
        if not any(part.startswith((".", "__pycache__")) for part in path.parts)
        and path.suffix not in (".pyc", ".pyi", ".part")
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel of a copy of the repository, for building leaves files behind; built as pip does, without the network."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds wheels, is not installed")
    place = tmp_path_factory.mktemp("wheel")
    for name in ("mmgrad", "checkpoints", "examples", "benchmarks"):
        shutil.copytree(ROOT / name, place / "source" / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyi"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, place / "source" / name)
    (place / "source" / "examples" / "gallery" / ".gallery.json.1.part").touch()
    build = "import sys; from hatchling import build; build.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(place)], cwd=place / "source", check=True, capture_output=True)
    return zipfile.ZipFile(next(place.glob("*.whl")))


def test_a_wheel_carries_what_is_used_at_run_time_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    beside = {name for folder in CARRIED for name in files(ROOT / folder)} | {"benchmarks/results/compact-test.md"}
    assert {"checkpoints/compact/model.safetensors", "examples/gallery/gallery.safetensors"} <= beside
    expected = files(ROOT / "mmgrad") | {f"mmgrad/_shipped/{name}" for name in beside}
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == expected
    for name in beside:
        assert wheel.read(f"mmgrad/_shipped/{name}") == (ROOT / name).read_bytes(), name


def test_a_wheel_has_the_command_the_licences_and_its_types(wheel: zipfile.ZipFile) -> None:
    about = {name.partition(".dist-info/")[2]: name for name in wheel.namelist()}
    assert b"mmgrad = mmgrad.cli:main" in wheel.read(about["entry_points.txt"])
    assert {"licenses/LICENSE", "licenses/NOTICE"} <= about.keys()
    assert "mmgrad/py.typed" in wheel.namelist()


def test_what_a_wheel_carries_is_found_where_it_is_unpacked(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    found = runpy.run_path(str(tmp_path / "mmgrad" / "utils" / "resources.py"))
    assert found["ROOT"] == tmp_path / "mmgrad" / "_shipped"
    assert (found["CHECKPOINTS"] / "compact" / "model.json").is_file()
    assert (found["GALLERY"] / "metadata.jsonl").is_file()
    assert (found["EXAMPLES"] / "examples.json").is_file()
    assert found["REPORT"].is_file()


def test_in_a_clone_it_is_found_beside_the_package() -> None:
    assert (shipped.CHECKPOINTS, shipped.EXAMPLES) == (ROOT / "checkpoints", ROOT / "examples")
    assert shipped.REPORT.is_file()

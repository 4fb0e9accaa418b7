"""Without its extras, the package explains and searches; only the page asks for Gradio."""

import subprocess
import sys
from pathlib import Path

EXTRAS = ("gradio", "captum", "openvino", "pyarrow", "datasets")
WITHOUT = f"import sys; sys.modules.update(dict.fromkeys({EXTRAS})); from mmgrad.cli import main; sys.exit(main())"


def command(root: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line where the packages of the extras cannot be imported."""
    line = [sys.executable, "-c", WITHOUT, *map(str, arguments)]
    return subprocess.run(line, cwd=root, capture_output=True, text=True)


def test_explain_needs_none_of_the_extras(root: Path, tmp_path: Path) -> None:
    picture = root / "examples" / "gallery" / "00" / "0000-0.webp"
    answer = command(root, "explain", picture, "put it on a beach", "--out", tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert len(list(tmp_path.iterdir())) > 5


def test_the_page_names_the_extra_that_it_needs(root: Path) -> None:
    answer = command(root, "serve")
    assert answer.returncode == 2, answer.stderr
    assert "mmgrad[app]" in answer.stderr
    assert "Traceback" not in answer.stderr

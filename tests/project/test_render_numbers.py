"""Numbers in the documentation are those of the files with the results."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def numbers(script):
    return script("render_numbers")


def test_every_text_is_up_to_date(root: Path) -> None:
    command = [sys.executable, "scripts/render_numbers.py", "--check"]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_number_is_the_one_in_the_file(root: Path, numbers) -> None:
    report = json.loads((root / "benchmarks" / "results" / "compact-test.json").read_text())
    cells = ["retrieval", "compact", "composed query", "", "all", "reference in gallery", "recall@1"]
    mean, low, high, count = next(row[7:11] for row in report["rows"] if row[:7] == cells)
    name = "retrieval/composed query/all/reference in gallery/recall@1"
    results = numbers.Results()
    text = numbers.render(f"a <!-- number: {name} -->0<!-- /number --> %", results, "text")
    assert text == f"a <!-- number: {name} -->{100 * mean:.1f}<!-- /number --> %"
    assert results.numbers[f"{name}/interval"] == f"{100 * low:.1f} to {100 * high:.1f}"
    assert results.numbers[f"{name}/count"].replace(",", "") == str(count)


def test_a_stale_number_and_a_stale_table_are_replaced(numbers) -> None:
    results = numbers.Results()
    stale = "<!-- table: gpu encoding -->\n| old |\n<!-- /table -->\non <!-- number: gpu/card -->abacus<!-- /number -->"
    text = numbers.render(stale, results, "text")
    assert "old" not in text
    assert "abacus" not in text
    assert results.gpu["card"] in text
    assert numbers.render(text, results, "text") == text


def test_a_name_that_does_not_exist_is_reported(numbers) -> None:
    with pytest.raises(SystemExit, match="there is no number 'gpu/price'"):
        numbers.render("at <!-- number: gpu/price --><!-- /number -->", numbers.Results(), "README.md")


def test_a_number_at_the_start_of_a_line_is_reported(numbers) -> None:
    with pytest.raises(SystemExit, match="must not begin with a number"):
        numbers.render("of\n<!-- number: gpu/card --><!-- /number -->", numbers.Results(), "README.md")


def test_the_readme_compares_with_the_best_baseline(root: Path, numbers) -> None:
    report = json.loads((root / "benchmarks" / "results" / "compact-test.json").read_text())
    found = {
        row[2]: row[7]
        for row in report["rows"]
        if row[0] == "retrieval" and row[4:7] == ["all", "reference in gallery", "recall@1"]
    }
    ours = found.pop("composed query")
    assert len(found) >= 3
    assert f"| **{100 * ours:.1f}** | {100 * max(found.values()):.1f} (" in numbers.Results().tables["readme"]()

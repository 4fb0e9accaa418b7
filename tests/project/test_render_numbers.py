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
    row = next(row for row in report["retrieval"] if row["method"] == "composed query" and row["group"] == "all")
    name = "scenes/retrieval/composed query/all/recall@1"
    if not row["reference_in_gallery"]:
        name = name.replace("retrieval", "retrieval without reference", 1)
    text = numbers.render(f"a <!-- number: {name} -->0<!-- /number --> %", numbers.Results(), "text")
    assert text == f"a <!-- number: {name} -->{100 * row['recall@1']['mean']:.1f}<!-- /number --> %"


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


def test_the_readme_compares_with_the_best_baseline(numbers) -> None:
    results = numbers.Results()
    methods = {row["method"] for row in results.scenes["retrieval"]} - {"composed query"}
    assert len(methods) >= 3
    best = max(float(results.numbers[f"scenes/retrieval/{method}/all/recall@1"]) for method in methods)
    assert f"| {best} (" in results.tables["readme"]()

"""The results table: its rows, and the files that it is written to and read from."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from mmgrad.errors import InputError
from mmgrad.evaluation import Estimate, Results
from mmgrad.evaluation.table import COLUMNS, METRICS, metric_of, row

NOTHING = Estimate(math.nan, math.nan, math.nan, 0)


@pytest.fixture
def results() -> Results:
    rows = [
        row("retrieval", "recall@5", Estimate(0.5, 0.4, 0.6, 10), model="a", method="composed query"),
        row("retrieval", "recall@5", NOTHING, model="a", method="composed query", group="move"),
        row("abstention", "threshold", 0.25, model="a", side="target", condition="model card"),
    ]
    return Results.of({"split": "test", "seed": 0, "models": ["a"], "missing": math.nan}, rows)


def test_a_row_has_the_unit_and_direction_of_its_metric() -> None:
    assert row("retrieval", "recall@5", 0.5)["better"] == "higher"
    assert row("faithfulness", "deletion", 0.5)["better"] == "lower"
    assert metric_of("recall@10") is METRICS["recall"]
    with pytest.raises(TypeError):
        row("retrieval", "recall@5")  # type: ignore[call-arg]


def test_a_value_is_found_by_its_keys(results: Results) -> None:
    assert results.value("retrieval", "recall@5", group="all") == Estimate(0.5, 0.4, 0.6, 10)
    assert len(results.select("retrieval", model="a")) == 2
    with pytest.raises(KeyError, match="2 rows"):
        results.value("retrieval", "recall@5")
    with pytest.raises(KeyError, match="0 rows"):
        results.value("retrieval", "recall@9")


def test_results_are_read_back_from_strict_json(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.json"
    results.write_json(path)
    read = json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert read["columns"] == list(COLUMNS)
    assert read["settings"] == {"split": "test", "seed": 0, "models": ["a"], "missing": None}
    assert [item.name for item in path.parent.iterdir()] == ["results.json"]
    again = Results.read_json(path)
    pd.testing.assert_frame_equal(again.table, results.table, check_exact=True)


def test_the_table_is_written_as_csv(results: Results, tmp_path: Path) -> None:
    results.write_csv(tmp_path / "results.csv")
    again = pd.read_csv(tmp_path / "results.csv", keep_default_na=False, na_values={"mean": [""]})
    assert list(again.columns) == list(COLUMNS)
    assert again["mean"].isna().tolist() == [False, True, False]
    assert again["metric"].tolist() == results.table["metric"].tolist()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": 1}', '{"schema": 2, "settings": {}}', None])
def test_another_file_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "r.json").write_text(content)
    with pytest.raises(InputError, match="no results file"):
        Results.read_json(tmp_path / "r.json")

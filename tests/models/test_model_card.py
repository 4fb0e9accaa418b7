"""The metadata of a model card, read back by the hub's own reader."""

import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from mmgrad.errors import InputError, ModelError
from mmgrad.models import model_card
from mmgrad.utils.resources import ROOT

REPORT = ROOT / "benchmarks" / "results" / "compact-test.json"
CARD = {"training": {"validation_recall_at_1": 0.7768, "photographs_recall_at_1": 0.2942, "step": 3}}


COLUMNS = ["table", "model", "method", "side", "group", "condition", "metric", "mean", "low", "high", "n"]
KEPT, LEFT_OUT = "reference in gallery", "reference excluded"


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A small results file, in the format of the shipped one."""

    def row(
        table: str, metric: str, mean: float | None, method: str, *, side: str = "", group: str = "all",
        condition: str = "", model: str = "mine", n: int = 40,
    ) -> list[object]:  # fmt: skip
        return [table, model, method, side, group, condition, metric, mean, 0.1, 0.9, n]

    rows = [
        row("retrieval", "text_weight", 2.0, "composed query", n=0),
        row("retrieval", "recall@1", 0.31, "composed query", condition=KEPT),
        row("retrieval", "recall@5", 0.35, "composed query", condition=KEPT),
        row("retrieval", "recall@1", 0.31, "composed query", condition=LEFT_OUT),
        row("retrieval", "recall@5", 0.35, "composed query", condition=LEFT_OUT),
        row("retrieval", "recall@1", 0.0, "image only", condition=KEPT),
        row("retrieval", "recall@1", 0.9, "composed query", condition=KEPT, group="move"),
        row("localization", "pointing", 0.91663, "MMGrad", side="reference"),
        row("localization", "energy", 0.7, "MMGrad", side="reference"),
        row("localization", "energy", None, "MMGrad", side="target", n=0),
        row("localization", "energy", 0.2, "MMGrad", side="reference", model="other"),
    ]
    settings = {"split": "test", "fingerprints": {"mine": "f" * 16, "other": "0" * 16}}
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"schema": 2, "settings": settings, "columns": COLUMNS, "rows": rows}))
    return path


def read(card: ModelCard) -> dict[tuple[str | None, str], float]:
    """(split, metric) -> value, as the hub's reader finds them in the text."""
    again = ModelCard(str(card))
    return {(one.dataset_split, one.metric_type): one.metric_value for one in again.data.eval_results or ()}


def test_the_figures_of_a_report_are_in_the_model_index(report: Path) -> None:
    card = CARD | {"results": model_card.read_results(report, "f" * 16)}
    made = model_card.make("mine", json.loads(json.dumps(card)))
    assert read(made) == {
        ("test", "recall_at_1"): 0.31,
        ("test", "recall_at_5"): 0.35,
        ("test", "recall_at_1_left_out"): 0.31,
        ("test", "reference_pointing"): 0.9166,
        ("test", "reference_energy"): 0.7,
        ("validation", "recall_at_1"): 0.2942,  # of the photographs, which come last
    }
    again = ModelCard(str(made))
    assert again.data.model_name == "mine"
    names = [one.metric_name for one in again.data.eval_results]
    assert "Recall@1, the reference in the gallery (95 % interval 0.100 to 0.900, 40 queries)" in names
    assert len({one.unique_identifier for one in again.data.eval_results}) == 3


def test_the_shipped_report_can_be_read() -> None:
    if not REPORT.is_file():
        pytest.skip("no report lies beside the package")
    report = json.loads(REPORT.read_text())
    (fingerprint,) = report["settings"]["fingerprints"].values()
    results = {one["metric"]: one for one in model_card.read_results(REPORT, fingerprint)}
    rows = [dict(zip(report["columns"], values, strict=True)) for values in report["rows"]]
    keys = {"method": "composed query", "metric": "recall@10", "group": "all", "condition": KEPT}
    (whole,) = (row for row in rows if keys.items() <= row.items())
    assert results["recall_at_10"]["value"] == pytest.approx(whole["mean"], abs=1e-4)
    assert {"reference_pointing", "target_energy", "recall_at_1_left_out"} <= results.keys()


def test_a_report_of_another_model_is_refused(report: Path) -> None:
    with pytest.raises(InputError, match="is of another model than this, abc; evaluate this one"):
        model_card.read_results(report, "abc")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"fingerprints": {"mine": "f"}}', '{"fingerprints": 3}', "\xff"])
def test_what_is_no_report_is_one_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match="is no report on a split"):
        model_card.read_results(tmp_path / "report.json", "f")
    with pytest.raises(InputError, match="There is no report"):
        model_card.read_results(tmp_path / "absent.json", "f")


def test_a_description_stays_and_figures_on_the_same_data_are_replaced(report: Path) -> None:
    description = "---\nlicense: apache-2.0\ntags: [mine]\nextra: 1\n---\n\n# Words of mine\n"
    first = model_card.make("mine", CARD, description)
    first.data.eval_results[0].metric_value = 0.1
    other = first.data.eval_results[0].__class__(
        task_type="t", dataset_type="d", dataset_name="D", metric_type="m", metric_value=0.5
    )
    first.data.eval_results.append(other)
    second = model_card.make("mine", CARD, str(first))
    assert second.text == first.text == "\n# Words of mine\n"
    assert second.data.license == "apache-2.0"
    assert second.data.to_dict()["extra"] == 1
    assert second.data.tags == ["mine", *model_card.TAGS]
    values = sorted(one.metric_value for one in ModelCard(str(second)).data.eval_results)
    assert values == [0.2942, 0.5, 0.7768]


@pytest.mark.parametrize("description", ["---\n[1, 2]\n---\n", "---\na: [\n---\n", "---\ntags: 3\n---\n"])
def test_broken_metadata_is_one_sentence(description: str) -> None:
    with pytest.raises(ModelError, match=r"metadata at the top of the README\.md of 'mine' cannot be read"):
        model_card.make("mine", CARD, description)


@pytest.mark.parametrize("results", [3, ["x"], [{"metric": "m"}], [{"value": "high"}]])
def test_broken_results_are_one_sentence(results: object) -> None:
    with pytest.raises(ModelError, match=r"results in model\.json cannot be read"):
        model_card.make("mine", {"results": results})


def test_a_name_cannot_break_the_metadata() -> None:
    name = 'x\n---\n"injected: yes'
    assert ModelCard(str(model_card.make(name, CARD))).data.model_name == name

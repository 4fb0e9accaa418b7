import pytest

from mmgrad.app.tables import REPORT, read_report

REPORTED = """before any title

# Evaluation

Measured on `5` scenes,
in **two** lines.

| what | **R@1** |
|:-----|---:|
| ours | **0.70** |
| a - dash | - |

By edit:

| edit |
|:--|
| add |

## Right below
a line
"""


def test_a_report_becomes_sections_of_text_and_tables_in_their_order(tmp_path):
    (tmp_path / "report.md").write_text(REPORTED)
    first, second = read_report(tmp_path / "report.md")
    assert first == {
        "title": "Evaluation",
        "parts": [
            {"text": "Measured on 5 scenes, in two lines."},
            {"head": ["what", "R@1"], "rows": [["ours", "0.70"], ["a - dash", "-"]]},
            {"text": "By edit:"},
            {"head": ["edit"], "rows": [["add"]]},
        ],
    }
    assert second == {"title": "Right below", "parts": [{"text": "a line"}]}


def test_without_a_report_there_are_no_tables(tmp_path):
    assert read_report(tmp_path / "none.md") == []


@pytest.mark.skipif(not REPORT.is_file(), reason="nothing was measured")
def test_every_row_of_the_shipped_report_fits_its_head():
    tables = [part for section in read_report() for part in section["parts"] if "rows" in part]
    assert tables
    assert all(len(row) == len(table["head"]) for table in tables for row in table["rows"])

"""The values that the page's tests compare with are those that the engine computes now."""

import importlib.util
import json
from pathlib import Path

import pytest

GOLDEN = Path(__file__).resolve().parent.parent / "js" / "golden"


def test_the_golden_values_of_the_page_are_those_of_the_engine():
    spec = importlib.util.spec_from_file_location("write_golden", GOLDEN / "write.py")
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    kept = json.loads((GOLDEN / "interpolation.json").read_text(encoding="utf-8"))
    fresh = writer.golden()
    assert len(kept) == len(fresh) == len(writer.CASES)
    for old, new in zip(kept, fresh, strict=True):
        greatest = max(abs(value) for value in new["expected"])
        assert {**old, "expected": None} == {**new, "expected": None}
        assert old["expected"] == pytest.approx(new["expected"], abs=1e-7 * greatest)

"""An explanation prints, draws, saves and describes itself."""

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmgrad import Engine, Explanation
from mmgrad.results import AttentionMap, Hit

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TEXT = "replace the marker with a red wrench"


@pytest.fixture(scope="module")
def explanation(engine: Engine) -> Explanation:
    return engine.explain(EXAMPLES / "gallery/00/0004-0.webp", TEXT, 3)


@pytest.fixture
def with_missing(explanation: Explanation) -> Explanation:
    """The second picture was deleted."""
    first, second, third = explanation.hits
    nowhere = AttentionMap.placeholder((14, 14), second.attention.letterbox)
    gone = Hit(2, second.record, second.score, second.image, nowhere, missing=True, note="The picture is gone.")
    return replace(explanation, hits=(first, gone, third))


def test_its_representation_is_one_line(explanation: Explanation) -> None:
    top, confidence = explanation.hits[0].score, explanation.confidence
    assert repr(explanation) == f"Explanation('{TEXT}', 3 hits, top {top:.2f}, confidence {confidence:.2f})"
    long = replace(explanation, text="word " * 50, hits=explanation.hits[:1], confidence=None)
    assert len(repr(long)) < 80
    assert "1 hit," in repr(long)


def test_as_text_it_names_each_hit_with_its_peak(with_missing: Explanation) -> None:
    lines = str(with_missing).splitlines()
    x, y = with_missing.hits[0].attention.peak_xy or (-1, -1)
    assert any(with_missing.hits[0].id in line and f"x {x}, y {y}" in line for line in lines)
    assert any(with_missing.hits[1].id in line and "The picture is gone." in line for line in lines)


def test_print_prints_the_text(explanation: Explanation, capsys: pytest.CaptureFixture[str]) -> None:
    explanation.print()
    assert capsys.readouterr().out.strip() == str(explanation).strip()


def test_as_a_dict_it_has_one_schema_that_json_holds(explanation: Explanation) -> None:
    found = json.loads(json.dumps(explanation.to_dict()))
    assert list(found) == [
        "text",
        "text_weight",
        "excluded",
        "confidence",
        "model",
        "fingerprint",
        "gallery",
        "reference",
        "words",
        "hits",
        "timing_ms",
    ]
    assert list(found["reference"]) == ["width", "height", "peak_xy", "total_positive"]
    assert found["reference"]["peak_xy"] == list(explanation.reference.peak_xy or ())
    assert [word["word"] for word in found["words"]] == TEXT.split()
    assert [hit["id"] for hit in found["hits"]] == [hit.id for hit in explanation.hits]
    assert {"rank", "id", "caption", "link", "score", "missing", "width", "height", "peak_xy"} <= set(found["hits"][0])


def test_a_notebook_shows_the_figure(explanation: Explanation) -> None:
    with Image.open(BytesIO(explanation._repr_png_())) as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 200


def test_saved_without_pictures_of_the_original_size_it_is_small(explanation: Explanation, tmp_path: Path) -> None:
    result = explanation.save(tmp_path / "new" / "out")
    files = sorted(path.name for path in (tmp_path / "new" / "out").iterdir())
    assert files == ["explanation.json", "hit-01.png", "hit-02.png", "hit-03.png", "maps.npz", "reference.png"]
    assert json.loads((tmp_path / "new" / "out" / "explanation.json").read_text()) == result
    assert {key: result[key] for key in ("text", "words", "timing_ms")} == {
        key: explanation.to_dict()[key] for key in ("text", "words", "timing_ms")
    }


def test_a_missing_picture_is_saved_and_drawn_without_a_map(with_missing: Explanation, tmp_path: Path) -> None:
    result = with_missing.save(tmp_path)
    with Image.open(result["hits"][1]["overlay"]) as drawn:
        assert np.array_equal(np.asarray(drawn), with_missing.hits[1].image)
    assert [hit["missing"] for hit in result["hits"]] == [False, True, False]
    titles = [axes.get_title() for axes in with_missing.figure().axes]
    assert any(title.startswith("2.") and "no map" in title for title in titles)


def test_a_missing_picture_has_no_follow_up(with_missing: Explanation) -> None:
    with pytest.raises(Exception, match="The picture is gone"):
        with_missing.contrast(1, 2)
    assert len(with_missing.per_result_attribution()) == 2


def test_the_scale_is_the_peak_of_the_first_hit_that_shows_something(explanation: Explanation) -> None:
    shown = [hit for hit in explanation.hits if not hit.attention.empty]
    silent = replace(shown[0], attention=replace(shown[0].attention, values=-np.abs(shown[0].attention.values)))
    assert replace(explanation, hits=(silent, *shown[1:])).scale == shown[1].attention.peak > 0
    assert replace(explanation, hits=(silent,)).scale == 0

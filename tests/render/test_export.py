"""The files of an explanation."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from mmgrad import Engine, Explanation
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.render.export import raw_maps, write_explanation

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def explanation(engine: Engine) -> Explanation:
    return engine.explain(EXAMPLES / "gallery/00/0000-0.webp", "remove the barrel", 2)


def test_raw_maps_hold_every_map_and_the_geometry_to_lay_them_over_the_pictures(explanation: Explanation) -> None:
    with np.load(io.BytesIO(raw_maps(explanation))) as file:
        assert np.array_equal(file["reference"], explanation.reference.values)
        assert np.array_equal(file["reference_change"], explanation.reference.signed)
        assert np.array_equal(file["targets"][1], explanation.hits[1].attention.values)
        assert np.array_equal(file["words_reference"][2], explanation.words[2].reference.values)
        assert np.array_equal(file["words_targets"][2, 1], explanation.words[2].targets[1].values)
        geometry = [Letterbox(**each) for each in json.loads(str(file["geometry"]))]
        assert json.loads(str(file["explanation"])) == explanation.to_dict()
        laid = geometry[0].restore(np.maximum(file["reference"], 0))
    assert np.array_equal(laid, explanation.reference.on_original())
    assert geometry[1:] == [hit.attention.letterbox for hit in explanation.hits]


def test_an_explanation_without_hits_or_words_has_raw_maps(engine: Engine, explanation: Explanation) -> None:
    first = next(engine.stream(explanation.image, explanation.text, 2))
    with np.load(io.BytesIO(raw_maps(first))) as file:
        assert file["targets"].shape == (0, 14, 14)
        assert file["words_targets"].shape == (0, 0, 14, 14)


def test_maps_at_full_resolution_are_written_on_request_only(explanation: Explanation, tmp_path: Path) -> None:
    few = write_explanation(explanation, tmp_path / "few")
    many = write_explanation(explanation, tmp_path / "many", full_resolution=True)
    assert few["reference"]["map"] is None
    assert not list((tmp_path / "few").glob("*.npy"))
    values = np.load(many["hits"][1]["map"])
    assert np.array_equal(values, explanation.hits[1].attention.on_original())
    assert values.shape == (many["hits"][1]["height"], many["hits"][1]["width"])


def test_a_photograph_of_twelve_million_pixels_takes_little_room(engine: Engine, tmp_path: Path) -> None:
    photograph = np.random.default_rng(0).integers(0, 255, (3, 4, 3), np.uint8).repeat(1000, 0).repeat(1000, 1)
    explanation = engine.explain(photograph, "remove the barrel", 1)
    assert (explanation.reference.letterbox.height, explanation.reference.letterbox.width) == (3000, 4000)
    write_explanation(explanation, tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 3_000_000

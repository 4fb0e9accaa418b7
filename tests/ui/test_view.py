import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from mmgrad.ui.view import HEAT_SIDE, heat_uri, hits_view, picture_uri, reference_view, words_view


def decoded(uri: str) -> Image.Image:
    return Image.open(BytesIO(base64.b64decode(uri.partition(",")[2])))


@pytest.mark.parametrize(("height", "width"), [(150, 400), (400, 150), (224, 224)])
def test_a_heat_map_has_its_hill_where_the_map_has_it_in_the_picture(make_map, height, width):
    evidence = make_map(np.zeros((height, width, 3), np.uint8), 7, 7, 0.02)
    heat = np.asarray(decoded(heat_uri(evidence, evidence.peak, HEAT_SIDE)))
    y, x = np.unravel_index(heat[..., 3].argmax(), heat.shape[:2])
    x_there, y_there = evidence.peak_xy
    assert abs((x + 0.5) / heat.shape[1] - (x_there + 0.5) / width) < 0.05  # WebP blurs a flat hilltop a little
    assert abs((y + 0.5) / heat.shape[0] - (y_there + 0.5) / height) < 0.05


def test_a_heat_map_is_the_full_map_drawn_at_fewer_pixels(make_map):
    evidence = make_map(np.zeros((300, 384, 3), np.uint8), 4, 6, 0.02)
    heat = np.asarray(decoded(heat_uri(evidence, evidence.peak, 96)))
    full = evidence.on_original()[2::4, 2::4] / evidence.peak  # every fourth pixel, near the centre of the small ones
    assert heat.shape[:2] == full.shape
    assert np.corrcoef(heat[..., 3].ravel(), full.ravel() ** 0.75)[0, 1] > 0.97


def test_a_map_without_evidence_has_no_heat(make_map):
    assert heat_uri(make_map(np.zeros((20, 20, 3), np.uint8), 3, 3, 0.0), 1.0, 64) is None


def test_the_same_evidence_is_drawn_weaker_on_a_greater_scale(make_map):
    evidence = make_map(np.zeros((100, 100, 3), np.uint8), 5, 5, 0.01)
    strong, weak = (np.asarray(decoded(heat_uri(evidence, scale, 64)))[..., 3].max() for scale in (0.01, 0.04))
    assert weak < 0.6 * strong


def test_pictures_are_made_smaller_and_never_larger():
    assert decoded(picture_uri(np.zeros((600, 300, 3), np.uint8), 200)).size == (100, 200)
    assert decoded(picture_uri(np.zeros((60, 30, 3), np.uint8), 200)).size == (30, 60)


def test_results_are_drawn_on_one_shared_scale_and_the_empty_one_is_told(drawn_engine):
    *_, last = drawn_engine.stream(np.zeros((90, 120, 3), np.uint8), "make it blue")
    view = hits_view(last)
    assert view["scale"] == max(hit.map.peak for hit in last.hits)
    brightest = [0 if hit["heat"] is None else np.asarray(decoded(hit["heat"]))[..., 3].max() for hit in view["hits"]]
    assert brightest[0] == max(brightest)
    assert brightest[11] < 100 < brightest[0]
    assert [hit["rank"] for hit in view["hits"] if hit["heat"] is None] == [3]


def test_words_carry_a_map_for_the_reference_and_for_every_result(drawn_engine):
    *_, last = drawn_engine.stream(np.zeros((90, 120, 3), np.uint8), "make it blue")
    view = words_view(last)
    assert [word["word"] for word in view["words"]] == ["make", "it", "blue"]
    assert all(len(word["hits"]) == len(last.hits) for word in view["words"])
    assert max(abs(word["tone"]) for word in view["words"]) == 1
    assert view["words"][1]["weight"] < 0


def test_a_link_that_is_not_of_the_web_is_left_out(drawn_engine):
    *_, last = drawn_engine.stream(np.zeros((90, 120, 3), np.uint8), "make it blue")
    record = last.hits[0].record
    object.__setattr__(record, "link", "javascript:alert(1)")
    try:
        assert hits_view(last)["hits"][0]["link"] is None
        assert hits_view(last)["hits"][1]["link"] == "https://example.org/a"
    finally:
        object.__setattr__(record, "link", "https://example.org/a")


def test_the_text_goes_to_the_page_as_it_was_written(drawn_engine):
    text = "make ${7*7} <img onerror=alert(1)> 'blue'"
    first = next(drawn_engine.stream(np.zeros((90, 120, 3), np.uint8), text))
    assert reference_view(first)["text"] == text

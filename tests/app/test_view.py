import base64
import json
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from mmgrad.app.example_cache import answer
from mmgrad.app.view import (
    hits_view,
    map_view,
    panel_view,
    picture_uri,
    reach,
    reference_view,
    words_view,
)

PICTURE = np.zeros((90, 120, 3), np.uint8)


@pytest.fixture
def last(drawn_engine):
    return drawn_engine.explain(PICTURE, "make it blue")


def decoded(uri: str) -> Image.Image:
    return Image.open(BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_a_map_is_sent_as_its_raw_signed_values(make_map):
    evidence = make_map(PICTURE, 3, 5, 0.02, negative=(10, 10))
    view = map_view(evidence)
    values = np.frombuffer(base64.b64decode(view["values"]), "<f4").reshape(view["shape"])
    assert (values == evidence.values).all()
    assert values.min() < 0
    assert view["empty"] is False


def test_evidence_against_is_that_against_the_change(make_map):
    alone = make_map(PICTURE, 3, 5, 0.02, negative=(10, 10))
    shown = replace(alone, values=np.maximum(alone.values, 0), change=2 * alone.values)
    view = map_view(shown)
    change = np.frombuffer(base64.b64decode(view["change"]), "<f4").reshape(view["shape"])
    assert (change == 2 * alone.values).all()
    assert "change" not in map_view(alone)
    assert reach([shown]) == pytest.approx(2 * reach([alone]))
    assert shown.peak == alone.peak


def test_a_map_without_evidence_says_so(make_map):
    assert map_view(make_map(PICTURE, 3, 3, 0.0))["empty"] is True
    assert map_view(make_map(PICTURE, 3, 3, 0.01, threshold=10.0))["empty"] is True


@pytest.mark.parametrize(("height", "width"), [(150, 400), (400, 150), (224, 224)])
def test_the_box_says_where_the_picture_lies_in_the_square(make_map, height, width):
    evidence = make_map(np.zeros((height, width, 3), np.uint8), 7, 7, 0.02)
    view = panel_view(np.zeros((height, width, 3), np.uint8), evidence)
    top, left, inner_height, inner_width, size = view["box"]
    assert inner_width / inner_height == pytest.approx(width / height, rel=0.02)  # whole pixels of 224
    assert abs(2 * top + inner_height - size) <= 1
    assert abs(2 * left + inner_width - size) <= 1
    assert (view["width"], view["height"]) == (width, height)


def test_the_scale_of_signed_panels_is_the_greatest_value_either_way(make_map):
    against = make_map(PICTURE, 6, 6, -0.03)
    assert reach([make_map(PICTURE, 6, 6, 0.02), against]) == pytest.approx(0.03, rel=0.05)  # read between cells
    assert reach([]) == 0.0


def test_pictures_are_made_smaller_and_never_larger():
    assert decoded(picture_uri(np.zeros((600, 300, 3), np.uint8), 200)).size == (100, 200)
    assert decoded(picture_uri(np.zeros((60, 30, 3), np.uint8), 200)).size == (30, 60)


def test_results_share_one_scale_that_ends_at_the_strongest_and_the_empty_one_is_told(last):
    view = hits_view(last)
    assert view["scale"]["peak"] == max(hit.attention.peak for hit in last.hits)
    assert view["scale"]["reach"] == pytest.approx(view["scale"]["peak"], rel=0.01)  # read at other pixels
    assert [hit["rank"] for hit in view["hits"] if hit["map"]["empty"]] == [3]
    assert [hit["rank"] for hit in view["hits"]] == list(range(1, 13))


def test_a_strong_map_far_down_the_list_sets_the_scale(last, make_map):
    strong = replace(last.hits[7], attention=make_map(last.hits[7].image, 3, 3, 0.5))
    hits = tuple(strong if hit.rank == 8 else hit for hit in last.hits)
    assert hits_view(replace(last, hits=hits))["scale"]["peak"] == pytest.approx(0.5, rel=0.1)


def test_maps_without_evidence_are_not_in_a_scale(last, make_map):
    empty = replace(last.hits[0], attention=make_map(last.hits[0].image, 3, 3, 0.5, threshold=1e6))
    view = hits_view(replace(last, hits=(empty, last.hits[2])))
    assert view["scale"] == {"peak": 0.0, "reach": 0.0}


def test_no_drawn_value_of_a_word_is_above_its_scale(last):
    scale = words_view(last)["word_scale"]["hits"]
    maps = [target for word in last.words for target in word.targets]
    assert scale["peak"] == pytest.approx(max(each.on_original().max() for each in maps), rel=0.01)


@pytest.mark.parametrize(
    ("text", "of_reference", "of_result"),
    [
        ("add a duck", "addition", "below_level"),
        ("remove the duck", "below_level", "removal"),
        ("make it blue", "below_level", "below_level"),
    ],
)
def test_a_map_without_evidence_says_why(last, make_map, text, of_reference, of_result):
    nothing = make_map(PICTURE, 3, 3, 0.0)
    said = replace(last, text=text, reference=nothing)
    assert reference_view(said)["reference"]["map"]["reason"] == of_reference
    (empty,) = [hit["map"] for hit in hits_view(said)["hits"] if hit["map"]["empty"]]
    assert empty["reason"] == of_result
    assert "reason" not in hits_view(said)["hits"][0]["map"]


def test_the_confidence_goes_along_where_there_is_one(drawn_engine):
    assert hits_view(drawn_engine.explain(PICTURE, "make it blue"))["confidence"] == 0.823
    assert hits_view(drawn_engine.explain(PICTURE, "make it blue", 3, text_weight=1.5))["confidence"] is None


def test_the_reference_has_a_scale_of_its_own(last):
    assert reference_view(last)["reference"]["scale"]["peak"] == last.reference.peak


def test_words_carry_a_map_for_the_reference_and_for_every_result(last):
    view = words_view(last)
    assert [word["word"] for word in view["words"]] == ["make", "it", "blue"]
    assert all(len(word["hits"]) == len(last.hits) for word in view["words"])
    assert max(abs(word["tone"]) for word in view["words"]) == 1
    assert view["words"][1]["weight"] < 0
    assert view["seconds"] == 1.23


def test_words_of_no_weight_have_no_tone(last):
    for word in last.words:
        object.__setattr__(word, "weight", 0.0)
    assert [word["tone"] for word in words_view(last)["words"]] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//example.org",
        "https:",
        "http://[broken",
        "a page",
        None,
    ],
)
def test_a_link_that_is_not_of_the_web_is_left_out(last, link):
    object.__setattr__(last.hits[0].record, "link", link)
    assert hits_view(last)["hits"][0]["link"] is None
    assert hits_view(last)["hits"][1]["link"] == "https://example.org/a"


@pytest.mark.parametrize("link", ["https://example.org/a", "HTTP://example.org"])
def test_a_link_of_the_web_is_handed_on_as_it_is(last, link):
    object.__setattr__(last.hits[0].record, "link", link)
    assert hits_view(last)["hits"][0]["link"] == link


def test_the_text_goes_to_the_page_as_it_was_written(drawn_engine):
    text = "make ${7*7} <img onerror=alert(1)> 'blue'"
    assert reference_view(next(drawn_engine.stream(PICTURE, text)))["text"] == text


def test_an_answer_is_plain_json_without_nan(last):
    json.dumps(answer(last), allow_nan=False)

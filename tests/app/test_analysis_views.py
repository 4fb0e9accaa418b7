import json
from dataclasses import replace

import numpy as np
import pytest

from mmgrad.app.analysis_views import SHOWN, check_view, contrast_view, responses_view, text_blind_view
from mmgrad.results import OccludedImage, OcclusionCheck

PICTURE = np.zeros((90, 120, 3), np.uint8)


@pytest.fixture
def contrast(drawn_engine):
    return drawn_engine.contrast(PICTURE, "make it blue", "01.png", "04.png")


def test_a_contrast_names_its_two_results_and_their_scores(contrast):
    view = contrast_view(contrast)
    assert (view["first"], view["second"], view["scores"]) == ("01.png", "04.png", [0.88, 0.84])


def test_the_two_results_of_a_contrast_share_a_scale_apart_from_the_reference(contrast):
    view = contrast_view(contrast)
    assert view["targets_reach"] == pytest.approx(0.02, rel=0.1)
    assert view["reference"]["reach"] == pytest.approx(0.01, rel=0.1)


def test_words_of_a_contrast_are_coloured_by_the_strongest(contrast):
    words = contrast_view(contrast)["words"]
    assert [word["tone"] for word in words] == pytest.approx([1.0, 0.5, 0.0])
    assert contrast_view(replace(contrast, words=(("a", 0, 1, 0.0),)))["words"][0]["tone"] == 0


def test_maps_without_the_text_have_scales_of_their_own(drawn_engine):
    view = text_blind_view(*drawn_engine.text_agnostic_gradcam(PICTURE, "make it blue", ["01.png", "02.png"]))
    assert view["reference"]["peak"] == pytest.approx(3.0, rel=0.1)
    assert view["targets_peak"] == pytest.approx(2.0, rel=0.1)
    assert len(view["targets"]) == 2


def test_responses_share_a_scale(drawn_engine):
    view = responses_view(drawn_engine.per_result_attribution(PICTURE, "make it blue", ["01.png", "02.png"]))
    assert (len(view["maps"]), view["reach"]) == (2, pytest.approx(0.01, rel=0.1))


def test_a_check_tells_what_covering_costs_here_and_elsewhere():
    places = tuple(OccludedImage(PICTURE, 0.8 - n / 10, 2 + n) for n in range(5))
    view = check_view(
        OcclusionCheck("a", 0.08, OccludedImage(PICTURE, 0.9, 1), OccludedImage(PICTURE, 0.5, 40), places)
    )
    assert view["cost"] == pytest.approx(0.4)
    assert view["cost_elsewhere"] == pytest.approx(0.3)
    assert view["rank_elsewhere"] == 4
    assert (view["places"], len(view["elsewhere"])) == (5, SHOWN)
    assert (view["marked"]["rank"], view["marked"]["score"]) == (40, 0.5)


def test_a_check_without_room_elsewhere_claims_nothing():
    view = check_view(OcclusionCheck("a", 0.9, OccludedImage(PICTURE, 0.9, 1), OccludedImage(PICTURE, 0.5, 40), ()))
    assert view["cost_elsewhere"] is None
    assert view["rank_elsewhere"] is None
    json.dumps(view, allow_nan=False)

"""The occlusion check: regions by hand, ranks by brute force with the shipped model."""

import numpy as np
import pytest

from mmgrad import Engine, Explanation, InputError
from mmgrad.attribution.occlusion_check import OCCLUDED_SHARE, control_regions, occlude, top_region
from mmgrad.results import OcclusionCheck


@pytest.fixture(scope="module")
def check(answer: Explanation) -> OcclusionCheck:
    assert not answer.hits[0].attention.empty
    return answer.verify(1)


def test_the_top_region_holds_the_greatest_values() -> None:
    values = np.arange(100, dtype=np.float32).reshape(10, 10)
    region = top_region(values, 0.08)
    assert np.flatnonzero(region).tolist() == list(range(92, 100))


def test_the_top_region_is_never_where_there_is_no_evidence() -> None:
    values = np.zeros((10, 10), np.float32)
    values[3, 4] = 1
    assert np.argwhere(top_region(values, 0.5)).tolist() == [[3, 4]]
    assert not top_region(np.zeros((10, 10), np.float32), 0.5).any()


def test_control_regions_have_the_size_of_the_region_and_lie_elsewhere() -> None:
    region = np.zeros((16, 20), bool)
    region[2:5, 3:6] = True
    regions = control_regions(region)
    assert len(regions) == 15
    assert all(place.sum() == region.sum() and not (place & region).any() for place in regions)
    assert len({place.tobytes() for place in regions}) == 15


def test_an_occluded_region_has_the_mean_color_of_the_rest() -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    image[:2] = (100, 0, 10)
    image[2:] = (200, 50, 10)
    region = np.zeros((4, 4), bool)
    region[0] = True
    covered = occlude(image, region)
    assert covered[0].tolist() == [[167, 33, 10]] * 4  # 4 pixels of the one color, 8 of the other
    assert np.array_equal(covered[1:], image[1:])
    assert image[0, 0].tolist() == [100, 0, 10]


def test_the_marked_pixels_are_those_of_the_greatest_attention(answer: Explanation, check: OcclusionCheck) -> None:
    hit = answer.hits[0]
    values = hit.attention.on_pixels(*hit.image.shape[:2])
    count = round(OCCLUDED_SHARE * values.size)
    greatest = np.zeros(values.size, bool)
    greatest[np.argsort(values.ravel())[-count:]] = True
    changed = (check.marked.image != hit.image).any(axis=2).ravel()
    assert not (changed & ~greatest).any()
    assert changed.sum() > 0.9 * count  # some pixels may have the mean color by themselves
    assert check.share == pytest.approx(OCCLUDED_SHARE, abs=0.005)
    assert np.array_equal(check.whole.image, hit.image)


def test_scores_and_ranks_are_those_of_a_search_with_the_occluded_picture_in_the_gallery(
    engine: Engine, answer: Explanation, check: OcclusionCheck
) -> None:
    query = engine.model.encode_query(answer.image, answer.text)[0].numpy()
    rows = engine.gallery.embeddings.float().numpy().copy()
    own = engine.gallery.positions[answer.hits[0].id]
    for each in (check.whole, check.marked, *check.elsewhere):
        rows[own] = engine.model.encode_image([each.image])[0].numpy()
        order = np.argsort(-(rows @ query), kind="stable").tolist()
        assert each.score == pytest.approx(float(rows[own] @ query), abs=5e-3)
        assert abs(each.rank - 1 - order.index(own)) <= max(1, 0.1 * each.rank)  # batches round otherwise
    assert check.whole.rank == 1
    assert check.whole.score == pytest.approx(answer.hits[0].score, abs=1e-2)


def test_occluding_what_the_map_marks_costs_more_than_occluding_other_places(check: OcclusionCheck) -> None:
    assert check.elsewhere
    assert check.marked.score < min(check.whole.score, float(np.mean([each.score for each in check.elsewhere])))


def test_a_map_without_evidence_cannot_be_verified(engine: Engine, answer: Explanation) -> None:
    empty = next(hit.id for hit in answer.hits if hit.attention.empty)
    with pytest.raises(InputError, match="no evidence to occlude"):
        answer.verify(empty)
    with pytest.raises(InputError, match="no evidence to occlude"):
        engine.verify(answer.image, answer.text, empty)

import numpy as np
import pytest

from mmgrad.encoders.base import Encoder
from mmgrad.evaluation.metrics.stability import as_jpeg, moved, recoded, shifted
from mmgrad.evaluation.queries import Queries, encode_images, encode_queries


@pytest.fixture(scope="module")
def queries(encoder: Encoder) -> Queries:
    rows, columns = np.mgrid[0:224, 0:160]
    ramp = np.stack([rows, columns, (rows + columns) % 256], axis=-1).astype(np.uint8)
    return encode_queries(
        encoder, encode_images(encoder, [ramp]), encode_images(encoder, [255 - ramp]), ["remove the dog"]
    )


@pytest.mark.parametrize(("shift", "place"), [((3, 0), (5, 4)), ((-2, 0), (0, 4)), ((0, 2), (2, 6)), ((1, -3), (3, 1))])
def test_a_point_moves_down_and_right_by_the_shift(shift: tuple[int, int], place: tuple[int, int]) -> None:
    picture = np.zeros((9, 11, 3), np.uint8)
    picture[2, 4] = 255
    found = moved(picture, shift)
    assert found.shape == picture.shape
    assert np.argwhere(found[..., 0]).tolist() == [list(place)]


def test_what_comes_in_repeats_the_edge() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (6, 7, 3), np.uint8)
    found = moved(picture, (2, 0))
    assert (found[:2] == picture[:1]).all()
    assert (found[2:] == picture[:-2]).all()


def test_both_pictures_move_by_pixels_of_the_models_input(encoder: Encoder, queries: Queries) -> None:
    found = shifted(encoder, queries, (6, 0))
    for before, after in ((queries.reference, found.reference), (queries.target, found.target)):
        assert (after.pixels[:, :, 6:, 32:192] == before.pixels[:, :, :-6, 32:192]).all()
        assert (after.pixels[..., :32] == before.pixels[..., :32]).all()  # the padding stays
    assert found.texts == queries.texts


def test_a_large_picture_moves_by_as_much(encoder: Encoder) -> None:
    large = np.random.default_rng(0).integers(0, 256, (500, 400, 3), np.uint8)
    view = encode_images(encoder, [large])
    found = shifted(encoder, encode_queries(encoder, view, view, ["?"]), (0, -6)).reference
    box = view.boxes[0]
    inner = slice(box.left, box.left + box.inner_width - 6)
    assert (found.pixels[..., inner] == view.pixels[..., box.left + 6 : box.left + box.inner_width]).all()


def test_jpeg_alters_pixels_a_little(encoder: Encoder, queries: Queries) -> None:
    picture = queries.reference.pictures[0]
    found = as_jpeg(picture)
    assert found.shape == picture.shape
    difference = np.abs(found.astype(int) - picture.astype(int))
    assert 0 < difference.mean() < 8
    coarse = np.abs(as_jpeg(picture, quality=5).astype(int) - picture.astype(int))
    assert coarse.mean() > difference.mean()
    assert (recoded(encoder, queries).reference.pictures[0] == found).all()

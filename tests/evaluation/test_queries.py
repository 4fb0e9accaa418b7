import numpy as np
import pytest
import torch

from mmgrad.encoders.base import Encoder
from mmgrad.evaluation.queries import encode_images, picture_area, resize_to_input
from mmgrad.imaging.letterbox import Letterbox


def test_a_blurred_picture_keeps_its_mean_and_loses_its_detail(encoder: Encoder) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    view = encode_images(encoder, [noise])
    assert view.blurred.mean().item() == pytest.approx(view.pixels.mean().item(), abs=0.01)
    assert view.blurred.std() < 0.1 * view.pixels.std()


def test_padding_stays_as_it_is_and_does_not_bleed_into_the_blur(encoder: Encoder) -> None:
    view = encode_images(encoder, [np.full((100, 224, 3), 255, np.uint8)])
    rows, columns = picture_area(view.boxes[0])
    assert torch.allclose(view.blurred, view.pixels, atol=1e-5)
    assert view.blurred[0, :, rows, columns].min() > 1 - 1e-5
    assert (view.blurred[0, :, 0, 0] < 0.5).all()


def test_a_map_on_the_input_lies_where_the_picture_is() -> None:
    values = np.zeros((224, 224), np.float32)
    box = Letterbox.fit(448, 200, 224)  # half as large there: 224 rows, 100 columns from 62 on
    values[30, 70] = 1
    found = resize_to_input(values, box)
    assert found.shape == (224, 100)
    assert np.argwhere(found == 1).tolist() == [[30, 8]]


def test_pictures_are_taken_in_the_order_asked_for(encoder: Encoder) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 40, 60, 3), np.uint8)
    view = encode_images(encoder, pictures)
    taken, alone = view.take(torch.tensor([2, 0])), encode_images(encoder, pictures[[2, 0]])
    assert torch.equal(taken.pixels, alone.pixels)
    assert torch.equal(taken.features, alone.features)
    assert (taken.pictures[0] == pictures[2]).all()

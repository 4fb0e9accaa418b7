import numpy as np
import pytest
from PIL import Image

from mmgrad.imaging.letterbox import PAD, Letterbox

SHAPES = [(300, 500), (500, 300), (224, 224), (400, 400), (50, 1000), (1000, 50), (9, 13), (101, 97), (1536, 2048)]


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_the_picture_lies_centred_and_touches_two_edges(height: int, width: int) -> None:
    box = Letterbox.fit(height, width, 224)
    assert max(box.inner_height, box.inner_width) == 224
    assert abs(2 * box.top + box.inner_height - 224) <= 1
    assert abs(2 * box.left + box.inner_width - 224) <= 1
    # The aspect is kept to the rounding of one pixel.
    assert abs(box.inner_height - height * 224 / max(height, width)) <= 0.5
    assert abs(box.inner_width - width * 224 / max(height, width)) <= 0.5


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_points_return_to_where_they_came_from(height: int, width: int) -> None:
    box = Letterbox.fit(height, width, 224)
    for point in ((0.0, 0.0), (width - 1.0, height - 1.0), (width / 3, height / 7)):
        assert box.to_original(box.to_model(point)) == pytest.approx(point, abs=1e-9)
    # The corners of the picture are the corners of its place in the square.
    assert box.to_model((-0.5, -0.5)) == pytest.approx((box.left - 0.5, box.top - 0.5))
    assert box.to_model((width - 0.5, height - 0.5)) == pytest.approx(
        (box.left + box.inner_width - 0.5, box.top + box.inner_height - 0.5)
    )


@pytest.mark.parametrize(("height", "width"), SHAPES)
@pytest.mark.parametrize("place", [(0.5, 0.5), (0.1, 0.2), (0.9, 0.75)])
def test_a_spot_drawn_on_the_picture_lands_on_itself_after_the_round_trip(
    height: int, width: int, place: tuple[float, float]
) -> None:
    # A smooth white spot on black; its centre of mass in the square must be where to_model puts it,
    # and the centre of mass of the restored map must be the spot again.
    x, y = place[0] * (width - 1), place[1] * (height - 1)
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    spread = max(2.0, 0.05 * max(height, width))
    spot = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * spread**2))
    box = Letterbox.fit(height, width, 224)
    square = box.apply(np.repeat((255 * spot)[:, :, None], 3, axis=2).round().astype(np.uint8))
    seen = np.zeros((224, 224))
    inside = np.s_[box.top : box.top + box.inner_height, box.left : box.left + box.inner_width]
    seen[inside] = square[inside][:, :, 0]

    drawn = centre_of_mass(np.round(255 * spot))
    scale = max(height, width) / 224
    # Half a pixel of the square is far more than rounding to 8 bits moves a centre of mass, and is the very
    # error that an align_corners mix-up makes at a corner.
    assert box.to_model(drawn) == pytest.approx(centre_of_mass(seen), abs=0.2)
    assert centre_of_mass(box.restore(seen)) == pytest.approx(drawn, abs=max(0.2, 0.3 * scale))


def centre_of_mass(values: np.ndarray) -> tuple[float, float]:
    columns, rows = np.meshgrid(np.arange(values.shape[1]), np.arange(values.shape[0]))
    total = values.sum()
    return float((values * columns).sum() / total), float((values * rows).sum() / total)


def enlarged(values: np.ndarray, box: Letterbox) -> np.ndarray:
    """The map as Pillow enlarges it, by the same cubic; its edges held by a border, and nothing below 0."""
    border = 3
    held = Image.fromarray(np.pad(values, border, mode="edge"))
    cell = 224 / len(values)
    corners = (box.left, box.top, box.left + box.inner_width, box.top + box.inner_height)
    region = tuple(border + corner / cell for corner in corners)
    return np.maximum(np.asarray(held.resize((box.width, box.height), Image.Resampling.BICUBIC, box=region)), 0)


@pytest.mark.parametrize(("height", "width"), [shape for shape in SHAPES if min(shape) > 14])
@pytest.mark.parametrize("cells", [1, 7, 14])
def test_any_shape_agrees_with_pillow(height: int, width: int, cells: int) -> None:
    values = np.random.default_rng(cells).random((cells, cells), np.float32)
    box = Letterbox.fit(height, width, 224)
    restored = box.restore(values)
    assert restored.dtype == np.float32
    assert np.allclose(restored, enlarged(values, box), atol=1e-4)


def test_of_a_map_as_fine_as_the_picture_every_pixel_stays() -> None:
    values = np.random.default_rng(0).random((224, 224), np.float32)
    assert np.allclose(Letterbox.fit(224, 224, 224).restore(values), values, atol=1e-6)


def test_evidence_for_and_against_are_interpolated_apart() -> None:
    box = Letterbox.fit(300, 500, 224)
    values = np.random.default_rng(0).standard_normal((14, 14), np.float32)
    apart = enlarged(np.maximum(values, 0), box) - enlarged(np.maximum(-values, 0), box)
    assert np.allclose(box.restore(values), apart, atol=1e-4)
    assert box.restore(np.maximum(values, 0)).min() == 0  # no evidence against from beside that for


def test_what_lies_in_the_padding_is_dropped() -> None:
    values = np.zeros((14, 14), np.float32)
    values[:3] = values[-3:] = 1  # a picture of 1:2 fills rows 3.5 to 10.5
    restored = Letterbox.fit(112, 224, 224).restore(values)
    assert restored.shape == (112, 224)
    assert restored.max() == 0


def test_the_cell_of_the_peak_holds_the_peak_of_the_restored_map() -> None:
    box = Letterbox.fit(480, 640, 224)
    values = np.zeros((14, 14), np.float32)
    values[4, 9] = 2.5
    restored = box.restore(values)
    row, column = np.unravel_index(restored.argmax(), restored.shape)
    x, y = box.to_model((float(column), float(row)))
    assert (int((y + 0.5) // 16), int((x + 0.5) // 16)) == (4, 9)
    assert 2.4 < restored.max() <= 2.5


def test_a_flat_map_stays_flat() -> None:
    assert np.allclose(Letterbox.fit(123, 457, 224).restore(np.full((14, 14), 0.3)), 0.3, atol=1e-6)
    assert np.ptp(Letterbox.fit(123, 457, 224).restore(np.ones((1, 1)))) == 0  # exactly: no pixel comes before another


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_the_square_holds_the_picture_and_padding_only(height: int, width: int) -> None:
    box = Letterbox.fit(height, width, 224)
    square = box.apply(np.full((height, width, 3), 7, np.uint8))
    assert square.shape == (224, 224, 3)
    is_picture = (square == 7).all(axis=2)
    assert is_picture.sum() == box.inner_height * box.inner_width
    assert (square[~is_picture] == PAD).all()


def test_a_mask_keeps_its_share_of_the_picture() -> None:
    mask = np.zeros((300, 500), np.uint8)
    mask[30:130, 50:250] = 255
    square = Letterbox.fit(300, 500, 224).apply_mask(mask)
    assert square.shape == (224, 224)
    assert square.dtype == np.float32
    assert 0 <= square.min() <= square.max() <= 1
    # The share of the picture that is covered; the rounding of the inner height moves it by under 1 %.
    box = Letterbox.fit(300, 500, 224)
    assert square.sum() / (box.inner_height * box.inner_width) == pytest.approx(mask.mean() / 255, rel=0.01)


def test_each_cell_holds_the_share_of_it_that_a_mask_covers() -> None:
    mask = np.zeros((224, 224), np.uint8)
    mask[8:32, 16:64] = 1  # the lower half of the first row of cells, and the whole second
    expected = np.zeros((14, 14))
    expected[0, 1:4], expected[1, 1:4] = 0.5, 1
    assert np.allclose(Letterbox.fit(224, 224, 224).covered(mask, 14, 14), expected)


def test_other_shapes_are_refused() -> None:
    box = Letterbox.fit(20, 30, 224)
    with pytest.raises(ValueError, match="another aspect"):
        box.apply(np.zeros((30, 20, 3), np.uint8))
    with pytest.raises(ValueError, match="expected uint8 of shape"):
        box.apply(np.zeros((20, 30, 3), np.float32))
    with pytest.raises(ValueError, match="expected a mask"):
        box.apply_mask(np.zeros((20, 30, 1)))
    with pytest.raises(ValueError, match="another aspect"):
        box.apply_mask(np.zeros((30, 20)))
    with pytest.raises(ValueError, match="another aspect"):
        box.for_size(200, 200)
    with pytest.raises(ValueError, match="expected a map"):
        box.restore(np.zeros((1, 14, 14)))
    with pytest.raises(ValueError, match="at least 1"):
        Letterbox.fit(0, 30, 224)


def test_a_reduced_copy_lies_where_its_original_does() -> None:
    original = Letterbox.fit(3024, 4032, 224)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8))
    large, small = (np.asarray(noise.resize((w, h), Image.Resampling.BICUBIC)) for h, w in ((3024, 4032), (378, 504)))
    apart = np.abs(original.apply(large).astype(int) - original.apply(small))
    assert apart.mean() < 1
    assert original.for_size(378, 504) == Letterbox.fit(378, 504, 224)


def test_a_map_of_a_reduced_copy_has_the_peak_of_the_original_in_its_own_pixels() -> None:
    values = np.zeros((14, 14), np.float32)
    values[4, 9] = 1
    box = Letterbox.fit(300, 500, 224).for_size(3000, 5000)
    row, column = np.unravel_index(box.restore(values).argmax(), (3000, 5000))
    small = box.restore(values, (300, 500))
    assert small.shape == (300, 500)
    y, x = np.unravel_index(small.argmax(), small.shape)
    assert (row / 10, column / 10) == pytest.approx((y, x), abs=1)

"""Scenes: what is drawn, where, and which pixels are whose."""

from dataclasses import replace

import numpy as np
import pytest

from mmgrad.synthetic.asset_library import AssetLibrary, load_asset_library
from mmgrad.synthetic.scenes import COLORS, Item, Scene, color_distance, recolored, render, renderer


@pytest.fixture(scope="module")
def library() -> AssetLibrary:
    return load_asset_library()


def _scene(library: AssetLibrary, **changes: object) -> Scene:
    items = (
        Item("a", library.cutouts[0].id, 0.3, 0.4, 0.5),
        Item("b", library.cutouts[40].id, 0.7, 0.6, 0.5, flip=True),
    )
    return replace(Scene(library.backgrounds[0].id, items, 168, 224), **changes)  # type: ignore[arg-type]


def test_picture_and_masks_have_the_canvas_shape_and_are_the_same_each_time(library: AssetLibrary) -> None:
    first, second = render(_scene(library), library), render(_scene(library), library)
    assert first.rgb.shape == (168, 224, 3)
    assert first.rgb.dtype == np.uint8
    assert first.masks.shape == (2, 168, 224)
    assert first.masks.dtype == np.uint8
    assert set(np.unique(first.masks)) == {0, 1}
    np.testing.assert_array_equal(first.rgb, second.rgb)


def test_mask_of_a_thing_is_where_the_picture_differs_from_one_without_it(library: AssetLibrary) -> None:
    scene = _scene(library)
    whole = render(scene, library)
    for index, item in enumerate(scene.items):
        rest = tuple(other for other in scene.items if other is not item)
        step = np.abs(whole.rgb.astype(int) - render(replace(scene, items=rest), library).rgb).max(axis=2)
        mask = whole.masks[index].astype(bool)
        assert (step[mask] > 2).mean() > 0.9
        assert (step[~mask] > 60).mean() < 0.02  # only the soft edge, under half covered, lies outside


def test_a_thing_in_front_hides_the_one_behind(library: AssetLibrary) -> None:
    back = Item("a", library.cutouts[0].id, 0.5, 0.5, 0.4)
    front = Item("b", library.cutouts[0].id, 0.5, 0.5, 0.8)
    drawn = render(_scene(library, items=(back, front)), library)
    assert drawn.visible[0] < 0.5 < drawn.visible[1]
    assert not (drawn.masks[0] & drawn.masks[1]).any()


def test_visible_share_counts_what_lies_outside_the_frame(library: AssetLibrary) -> None:
    half = render(_scene(library, items=(Item("a", library.cutouts[0].id, 0.0, 0.5, 0.5),)), library)
    out = render(_scene(library, items=(Item("a", library.cutouts[0].id, 1.8, 0.5, 0.5),)), library)
    assert 0.1 < half.visible[0] < 0.9
    assert out.visible[0] == 0
    assert not out.masks.any()


def test_scale_is_the_long_side_over_the_short_side_of_the_canvas(library: AssetLibrary) -> None:
    scene = _scene(library)
    assert max(renderer(library).extent(scene.items[0], scene)) == 84  # 0.5 of 168


def test_flip_mirrors_the_thing(library: AssetLibrary) -> None:
    item = Item("a", library.cutouts[40].id, 0.5, 0.5, 0.5)
    plain = render(_scene(library, items=(item,)), library).masks[0]
    mirrored = render(_scene(library, items=(replace(item, flip=True),)), library).masks[0]
    assert (plain[:, ::-1] != mirrored).mean() < 0.02  # at most a pixel's shift by rounding
    assert plain.sum() > 500


@pytest.mark.parametrize("color", COLORS)
def test_recoloured_thing_is_nearest_to_the_colour_it_was_given(library: AssetLibrary, color: str) -> None:
    for cutout in library.cutouts[::60]:
        rgba = cutout.rgba().copy()
        rgba[..., :3] = recolored(rgba, color)
        assert min(COLORS, key=lambda name: color_distance(rgba, name)) == color


def test_shadow_only_darkens(library: AssetLibrary) -> None:
    scene = _scene(library)
    plain, shaded = render(scene, library), render(replace(scene, shadow=0.5), library)
    outside = ~plain.masks.any(axis=0).astype(bool)
    step = shaded.rgb.astype(int) - plain.rgb
    assert (step[outside] <= 0).all()
    assert (step[outside] < -5).any()

"""Scenes: what is drawn, where, and which pixels are whose."""

from dataclasses import replace

import numpy as np
import pytest

from mmgrad.synthetic.asset_library import Atlas, load_atlas
from mmgrad.synthetic.scenes import COLOURS, Item, Scene, colour_distance, recoloured, render, renderer


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return load_atlas()


def _scene(atlas: Atlas, **changes: object) -> Scene:
    items = (Item("a", atlas.cutouts[0].id, 0.3, 0.4, 0.5), Item("b", atlas.cutouts[40].id, 0.7, 0.6, 0.5, flip=True))
    return replace(Scene(atlas.backgrounds[0].id, items, 168, 224), **changes)  # type: ignore[arg-type]


def test_picture_and_masks_have_the_canvas_shape_and_are_the_same_each_time(atlas: Atlas) -> None:
    first, second = render(_scene(atlas), atlas), render(_scene(atlas), atlas)
    assert first.rgb.shape == (168, 224, 3)
    assert first.rgb.dtype == np.uint8
    assert first.masks.shape == (2, 168, 224)
    assert first.masks.dtype == np.uint8
    assert set(np.unique(first.masks)) == {0, 1}
    np.testing.assert_array_equal(first.rgb, second.rgb)


def test_mask_of_a_thing_is_where_the_picture_differs_from_one_without_it(atlas: Atlas) -> None:
    scene = _scene(atlas)
    whole = render(scene, atlas)
    for index, item in enumerate(scene.items):
        rest = tuple(other for other in scene.items if other is not item)
        step = np.abs(whole.rgb.astype(int) - render(replace(scene, items=rest), atlas).rgb).max(axis=2)
        mask = whole.masks[index].astype(bool)
        assert (step[mask] > 2).mean() > 0.9
        assert (step[~mask] > 60).mean() < 0.02  # only the soft edge, under half covered, lies outside


def test_a_thing_in_front_hides_the_one_behind(atlas: Atlas) -> None:
    back = Item("a", atlas.cutouts[0].id, 0.5, 0.5, 0.4)
    front = Item("b", atlas.cutouts[0].id, 0.5, 0.5, 0.8)
    drawn = render(_scene(atlas, items=(back, front)), atlas)
    assert drawn.visible[0] < 0.5 < drawn.visible[1]
    assert not (drawn.masks[0] & drawn.masks[1]).any()


def test_visible_share_counts_what_lies_outside_the_frame(atlas: Atlas) -> None:
    half = render(_scene(atlas, items=(Item("a", atlas.cutouts[0].id, 0.0, 0.5, 0.5),)), atlas)
    out = render(_scene(atlas, items=(Item("a", atlas.cutouts[0].id, 1.8, 0.5, 0.5),)), atlas)
    assert 0.1 < half.visible[0] < 0.9
    assert out.visible[0] == 0
    assert not out.masks.any()


def test_scale_is_the_long_side_over_the_short_side_of_the_canvas(atlas: Atlas) -> None:
    scene = _scene(atlas)
    assert max(renderer(atlas).extent(scene.items[0], scene)) == 84  # 0.5 of 168


def test_flip_mirrors_the_thing(atlas: Atlas) -> None:
    item = Item("a", atlas.cutouts[40].id, 0.5, 0.5, 0.5)
    plain = render(_scene(atlas, items=(item,)), atlas).masks[0]
    mirrored = render(_scene(atlas, items=(replace(item, flip=True),)), atlas).masks[0]
    assert (plain[:, ::-1] != mirrored).mean() < 0.02  # at most a pixel's shift by rounding
    assert plain.sum() > 500


@pytest.mark.parametrize("colour", COLOURS)
def test_recoloured_thing_is_nearest_to_the_colour_it_was_given(atlas: Atlas, colour: str) -> None:
    for cutout in atlas.cutouts[::60]:
        rgba = cutout.rgba().copy()
        rgba[..., :3] = recoloured(rgba, colour)
        assert min(COLOURS, key=lambda name: colour_distance(rgba, name)) == colour


def test_shadow_only_darkens(atlas: Atlas) -> None:
    scene = _scene(atlas)
    plain, shaded = render(scene, atlas), render(replace(scene, shadow=0.5), atlas)
    outside = ~plain.masks.any(axis=0).astype(bool)
    step = shaded.rgb.astype(int) - plain.rgb
    assert (step[outside] <= 0).all()
    assert (step[outside] < -5).any()

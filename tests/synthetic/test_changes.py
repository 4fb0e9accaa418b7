"""Which pictures a sentence could mean: colors of new things."""

from dataclasses import replace

import pytest

from mmgrad.synthetic.asset_library import AssetLibrary, load_asset_library
from mmgrad.synthetic.changes import Change, apply, is_expressible, satisfies
from mmgrad.synthetic.scenes import Item, Renderer, Scene, renderer


@pytest.fixture(scope="module")
def library() -> AssetLibrary:
    return load_asset_library()


@pytest.fixture(scope="module")
def draw(library: AssetLibrary) -> Renderer:
    return renderer(library)


@pytest.fixture(scope="module")
def reference(library: AssetLibrary, draw: Renderer) -> Scene:
    return Scene(library.backgrounds[0].id, (), 64, 64)


def _add(draw: Renderer, color: str | None) -> Change:
    cutout = next(c for c in draw.cutouts.values() if len(draw.unnatural_colors(c.id)) == 11 - len(c.colors) > 5)
    return Change("add", None, Item("new", cutout.id, 0.5, 0.5, 0.4, recolor=color), new_word=cutout.noun)


def _meant(draw: Renderer, reference: Scene, said: Change, shown: Change) -> bool:
    return satisfies(apply(reference, (shown,)), reference, (said,), draw.cutouts, draw.backgrounds)


def test_a_coloured_thing_is_meant_in_that_colour_only(draw: Renderer, reference: Scene) -> None:
    plain = _add(draw, None)
    assert plain.item is not None
    one, other = draw.unnatural_colors(plain.item.cutout)[:2]
    assert _meant(draw, reference, _add(draw, one), _add(draw, one))
    assert not _meant(draw, reference, _add(draw, one), _add(draw, other))
    assert not _meant(draw, reference, _add(draw, one), plain)


def test_a_thing_without_a_colour_word_is_meant_in_any(draw: Renderer, reference: Scene) -> None:
    plain = _add(draw, None)
    assert plain.item is not None
    for color in draw.unnatural_colors(plain.item.cutout)[:3]:
        assert _meant(draw, reference, plain, _add(draw, color))


def test_a_thing_of_that_colour_by_nature_is_meant_too(draw: Renderer, reference: Scene) -> None:
    plain = _add(draw, None)
    assert plain.item is not None
    own = draw.cutouts[plain.item.cutout].colors[0]
    assert _meant(draw, reference, replace(plain, item=replace(plain.item, recolor=own)), plain)


def test_a_second_thing_of_the_same_noun_cannot_be_asked_for_in_another_colour(
    draw: Renderer, reference: Scene
) -> None:
    red, blue = _add(draw, "red"), _add(draw, "blue")
    assert is_expressible(reference, (red,), draw.cutouts)
    assert not is_expressible(apply(reference, (red,)), (blue,), draw.cutouts)

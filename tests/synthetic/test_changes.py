"""Which pictures a sentence could mean: colours of new things."""

from dataclasses import replace

import pytest

from mmgrad.synthetic.asset_library import Atlas, load_atlas
from mmgrad.synthetic.changes import Change, apply, fits, sayable
from mmgrad.synthetic.scenes import Item, Renderer, Scene, renderer


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return load_atlas()


@pytest.fixture(scope="module")
def draw(atlas: Atlas) -> Renderer:
    return renderer(atlas)


@pytest.fixture(scope="module")
def reference(atlas: Atlas, draw: Renderer) -> Scene:
    return Scene(atlas.backgrounds[0].id, (), 64, 64)


def _add(draw: Renderer, colour: str | None) -> Change:
    cutout = next(c for c in draw.cutouts.values() if len(draw.strange_colours(c.id)) == 11 - len(c.colours) > 5)
    return Change("add", None, Item("new", cutout.id, 0.5, 0.5, 0.4, recolour=colour), new_word=cutout.noun)


def _meant(draw: Renderer, reference: Scene, said: Change, shown: Change) -> bool:
    return fits(apply(reference, (shown,)), reference, (said,), draw.cutouts, draw.backgrounds)


def test_a_coloured_thing_is_meant_in_that_colour_only(draw: Renderer, reference: Scene) -> None:
    plain = _add(draw, None)
    assert plain.item is not None
    one, other = draw.strange_colours(plain.item.cutout)[:2]
    assert _meant(draw, reference, _add(draw, one), _add(draw, one))
    assert not _meant(draw, reference, _add(draw, one), _add(draw, other))
    assert not _meant(draw, reference, _add(draw, one), plain)


def test_a_thing_without_a_colour_word_is_meant_in_any(draw: Renderer, reference: Scene) -> None:
    plain = _add(draw, None)
    assert plain.item is not None
    for colour in draw.strange_colours(plain.item.cutout)[:3]:
        assert _meant(draw, reference, plain, _add(draw, colour))


def test_a_thing_of_that_colour_by_nature_is_meant_too(draw: Renderer, reference: Scene) -> None:
    plain = _add(draw, None)
    assert plain.item is not None
    own = draw.cutouts[plain.item.cutout].colours[0]
    assert _meant(draw, reference, replace(plain, item=replace(plain.item, recolour=own)), plain)


def test_a_second_thing_of_the_same_noun_cannot_be_asked_for_in_another_colour(
    draw: Renderer, reference: Scene
) -> None:
    red, blue = _add(draw, "red"), _add(draw, "blue")
    assert sayable(reference, (red,), draw.cutouts)
    assert not sayable(apply(reference, (red,)), (blue,), draw.cutouts)

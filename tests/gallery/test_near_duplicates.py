"""Near-duplicates of a hand-made gallery: copies of another size and compression are found, edited pictures are not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmgrad import Engine, Gallery, InputError
from mmgrad.gallery.near_duplicates import find_near_duplicates

TEXT = "make it blue"
COPIES = ("0-same.png", "1-small.png", "2-jpeg.jpg", "3-large.webp")
OTHERS = ("4-edited.png", "5-mirrored.png", "6-other.png", "7-gray.png")


def scene(seed: int = 0) -> Image.Image:
    """A gradient with some discs."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(40, 200, 240)[None, :, None] * rng.random(3)[None, None] + np.zeros((180, 1, 1))
    picture = Image.fromarray(ramp.astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for x, y in rng.integers((10, 10), (170, 110), (6, 2)).tolist():
        draw.ellipse((x, y, x + 50, y + 50), fill=tuple(rng.integers(0, 255, 3).tolist()))
    return picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place, own = tmp_path_factory.mktemp("pictures"), scene()
    own.save(place / COPIES[0])
    own.resize((120, 90)).save(place / COPIES[1])
    own.save(place / COPIES[2], quality=60)
    own.resize((480, 360)).save(place / COPIES[3], quality=70)
    edited = own.copy()
    ImageDraw.Draw(edited).rectangle((100, 60, 150, 110), fill=(255, 255, 255))
    edited.save(place / OTHERS[0])
    own.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(place / OTHERS[1])
    scene(1).save(place / OTHERS[2])
    own.convert("L").save(place / OTHERS[3])
    return place


@pytest.fixture(scope="module")
def small(engine: Engine, folder: Path) -> Engine:
    return Engine(engine.model, Gallery.build(folder, engine.model, progress=False))


def test_copies_of_any_size_and_compression_are_found_and_nothing_else(small: Engine) -> None:
    image = np.asarray(scene())
    found = find_near_duplicates(small.gallery, image, small.model.encode_image([image]))
    assert set(found) == set(COPIES)


def test_a_picture_that_the_gallery_does_not_hold_has_no_copies(small: Engine) -> None:
    image = np.asarray(scene(7))
    assert find_near_duplicates(small.gallery, image, small.model.encode_image([image])) == ()


def test_with_duplicates_excluded_the_others_keep_their_order_and_scores(small: Engine) -> None:
    whole = small.search(scene(), TEXT, 100)
    found = small.search(scene(), TEXT, 100, exclude_duplicates=True)
    assert set(found.excluded) == set(COPIES)
    assert [(hit.id, hit.score) for hit in found] == [(hit.id, hit.score) for hit in whole if hit.id not in COPIES]
    explained = small.explain(scene(), TEXT, 100, exclude_duplicates=True)
    assert tuple(hit.id for hit in explained.hits) == found.ids
    assert [hit.rank for hit in explained.hits] == [1, 2, 3, 4]
    assert set(explained.excluded) == set(COPIES)


def test_each_query_of_several_leaves_out_its_own_copies(small: Engine) -> None:
    own, other = small.search([scene(), scene(1)], [TEXT, TEXT], 100, exclude_duplicates=True)  # type: ignore[misc]
    assert set(own.ids) == set(OTHERS)
    assert other.excluded == (OTHERS[2],)
    assert len(other) == 7


def test_a_gallery_of_nothing_but_the_reference_gets_one_clear_sentence(engine: Engine, tmp_path: Path) -> None:
    scene().save(tmp_path / "only.png")
    alone = Engine(engine.model, Gallery.build(tmp_path, engine.model, progress=False))
    assert alone.search(scene(), TEXT).ids == ("only.png",)
    assert len(alone.explain(scene(), TEXT).hits) == 1
    for ask in (alone.search, alone.explain):
        with pytest.raises(InputError, match="Every picture of the gallery is a near-duplicate of the reference"):
            ask(scene(), TEXT, exclude_duplicates=True)

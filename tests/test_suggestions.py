"""Suggested texts name what is in the picture, and ask for something else."""

import re
from pathlib import Path

import numpy as np
import pytest

from mmgrad import Engine
from mmgrad.imaging.io import load_image
from mmgrad.lexicon.nouns import Name
from mmgrad.suggestions import MIN_SIMILARITY, NEW_OBJECTS, recognize_objects, suggest_edits

GALLERY = Path(__file__).resolve().parent.parent / "examples" / "gallery"


def test_a_picture_of_the_gallery_is_named_by_its_caption(engine: Engine) -> None:
    named = 0
    for record in engine.gallery.records[::400]:
        for found in recognize_objects(engine.model, engine.gallery, load_image(record.path)):
            assert found.bare in (record.caption or "")
            named += 1
    assert named >= 4


def test_the_caption_of_a_picture_that_is_not_similar_is_not_used(engine: Engine) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    g = engine.model.encode_image([noise])[0]
    assert float((engine.gallery.embeddings.float() @ g).max()) < MIN_SIMILARITY
    assert recognize_objects(engine.model, engine.gallery, noise) == ()


@pytest.mark.parametrize(
    "objects",
    [
        (),
        (Name("dog"),),
        (Name("car", adjective="red"), Name("pliers", plural=True)),
        *((Name(w),) for w in NEW_OBJECTS),
    ],
)
def test_texts_name_the_objects_and_never_ask_for_what_is_there(objects: tuple[Name, ...]) -> None:
    texts = suggest_edits(objects)
    assert texts == suggest_edits(objects)
    assert len(set(texts)) == len(texts) >= 4
    if objects:
        assert f"remove {objects[-1].definite}" in texts
        assert all(any(each.bare in text for each in objects) for text in texts[:5])
    for each in objects:
        assert not any(re.search(rf"(with|add) an? {each.word}\b", text) for text in texts)
        assert f"make {each.definite} {each.adjective}" not in texts


def test_a_search_takes_every_suggested_text(engine: Engine) -> None:
    picture = GALLERY / "00/0004-0.webp"
    texts = engine.suggest(picture)
    assert any("marker" in text for text in texts)
    found = engine.search(picture, texts, 1)
    assert isinstance(found, list)
    assert len(found) == len(texts)

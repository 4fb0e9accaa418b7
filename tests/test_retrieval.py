"""Search without maps: against the embeddings of the gallery, one query at a time."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mmgrad import Engine, InputError
from mmgrad.imaging.io import load_image
from mmgrad.results import SearchHits

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "gallery"
PICTURES = [EXAMPLES / "00/0004-0.webp", EXAMPLES / "00/0000-0.webp", EXAMPLES / "00/0007-0.webp"]
TEXTS = ["replace the marker with a red wrench", "remove the barrel", "add a race car"]


@pytest.fixture(scope="module")
def hits(engine: Engine) -> SearchHits:
    return engine.search(PICTURES[0], TEXTS[0], 5)


def test_hits_are_the_nearest_rows_of_the_gallery(engine: Engine, hits: SearchHits) -> None:
    query = engine.model.encode_query(load_image(PICTURES[0]), TEXTS[0])[0].numpy()
    scores = engine.gallery.embeddings.float().numpy() @ query
    best = np.argsort(-scores, kind="stable")[:5]
    assert hits.ids == tuple(engine.gallery.records[row].id for row in best)
    assert hits.scores == pytest.approx(scores[best].tolist(), abs=1e-5)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]


def test_a_search_finds_what_an_explanation_explains(engine: Engine, hits: SearchHits) -> None:
    explanation = engine.explain(PICTURES[0], TEXTS[0], 5, maps=False)
    assert tuple(hit.id for hit in explanation.hits) == hits.ids
    assert hits.confidence == pytest.approx(explanation.confidence, abs=1e-5)


def test_several_queries_together_find_what_each_finds_alone(engine: Engine) -> None:
    together = engine.search(PICTURES, TEXTS, 5, text_weight=0.8)
    assert isinstance(together, list)
    for found, picture, text in zip(together, PICTURES, TEXTS, strict=True):
        alone = engine.search(picture, text, 5, text_weight=0.8)
        assert found.text == text
        assert found.ids == alone.ids
        assert found.scores == pytest.approx(alone.scores, abs=1e-2)  # batches round otherwise


def test_one_picture_goes_with_many_texts_and_one_text_with_many_pictures(engine: Engine) -> None:
    by_text, by_picture = engine.search(PICTURES[1], TEXTS, 2), engine.search(tuple(PICTURES), TEXTS[1], 2)
    assert isinstance(by_text, list)
    assert isinstance(by_picture, list)
    assert [found.text for found in by_text] == TEXTS
    assert by_text[1].ids == by_picture[1].ids == engine.search(PICTURES[1], TEXTS[1], 2).ids
    assert len({found.ids for found in by_picture}) == 3


def test_more_queries_than_a_batch_keep_their_order(engine: Engine) -> None:
    texts = [f"add {count} red balls" for count in range(35)]
    found = engine.search(PICTURES[0], texts, 1)
    assert isinstance(found, list)
    assert [each.text for each in found] == texts


def test_lists_of_different_lengths_get_one_sentence(engine: Engine) -> None:
    with pytest.raises(InputError, match="2 images and 3 texts"):
        engine.search(PICTURES[:2], TEXTS)


def test_no_queries_find_nothing(engine: Engine) -> None:
    assert engine.search([], []) == []


def test_no_gradient_is_computed_and_no_hit_is_opened(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.autograd, "grad", lambda *_, **__: pytest.fail("a gradient was computed"))
    content = PICTURES[0].read_bytes()
    monkeypatch.setattr(Path, "open", lambda path, *_, **__: pytest.fail(f"{path} was opened"))
    assert len(engine.search(content, TEXTS[0], 3)) == 3


def test_as_a_dict_it_is_what_json_holds(hits: SearchHits) -> None:
    found = hits.to_dict()
    assert found["text"] == TEXTS[0]
    assert [hit["id"] for hit in found["hits"]] == list(hits.ids)
    assert repr(hits).splitlines()[0] == f"SearchHits('{TEXTS[0]}', 5 hits)"


def test_more_results_than_there_are_gives_all(engine: Engine, hits: SearchHits) -> None:
    assert len(engine.search(PICTURES[0], TEXTS[0], 10**9)) == len(engine.gallery)

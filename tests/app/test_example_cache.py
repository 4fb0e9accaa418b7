import gzip
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from mmgrad.app.example_cache import answer, prepare
from mmgrad.app.examples import Example


@pytest.fixture
def examples(drawn_folder):
    return [
        Example(name, drawn_folder / name, "make it red", "recolour", "The thing.") for name in ("00.png", "01.png")
    ]


def test_an_answer_made_beforehand_is_the_one_that_anyone_gets(drawn_engine, examples, tmp_path):
    made = prepare({"drawn": drawn_engine}, examples, tmp_path)
    asked = answer(drawn_engine.explain(examples[1].path, "make it red"))
    assert json.loads(made["01.png"]) == json.loads(json.dumps(asked))


def test_answers_are_computed_once(drawn_engine, examples, tmp_path):
    made = prepare({"drawn": drawn_engine}, examples, tmp_path)
    drawn_engine.asked.clear()
    assert prepare({"drawn": drawn_engine}, examples, tmp_path) == made
    assert drawn_engine.asked == []


def _other_model(engine):
    engine.model.fingerprint = "other"


def _other_rows(engine):
    engine.gallery.embeddings = 2 * torch.eye(14)


def _other_metadata(engine):
    engine.gallery.records = tuple(replace(record, license="CC0") for record in engine.gallery.records)


def _other_name(engine):
    engine.name = "renamed"


@pytest.mark.parametrize("change", [_other_model, _other_rows, _other_metadata, _other_name])
def test_another_model_or_gallery_gets_answers_of_its_own(drawn_engine, examples, tmp_path, change):
    prepare({"drawn": drawn_engine}, examples, tmp_path)
    drawn_engine.asked.clear()
    change(drawn_engine)
    prepare({"drawn": drawn_engine}, examples, tmp_path)
    assert len(drawn_engine.asked) == 2


def test_an_example_is_answered_from_its_own_gallery(drawn_engine, examples, tmp_path):
    own = [examples[0], replace(examples[1], gallery="drawn")]
    other = SimpleNamespace(**vars(drawn_engine), stream=lambda *_: pytest.fail("the wrong gallery was asked"))
    with pytest.raises(pytest.fail.Exception, match="wrong gallery"):
        prepare({"other": other, "drawn": drawn_engine}, own, tmp_path)
    assert set(prepare({"other": other, "drawn": drawn_engine}, own[1:], tmp_path)) == {"01.png"}


def test_fewer_results_get_answers_of_their_own(drawn_engine, examples, tmp_path):
    prepare({"drawn": drawn_engine}, examples, tmp_path)
    made = prepare({"drawn": drawn_engine}, examples, tmp_path, top_k=3)
    assert [len(json.loads(each)["hits"]) for each in made.values()] == [3, 3]


@pytest.mark.parametrize("content", [b"", b"no gzip", gzip.compress(b"no json", mtime=0)])
def test_a_broken_answer_is_made_again(drawn_engine, examples, tmp_path, content):
    made = prepare({"drawn": drawn_engine}, examples, tmp_path)
    for path in tmp_path.iterdir():
        path.write_bytes(content)
    assert prepare({"drawn": drawn_engine}, examples, tmp_path) == made
    assert all(gzip.decompress(path.read_bytes()) for path in tmp_path.iterdir())


def test_a_cache_that_cannot_be_written_is_done_without(drawn_engine, examples, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    made = prepare({"drawn": drawn_engine}, examples, tmp_path / "file" / "below")
    assert json.loads(made["00.png"])["step"] == "words"
    assert "cannot be kept" in caplog.text

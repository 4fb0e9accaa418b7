"""The whole pipeline with the shipped model and gallery."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import mmgrad
from mmgrad import Engine, Explanation, Gallery, InputError

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture(scope="module")
def example() -> dict:
    return json.loads((EXAMPLES / "examples.json").read_text())[0]


@pytest.fixture(scope="module")
def explanation(engine: Engine, example: dict) -> Explanation:
    return engine.explain(EXAMPLES / example["image"], example["text"], 6)


def test_hits_are_ranked_and_scored_by_the_query(engine: Engine, explanation: Explanation):
    assert [hit.rank for hit in explanation.hits] == [1, 2, 3, 4, 5, 6]
    scores = [hit.score for hit in explanation.hits]
    assert scores == sorted(scores, reverse=True)
    features, _ = engine.model.features([explanation.image])
    tokens = engine.model.encode_text(explanation.text)
    with torch.no_grad():
        query = engine.model.composer.encode_query(features, tokens.states, tokens.mask)
        all_scores = (engine.gallery.embeddings @ query[0]).sort(descending=True)
    assert scores == pytest.approx(all_scores.values[:6].tolist(), abs=1e-4)


def test_maps_lie_on_the_pixels_of_their_pictures(explanation: Explanation):
    for image, shown in [(explanation.image, explanation.reference)] + [
        (h.image, h.attention) for h in explanation.hits
    ]:
        values = shown.on_original()
        assert values.shape == image.shape[:2]
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        if not shown.empty:
            x, y = shown.peak_xy
            assert values[y, x] == pytest.approx(values.max(), rel=1e-5)
            assert shown.peak == pytest.approx(values.max(), rel=1e-5)


def test_each_word_has_its_characters_a_weight_and_all_maps(explanation: Explanation):
    assert explanation.words
    for word in explanation.words:
        assert explanation.text[word.start : word.end] == word.word
        assert np.isfinite(word.weight)
        assert len(word.targets) == len(explanation.hits)


def test_a_word_weighs_what_the_first_score_loses_without_it(engine: Engine, explanation: Explanation):
    word = max(explanation.words, key=lambda w: abs(w.weight))
    rest = explanation.text[: word.start] + explanation.text[word.end :]
    features, _ = engine.model.features([explanation.image])
    tokens = engine.model.encode_text(rest)
    first = explanation.hits[0]
    row = engine.gallery.embeddings[engine.gallery.positions[first.record.id]]
    with torch.no_grad():
        without = float(engine.model.composer.encode_query(features, tokens.states, tokens.mask)[0] @ row)
    # the hits are encoded in batches of another size, in bfloat16
    assert word.weight == pytest.approx(first.score - without, abs=0.02)


def test_the_same_query_gives_the_same_answer(engine: Engine, explanation: Explanation):
    again = engine.explain(explanation.image, explanation.text, 6)
    assert [hit.record.id for hit in again.hits] == [hit.record.id for hit in explanation.hits]
    assert np.array_equal(again.reference.values, explanation.reference.values)


def test_the_stream_shows_the_reference_first_then_hits_then_words(engine: Engine, explanation: Explanation):
    first, second, third = engine.stream(explanation.image, explanation.text, 3)
    assert (len(first.hits), len(first.words)) == (0, 0)
    assert (len(second.hits), len(second.words)) == (3, 0)
    assert (len(third.hits), len(third.words)) == (3, len(explanation.words))


@pytest.mark.parametrize("size", [(40, 300), (300, 40), (9, 9)])
def test_any_shape_of_picture_is_explained(engine: Engine, size: tuple[int, int]):
    picture = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    result = engine.explain(picture, "remove the dog", 2)
    assert result.reference.on_original().shape == size


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The text is empty"),
        ("  \n\t ", "The text is empty"),
        ("x" * 301, "301 characters"),
        ("?!… 🦊🦊", "holds no word"),
        (None, "must be a string, not None"),
        (["remove the dog"], "must be a string, not a list"),
        (b"remove the dog", "must be a string, not a bytes"),
    ],
)
def test_a_text_that_asks_nothing_gets_one_sentence(engine: Engine, explanation: Explanation, text, sentence):
    with pytest.raises(InputError, match=sentence):
        engine.explain(explanation.image, text, 3)


@pytest.mark.parametrize("top_k", [0, -1, 2.0, np.float64(3), "3", True, np.bool_(True), None, [3]])
def test_a_number_of_results_that_is_none_gets_one_sentence(engine: Engine, explanation: Explanation, top_k):
    for ask in (engine.explain, engine.search):
        with pytest.raises(InputError, match="whole number from 1"):
            ask(explanation.image, explanation.text, top_k)


@pytest.mark.parametrize("top_k", [51, 10**9])
def test_an_explanation_has_at_most_fifty_results(engine: Engine, explanation: Explanation, top_k):
    with pytest.raises(InputError, match="whole number from 1 to 50"):
        engine.explain(explanation.image, explanation.text, top_k)


@pytest.mark.parametrize("text_weight", [-0.1, 2.1, float("nan"), float("inf"), "1", True, None])
def test_a_text_weight_out_of_range_gets_one_sentence(engine: Engine, explanation: Explanation, text_weight):
    for ask in (engine.explain, engine.search):
        with pytest.raises(InputError, match="text weight must be a number from 0 to 2"):
            ask(explanation.image, explanation.text, 3, text_weight=text_weight)


def test_numbers_of_numpy_are_numbers(engine: Engine, explanation: Explanation):
    found = engine.explain(explanation.image, explanation.text, np.int64(3), text_weight=np.float32(1))
    assert [hit.id for hit in found.hits] == [hit.id for hit in explanation.hits[:3]]
    assert len(engine.search(explanation.image, explanation.text, np.uint8(3), text_weight=np.float64(1))) == 3


@pytest.mark.parametrize("text", ["${7*7} <img src=x onerror=alert(1)>", "اجعلها حمراء", "make it 🔴 red", "a" * 300])
def test_strange_texts_are_answered(engine: Engine, explanation: Explanation, text: str):
    result = engine.explain(explanation.image, text, 2)
    assert result.text == text
    assert len(result.hits) == 2


def test_nothing_of_the_engine_changes_by_use(engine: Engine, explanation: Explanation):
    before = engine.model.composer.state_dict()["embed.weight"].clone()
    rows = engine.gallery.embeddings.clone()
    with pytest.raises(InputError):
        engine.explain(b"not a picture", "remove the dog", 3)
    engine.explain(explanation.image, "remove the dog", 3)
    assert torch.equal(engine.model.composer.state_dict()["embed.weight"], before)
    assert torch.equal(engine.gallery.embeddings, rows)


def test_a_picture_upright_and_one_turned_by_exif_are_the_same_query(
    engine: Engine, explanation: Explanation, tmp_path: Path
):
    turned = Image.fromarray(explanation.image).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # a viewer turns it back, a quarter clockwise
    turned.save(tmp_path / "turned.png", exif=exif)
    found = engine.explain(tmp_path / "turned.png", explanation.text, 3)
    assert np.array_equal(found.image, explanation.image)
    assert [(hit.id, hit.score) for hit in found.hits] == [(hit.id, hit.score) for hit in explanation.hits[:3]]
    assert np.array_equal(found.reference.values, explanation.reference.values)
    assert found.reference.peak_xy == explanation.reference.peak_xy


def test_the_confidence_is_a_chance_for_queries_as_they_are(engine: Engine, explanation: Explanation) -> None:
    assert explanation.confidence is not None
    assert 0 <= explanation.confidence <= 1
    one = engine.explain(explanation.image, explanation.text, 1)
    assert len(one.hits) == 1
    assert one.confidence == pytest.approx(explanation.confidence, abs=1e-5)
    assert engine.explain(explanation.image, explanation.text, 1, text_weight=1.5).confidence is None


def test_without_maps_the_hits_are_the_same_and_say_that_they_have_none(engine: Engine, explanation: Explanation):
    plain = engine.explain(explanation.image, explanation.text, 6, maps=False)
    assert [(hit.id, hit.score) for hit in plain.hits] == [(hit.id, hit.score) for hit in explanation.hits]
    assert plain.words == ()
    assert not any(shown.computed for shown in (plain.reference, *(hit.attention for hit in plain.hits)))
    assert plain.contrast(1, 2).scores == pytest.approx(explanation.contrast(1, 2).scores)


def test_without_words_the_maps_are_the_same(engine: Engine, explanation: Explanation):
    plain = engine.explain(explanation.image, explanation.text, 6, words=False)
    assert plain.words == ()
    assert np.array_equal(plain.hits[0].attention.values, explanation.hits[0].attention.values)


@pytest.fixture
def shrinking(engine: Engine, tmp_path: Path) -> Engine:
    """A gallery of four pictures, one of which is deleted and one of which is damaged after it was indexed."""
    for number in range(4):
        Image.open(EXAMPLES / f"gallery/00/0000-{number}.webp").save(tmp_path / f"{number}.png")
    made = Engine(engine.model, Gallery.build(tmp_path, engine.model, progress=False))
    (tmp_path / "1.png").unlink()
    (tmp_path / "2.png").write_bytes(b"not a picture")
    return made


def test_pictures_that_are_gone_do_not_take_the_search_down(shrinking: Engine, explanation: Explanation):
    found = shrinking.explain(explanation.image, "remove the barrel")
    assert sorted(hit.id for hit in found.hits) == ["0.png", "1.png", "2.png", "3.png"]
    for hit in found.hits:
        assert hit.missing == (hit.id in ("1.png", "2.png"))
        assert hit.attention.computed != hit.missing
        assert bool(hit.note) == hit.missing
        assert str(shrinking.gallery.folder) not in hit.note
    assert all(len(word.targets) == 4 for word in found.words)
    assert len(shrinking.search(explanation.image, "remove the barrel")) == 4
    with pytest.raises(InputError) as refused:
        found.contrast("0.png", "1.png")
    assert str(shrinking.gallery.folder) not in str(refused.value)
    with pytest.raises(InputError) as refused:
        shrinking.verify(explanation.image, "remove the barrel", "2.png")
    assert str(shrinking.gallery.folder) not in str(refused.value)


def test_a_gallery_of_which_nothing_is_left_gives_its_ranking(shrinking: Engine, explanation: Explanation):
    for path in shrinking.gallery.folder.glob("*.png"):
        path.unlink()
    found = shrinking.explain(explanation.image, "remove the barrel")
    assert len(found.hits) == 4
    assert all(hit.missing for hit in found.hits)
    assert found.reference.computed


@pytest.mark.parametrize("context", [torch.inference_mode, torch.no_grad, lambda: torch.set_grad_enabled(False)])
def test_maps_do_not_depend_on_the_callers_gradient_mode(engine: Engine, explanation: Explanation, context):
    with context():
        steps = list(engine.stream(explanation.image, explanation.text, 6))
        grad = torch.is_grad_enabled()
    assert not grad
    assert np.array_equal(steps[-1].reference.values, explanation.reference.values)
    assert np.array_equal(steps[-1].hits[0].attention.values, explanation.hits[0].attention.values)
    again = engine.explain(explanation.image, explanation.text, 6)
    assert np.array_equal(again.words[0].reference.values, explanation.words[0].reference.values)


def test_maps_do_not_depend_on_the_default_dtype(engine: Engine, explanation: Explanation):
    torch.set_default_dtype(torch.float64)
    try:
        found = engine.explain(explanation.image, explanation.text, 6)
        other = mmgrad.load(gallery=engine.gallery.folder) if engine.model.name == "compact" else engine
        loaded = other.search(explanation.image, explanation.text, 6)
    finally:
        torch.set_default_dtype(torch.float32)
    assert np.array_equal(found.reference.values, explanation.reference.values)
    assert loaded.ids == tuple(hit.id for hit in explanation.hits)


def test_a_file_in_memory_is_a_picture(engine: Engine, explanation: Explanation, example: dict):
    content = (EXAMPLES / example["image"]).read_bytes()
    for source in (content, io.BytesIO(content), Image.open(io.BytesIO(content))):
        assert engine.explain(source, explanation.text, 1, maps=False).hits[0].id == explanation.hits[0].id


@pytest.mark.parametrize("source", [None, 5, ["a.png"], torch.zeros(3, 40, 40), "https://example.org/a.png"])
def test_what_is_no_picture_gets_one_sentence(engine: Engine, source):
    with pytest.raises(InputError, match="cannot be read"):
        engine.explain(source, "remove the dog", 1)


def test_thresholds_cannot_be_changed(engine: Engine):
    assert engine.thresholds
    with pytest.raises(TypeError):
        engine.thresholds["reference"] = 1.0  # type: ignore[index]
    with pytest.raises(AttributeError):
        engine.thresholds = {}  # type: ignore[misc]


def test_from_pretrained_is_load(engine: Engine):
    other = Engine.from_pretrained("compact", gallery=engine.gallery.folder, device="cpu")
    assert (other.model.name, len(other.gallery)) == ("compact", len(engine.gallery))

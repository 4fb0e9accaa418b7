import pytest
import torch

from mmgrad.encoders.base import words_of
from mmgrad.encoders.class_prototypes import FILE, ClassPrototypes, names, names_digest
from mmgrad.encoders.compact import PROTOTYPE_SCALE, CompactEncoder
from mmgrad.lexicon import imagenet
from mmgrad.synthetic.photo_families import Photograph


@pytest.fixture(scope="module")
def encoder() -> CompactEncoder:
    return CompactEncoder()


@pytest.fixture(scope="module")
def looks(encoder: CompactEncoder) -> ClassPrototypes:
    return encoder.prototypes


def found(looks: ClassPrototypes, text: str) -> dict[str, torch.Tensor]:
    words = words_of(text, [(i, i + 1) for i in range(len(text))])
    return {word.text: look for word, look in looks.find([words])[0]}


def row(looks: ClassPrototypes, name: str) -> torch.Tensor:
    return looks.rows[looks.numbers[name]]


def test_a_name_has_the_direction_of_its_row_of_the_classifier(looks: ClassPrototypes, encoder: CompactEncoder) -> None:
    weights = encoder.net._fc.weight
    (index,) = names()["teapot"]
    own = weights[index] - weights.mean(dim=0)
    assert torch.allclose(found(looks, "Replace the TEAPOT")["TEAPOT"], own / own.norm(), atol=1e-6)


def test_a_wider_word_has_the_mean_direction_of_its_classes(looks: ClassPrototypes, encoder: CompactEncoder) -> None:
    rows = [one.index for one in imagenet.classes() if "dog" in one.hypernyms]
    assert len(rows) > 50
    own = (encoder.net._fc.weight[rows] - encoder.net._fc.weight.mean(dim=0)).mean(dim=0)
    assert torch.allclose(found(looks, "remove the dog")["dog"], own / own.norm(), atol=1e-6)


def test_words_of_a_longer_name_share_its_look(looks: ClassPrototypes) -> None:
    seen = found(looks, "a red fire engine, please")
    assert set(seen) == {"fire", "engine"}
    assert torch.equal(seen["fire"], row(looks, "fire engine"))
    assert torch.equal(seen["engine"], row(looks, "fire engine"))


@pytest.mark.parametrize(("said", "name"), [("teapots", "teapot"), ("butterflies", "butterfly"), ("knives", "knife")])
def test_a_plural_looks_like_its_singular(said: str, name: str, looks: ClassPrototypes) -> None:
    assert torch.equal(found(looks, f"two {said}")[said], row(looks, name))


@pytest.mark.parametrize(("said", "name"), [("puppy", "dog"), ("kitten", "cat"), ("automobile", "car")])
def test_a_word_that_is_no_name_looks_like_what_means_nearly_the_same(
    said: str, name: str, looks: ClassPrototypes
) -> None:
    assert float(found(looks, f"remove the {said}")[said] @ row(looks, name)) > 0.7


def test_words_that_name_no_thing_have_no_look(looks: ClassPrototypes) -> None:
    assert found(looks, "please make it much bigger and red, on the left of the grass") == {}


def test_what_was_asked_before_changes_nothing(encoder: CompactEncoder) -> None:
    fresh = ClassPrototypes(encoder.net._fc.weight.detach(), encoder.embed_sentences)
    alone = found(fresh, "remove the puppy")["puppy"]
    fresh = ClassPrototypes(encoder.net._fc.weight.detach(), encoder.embed_sentences)
    found(fresh, "replace the lorry with an automobile")
    assert torch.allclose(found(fresh, "remove the puppy")["puppy"], alone, atol=1e-5)


def test_the_embeddings_that_are_shipped_are_those_of_the_names(
    encoder: CompactEncoder, looks: ClassPrototypes
) -> None:
    from safetensors import safe_open

    with safe_open(FILE, framework="pt") as file:
        assert file.metadata()["names"] == names_digest()
    some = list(names())[::200]
    assert torch.allclose(looks.embeddings[::200], encoder.embed_sentences(some), atol=2e-3)  # kept in half precision


def test_tokens_carry_the_looks_of_their_words(encoder: CompactEncoder) -> None:
    texts = ["remove the teapot", "put it on the left"]
    tokens = encoder.encode_text(texts)
    shown = tokens.states[..., -encoder.prototype_dim :]
    assert tokens.states.shape[-1] == encoder.token_width
    (teapot,) = (word for word in tokens.words[0] if word.text == "teapot")
    others = [i for i in range(shown.shape[1]) if i not in teapot.tokens]
    assert torch.allclose(shown[0, list(teapot.tokens)].norm(dim=-1), torch.tensor(PROTOTYPE_SCALE))
    assert shown[0, others].abs().max() == 0
    assert shown[1].abs().max() == 0


def test_the_look_of_a_thing_answers_to_its_photograph(encoder: CompactEncoder, looks: ClassPrototypes) -> None:
    """On a picture of a flower the daisy's kin answer more than the kin of other things."""
    from pathlib import Path

    photo = Photograph(Path(__file__).parents[2] / "examples" / "photos" / "flower.webp", 985, "n11939491")
    top = encoder.trunk(encoder.prepare([photo.rgb()])[0])[:, -encoder.prototype_dim :].mean(dim=(2, 3))[0]
    evidence = looks.rows @ top
    assert evidence[looks.numbers["flower"]] > evidence.quantile(0.98)

"""Pseudo-words beside transformers' own text tower with that word's embedding replaced."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

import mmgrad
from mmgrad import cli
from mmgrad.attribution.gradients import AttributionModel, reference_map
from mmgrad.errors import InputError, ModelError
from mmgrad.evaluation.protocols.benchmarks import evaluate_benchmark
from mmgrad.models.model import Model, load_model
from mmgrad.models.pseudo_word import load_adapter

D, W, HIDDEN = 20, 24, 28  # of the tiny CLIP: image feature, token embedding
TEXTS = ("is red, with a dog", "costs $ 5 in the car", "x" * 300)


def layers(names: tuple[str, ...], widths: tuple[int, ...] = (D, HIDDEN, HIDDEN, W)) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, inputs, outputs in zip(names, widths[:-1], widths[1:], strict=True):
        state[f"{name}.weight"] = torch.randn(outputs, inputs, generator=generator) * inputs**-0.5
        state[f"{name}.bias"] = 0.1 * torch.randn(outputs, generator=generator)
    return state


SEARLE = ("layers.0", "layers.3", "layers.6")
PIC2WORD = ("layers.0.0", "layers.1.0", "fc_out")


@pytest.fixture(scope="module")
def searle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("adapters") / "searle.safetensors"
    save_file(layers(SEARLE), path)
    return path


@pytest.fixture(scope="module")
def pic2word(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("adapters") / "p2w.safetensors"
    save_file({f"module.{key}": value for key, value in layers(PIC2WORD).items()}, path)
    return path


@pytest.fixture(scope="module")
def model(folders: dict[str, Path], searle: Path) -> Model:
    return load_model(folders["clip"], "cpu", "pseudo-word", adapter=searle)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for number in range(5):
        Image.fromarray(rng.integers(0, 255, (40, 60, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (50, 80, 3), dtype=np.uint8)


def their_query(folder: Path, prompt: str, word: torch.Tensor) -> torch.Tensor:
    """Oracle: transformers' own text features of the prompt, the first "$" looked up as the word [W]."""
    theirs, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer([prompt], truncation=True, max_length=77, return_tensors="pt")
    place = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0]).index("$</w>")

    def replaced(module: torch.nn.Module, given: tuple, output: torch.Tensor) -> torch.Tensor:
        output[0, place] = word
        return output

    theirs.text_model.embeddings.token_embedding.register_forward_hook(replaced)
    with torch.no_grad():
        return functional.normalize(theirs.get_text_features(**inputs).pooler_output[0], dim=0)


@pytest.mark.parametrize("text", TEXTS)
def test_the_query_is_the_text_feature_with_the_word_of_the_picture(model: Model, folders, text: str) -> None:
    features, _ = model.features([picture(0)])
    tokens = model.encode_text(text)
    feature = model.encoder.base.head(features)[0]
    a, b, c = (layers(SEARLE)[f"{name}.weight"] for name in SEARLE)
    x, y, z = (layers(SEARLE)[f"{name}.bias"] for name in SEARLE)
    word = c @ functional.gelu(b @ functional.gelu(a @ feature + x) + y) + z
    expected = their_query(folders["clip"], f"a photo of $ that {text}", word)
    found = model.composer.encode_query(features, tokens.states, tokens.mask)[0]
    assert torch.allclose(found, expected, atol=1e-5)


def test_a_network_in_blocks_is_read_as_pic2word(folders, pic2word: Path) -> None:
    model = load_model(folders["clip"], "cpu", adapter=pic2word)
    assert model.card["adapter"]["activation"] == "relu"
    features, _ = model.features([picture(1)])
    feature, state = model.encoder.base.head(features)[0], layers(PIC2WORD)
    for name in PIC2WORD[:2]:
        feature = functional.relu(state[f"{name}.weight"] @ feature + state[f"{name}.bias"])
    word = state["fc_out.weight"] @ feature + state["fc_out.bias"]
    expected = their_query(folders["clip"], "a photo of $ , is red", word)
    tokens = model.encode_text("is red")
    assert torch.allclose(model.composer.encode_query(features, tokens.states, tokens.mask)[0], expected, atol=1e-5)


def test_a_batch_of_texts_and_pictures_composes_like_each_alone(model: Model) -> None:
    features, _ = model.features([picture(0), picture(1)])
    tokens = model.encoder.encode_text(["is red", "is a big car instead of the dog"])
    together = model.composer.encode_query(features, tokens.states, tokens.mask)
    for i, text in enumerate(["is red", "is a big car instead of the dog"]):
        one = model.encode_text(text)
        alone = model.composer.encode_query(features[i : i + 1], one.states, one.mask)
        assert torch.allclose(together[i : i + 1], alone, atol=1e-5)


def test_words_are_those_of_the_text_alone_and_know_their_tokens(model: Model) -> None:
    text = "is a photo of a cat"
    tokens = model.encode_text(text)
    assert [word.text for word in tokens.words[0]] == text.split()
    assert all(text[word.start : word.end] == word.text for word in tokens.words[0])
    ids = model.encoder.base.tokenizer("a photo of $ that " + text)["input_ids"]
    cat = tokens.words[0][-1].tokens
    assert model.encoder.base.tokenizer.decode([ids[place] for place in cat]).strip() == "cat"


def test_an_end_token_that_is_typed_ends_the_prompt(model: Model) -> None:
    """As in CLIP, whose feature is read at the first of them."""
    features, _ = model.features([picture(0)])
    short, typed = (model.encode_text(text) for text in ("is red", "is red<|endoftext|> a dog"))
    queries = [model.composer.encode_query(features, tokens.states, tokens.mask) for tokens in (short, typed)]
    assert torch.allclose(*queries, atol=1e-6)


def test_the_reference_map_equals_finite_differences(model: Model) -> None:
    """One value of the feature map at a time, in double precision."""
    features, _ = model.features([picture(2)])
    tokens = model.encode_text("is red")
    mine = reference_map(AttributionModel(model.composer, model.encoder.to_grid), features, tokens)[0]
    wide, states, base = model.composer.double(), tokens.states.double(), features.double()
    width, step, oracle = model.encoder.base.tower.width, 1e-4, torch.zeros(features.shape[2:]).double()

    def moved(leaves: torch.Tensor) -> torch.Tensor:
        count = len(leaves)
        given = states.expand(count, -1, -1), tokens.mask.expand(count, -1)
        return wide.encode_query(leaves, *given) - wide.encode_image(leaves)

    with torch.no_grad():
        change = moved(base)
        for y in range(features.shape[2]):
            for x in range(features.shape[3]):
                nudge = torch.zeros(width, *features.shape[1:]).double()
                nudge[torch.arange(width), torch.arange(width), y, x] = step
                slopes = ((moved(base + nudge) - moved(base - nudge)) @ change[0]) / (2 * step)
                oracle[y, x] = slopes @ base[0, :width, y, x]
    model.composer.float()
    assert float(oracle.abs().max()) > 1e-5
    assert torch.allclose(mine.double(), oracle, atol=1e-3 * float(oracle.abs().max()))


def test_it_is_searched_and_explained_like_any_model(model: Model, folders, pictures: Path, searle: Path) -> None:
    plain = mmgrad.load(folders["clip"], pictures, "cpu")
    assert model.fingerprint == plain.model.fingerprint  # pictures are embedded the same: one gallery serves both
    engine = mmgrad.Engine(model, plain.gallery)
    result = engine.explain(pictures / "0.png", "is red and has a cat", 3)
    assert result.model == "tiny-clip (pseudo-word searle)"
    assert model.card["composition"] == "pseudo-word"
    assert [word.word for word in result.words] == ["is", "red", "and", "has", "a", "cat"]
    assert float(np.abs(result.reference.values).max()) > 0
    assert max(hit.attention.total_positive for hit in result.hits) > 0


def test_the_benchmarks_judge_it(model: Model, cirr_root: Path) -> None:
    results = evaluate_benchmark(model, "cirr", cirr_root, progress=False)
    assert set(results.table["method"]) == {"composed query", "image only", "text only"}


def test_the_command_line_takes_an_adapter(folders, pictures: Path, searle: Path, capsys) -> None:
    query = ["search", str(pictures / "0.png"), "is red", "--gallery", str(pictures), "--top", "2"]
    chosen = ["--model", str(folders["clip"]), "--composition", "pseudo-word"]
    assert cli.main([*query, *chosen, "--adapter", str(searle)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    for wrong, told in (
        ([], "needs the file of its network"),
        (["--adapter", str(searle), "--weight", "1"], "has no weight"),
        (["--adapter", str(searle), "--composition", "sum"], "takes no adapter"),
        (["--adapter", str(pictures / "none.safetensors")], "none.safetensors"),
        (["--adapter", str(searle), "--model", str(folders["siglip"])], "read by CLIP only"),
    ):
        assert cli.main([*query, *chosen, *wrong]) == 2
        assert told in capsys.readouterr().err


def other_widths(path: Path) -> None:
    save_file(layers(SEARLE, (D, HIDDEN, HIDDEN, W + 1)), path)


def broken_chain(path: Path) -> None:
    state = layers(SEARLE)
    save_file(state | {"layers.3.weight": torch.zeros(HIDDEN, HIDDEN + 1)}, path)


def another_part(path: Path) -> None:
    save_file(layers(SEARLE) | {"norm.weight": torch.ones(4), "norm.bias": torch.ones(4)}, path)


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda path: None, InputError, "cannot be read"),
        (lambda path: path.mkdir(), InputError, "cannot be read"),
        (lambda path: torch.save(layers(SEARLE), path), ModelError, "is a pickle"),
        (
            lambda path: torch.save(layers(SEARLE), path, _use_new_zipfile_serialization=False),
            ModelError,
            "is a pickle",
        ),
        (lambda path: path.write_bytes(b"what is this"), ModelError, "is no safetensors file"),
        (lambda path: path.write_bytes(b""), ModelError, "is no safetensors file"),
        (lambda path: save_file({}, path), ModelError, "holds no layers"),
        (broken_chain, ModelError, "takes 29 numbers, and the one before it gives 28"),
        (another_part, ModelError, "is no part of a linear layer"),
        (lambda path: save_file(layers(SEARLE), path, {"activation": "sin"}), ModelError, "gelu and relu"),
        (lambda path: save_file(layers(SEARLE), path, {"prompt": "a photo"}), ModelError, "must hold"),
        (other_widths, ModelError, "needs 24 of 20"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    folders, tmp_path: Path, make: Callable[[Path], object], error: type[Exception], told: str
) -> None:
    path = tmp_path / "phi.safetensors"
    make(path)
    with pytest.raises(error, match=told) as caught:
        load_model(folders["clip"], "cpu", adapter=path)
    assert "\n" not in str(caught.value)


def test_metadata_may_name_the_activation_and_the_prompt(tmp_path: Path) -> None:
    save_file(layers(SEARLE), tmp_path / "a.safetensors", {"activation": "relu", "prompt": "$ but"})
    adapter = load_adapter(tmp_path / "a.safetensors")
    assert (adapter.activation, adapter.prompt) == ("relu", "$ but ")
    assert isinstance(adapter.network[1], torch.nn.ReLU)

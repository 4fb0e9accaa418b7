"""Tiny random CLIP, SigLIP and SigLIP 2 of transformers' own classes, saved as their users save them."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Siglip2Config,
    Siglip2ImageProcessorPil,
    Siglip2Model,
    Siglip2Tokenizer,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
)

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789',.-!?"
WORDS = ("the", "dog", "cat", "with", "replace", "instead", "of", "red", "car")
TOWER = {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4}


def clip(folder: Path, image_size: int = 32, patch_size: int = 8, layers: int = 3) -> Path:
    """CLIP: class token, causal text, byte-level BPE."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = []
    for word in WORDS:
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            merges.append((parts[0], parts[1]))
            parts = [parts[0] + parts[1], *parts[2:]]
    tokens = [*alphabet, *(letter + "</w>" for letter in alphabet), *("".join(merge) for merge in merges)]
    tokens = [*dict.fromkeys(tokens), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer({token: i for i, token in enumerate(tokens)}, list(dict.fromkeys(merges)))
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    text = TOWER | ends | {"hidden_size": 24, "num_hidden_layers": 2, "vocab_size": len(tokens)}
    vision = TOWER | {"num_hidden_layers": layers, "image_size": image_size, "patch_size": patch_size}
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=20)
    processor = CLIPImageProcessorPil(size={"shortest_edge": image_size}, crop_size=image_size)
    return _save(folder, CLIPModel(config), tokenizer, processor)


def siglip(folder: Path, image_size: int = 38, patch_size: int = 12, pool: bool = True) -> Path:
    """SigLIP: attention pool (or a mean), no class token, the last text position; patches that leave a rim."""
    core = Tokenizer(models.BPE(_vocabulary("<unk>", "</s>"), [], unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    core.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, unk_token="<unk>", pad_token="</s>", eos_token="</s>", model_input_names=["input_ids"]
    )
    text = TOWER | {"num_hidden_layers": 2, "vocab_size": len(tokenizer), "max_position_embeddings": 24}
    vision = TOWER | {"num_hidden_layers": 2, "image_size": image_size, "patch_size": patch_size}
    config = SiglipConfig(text_config=text, vision_config=vision | {"vision_use_head": pool})
    processor = SiglipImageProcessorPil(size={"height": image_size, "width": image_size})
    return _save(folder, SiglipModel(config), tokenizer, processor)


def siglip2(folder: Path, patches: int = 25, patch_size: int = 6) -> Path:
    """SigLIP 2: pictures as rows of patches, a tokenizer that pads in front."""
    vocabulary = _vocabulary("<pad>", "<eos>", "<bos>", "<unk>", "<mask>")
    tokenizer = Siglip2Tokenizer(vocabulary, [])
    text = TOWER | {"num_hidden_layers": 2, "vocab_size": len(vocabulary), "max_position_embeddings": 40}
    vision = TOWER | {"num_hidden_layers": 2, "num_patches": patches, "patch_size": patch_size}
    config = Siglip2Config(text_config=text, vision_config=vision)
    processor = Siglip2ImageProcessorPil(patch_size=patch_size, max_num_patches=patches)
    return _save(folder, Siglip2Model(config), tokenizer, processor)


def _vocabulary(*special: str) -> dict[str, int]:
    return {token: i for i, token in enumerate([*special, "▁", *LETTERS, *LETTERS.upper()[:26]])}


def _save(folder: Path, model: PreTrainedModel, tokenizer: object, processor: object) -> Path:
    for parameter in model.parameters():  # at their usual beginning the towers hardly see the picture
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=parameter.shape[-1] ** -0.5)
    for part in (model, tokenizer, processor):
        part.save_pretrained(folder)
    return folder


BUILDERS = {"clip": clip, "siglip": siglip, "siglip2": siglip2}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each tiny model, by its model type."""
    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("models")
    return {name: build(root / f"tiny-{name}") for name, build in BUILDERS.items()}

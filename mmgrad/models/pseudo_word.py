"""Queries by a pseudo-word: a network maps the image feature to one token embedding of CLIP's text tower.

The pseudo-word is part of a prompt that ends with the modification text ("a photo of $ that is made of glass"), and the
query is the text feature of the prompt. Such networks are trained without triplets: Pic2Word (Saito et al., arXiv
2302.03084), SEARLE (Baldrati et al., arXiv 2303.15247), LinCIR (Gu et al., arXiv 2312.01998). All read the image
feature as CLIP gives it, not normalized.

An adapter file is the state of the network in safetensors: linear layers, each a `weight` [out, in] and a `bias` [out].
The layers are ordered by the numbers in their names, one called "out" last; prefixes such as "module." do not matter.
The activation between them is

- GELU, where layers are numbered once, as in SEARLE and LinCIR: layers.0, layers.3, layers.6;
- ReLU, where they are numbered in blocks, as in Pic2Word: layers.0.0, layers.1.0, fc_out.

The metadata of the file may override this: "activation" (gelu or relu), and "prompt", the text before the modification
text.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from mmgrad.encoders.prompts import MARK, PromptEncoder, TextTower
from mmgrad.errors import InputError, ModelError

PROMPTS = {"gelu": "a photo of $ that ", "relu": "a photo of $ , "}
"""The prompts that the networks were published with, by their activation."""

_ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "relu": nn.ReLU}
_PICKLES = (b"PK\x03\x04", b"\x80")  # how torch.save begins a file, by its newer and its older format


@dataclass(frozen=True, eq=False)
class Adapter:
    """A pseudo-word network and its prompt.

    Attributes:
        name: of the file, without the suffix.
        network: image features [B, D] -> token embeddings [B, W].
        inputs, outputs: D and W.
        prompt: the text before the modification text, with MARK for the pseudo-word.
        sha256: of the file, 16 hex digits.
    """

    name: str
    network: nn.Sequential
    inputs: int
    outputs: int
    activation: str
    prompt: str
    sha256: str

    @property
    def card(self) -> dict[str, str]:
        """The description of the adapter in a model's card."""
        return {"name": self.name, "activation": self.activation, "prompt": self.prompt, "sha256": self.sha256}


class PseudoWord(nn.Module):
    """A composition: image features [B, D], prompts [B, L, W] and their mask [B, L] -> text features [B, D]."""

    def __init__(self, network: nn.Module, tower: TextTower, place: int):
        super().__init__()
        self.network, self.tower, self.place = network, tower, place

    def forward(self, image: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        """Gradients reach the image features through the text tower, from the place of the pseudo-word on."""
        word = self.network(image)[:, None]  # (B, 1, W)
        filled = torch.cat([states[:, : self.place], word, states[:, self.place + 1 :]], dim=1)
        embedding: Tensor = self.tower(filled, mask)
        return embedding


def compose_with(adapter: Adapter, encoder: PromptEncoder) -> PseudoWord:
    """The composition of an adapter over its CLIP. Raises ModelError where the two do not fit."""
    if (adapter.inputs, adapter.outputs) != (encoder.dimension, encoder.token_width):
        raise ModelError(
            f"The adapter '{adapter.name}' makes {adapter.outputs} numbers of {adapter.inputs}, where '{encoder.name}' "
            f"needs {encoder.token_width} of {encoder.dimension}; give the adapter that was trained for this CLIP."
        )
    network = adapter.network.to(encoder.device)
    return PseudoWord(network, encoder.text_tower, encoder.place).eval().requires_grad_(False)


def load_adapter(path: str | Path) -> Adapter:
    """Read the file of a pseudo-word network.

    Raises InputError for a missing file, and ModelError for a file that is a pickle, damaged, or not such a network.
    """
    path = Path(path).expanduser()
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"The adapter '{path}' cannot be read ({reason}); give a .safetensors file.") from error
    if content.startswith(_PICKLES):
        raise ModelError(
            f"The adapter '{path}' is a pickle, which may run any code when it is read; convert its state dict with "
            "save_file of safetensors.torch."
        )
    try:
        with safe_open(path, framework="pt") as file:
            state = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118 - not a mapping
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise ModelError(f"The adapter '{path}' is no safetensors file ({error}); fetch it again.") from error
    layers = _linear_layers(state, path)
    activation = metadata.get("activation") or ("relu" if _in_blocks(state) else "gelu")
    if activation not in _ACTIVATIONS:
        raise ModelError(f"The adapter '{path}' asks for the activation '{activation}'; gelu and relu are known.")
    prompt = metadata.get("prompt") or PROMPTS[activation]
    if prompt.count(MARK) != 1:
        raise ModelError(f"The prompt '{prompt}' of the adapter '{path}' must hold '{MARK}' once.")
    steps = [step for layer in layers for step in (layer, _ACTIVATIONS[activation]())]
    network = nn.Sequential(*steps[:-1])
    first, last = layers[0].in_features, layers[-1].out_features
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Adapter(path.stem, network, first, last, activation, prompt.rstrip() + " ", digest)


def _linear_layers(state: dict[str, Tensor], path: Path) -> list[nn.Linear]:
    names = sorted({key.rpartition(".")[0] for key in state}, key=_order)
    layers: list[nn.Linear] = []
    for name in names:
        weight, bias = state.get(f"{name}.weight"), state.get(f"{name}.bias")
        own = {key for key in state if key.rpartition(".")[0] == name}
        if weight is None or bias is None or len(own) != 2 or weight.dim() != 2 or bias.shape != weight.shape[:1]:
            raise ModelError(f"'{min(own)}' of the adapter '{path}' is no part of a linear layer; give another file.")
        if layers and layers[-1].out_features != weight.shape[1]:
            raise ModelError(
                f"The layer '{name}' of the adapter '{path}' takes {weight.shape[1]} numbers, and the one before it "
                f"gives {layers[-1].out_features}; give another file."
            )
        layer = nn.Linear(weight.shape[1], weight.shape[0])
        layer.load_state_dict({"weight": weight, "bias": bias})
        layers.append(layer)
    if not layers:
        raise ModelError(f"The adapter '{path}' holds no layers; give another file.")
    return layers


def _order(name: str) -> tuple[bool, list[int], str]:
    """Layers by their numbers, one called "out" last."""
    return "out" in name.rpartition(".")[2], [int(number) for number in re.findall(r"\d+", name)], name


def _in_blocks(state: dict[str, Tensor]) -> bool:
    return any(re.search(r"\d+\.\d+\.weight$", key) for key in state)

"""Pretend CUDA tensors through everything that runs on a device: the first one that meets a CPU tensor raises.

`FakeTensorMode` of torch knows shapes, dtypes and devices, and needs no GPU. Reading values (`.item()`, `.tolist()`,
`bool(tensor)`, masks as indices) raises too, so these calls stay at the seams, outside of what is tried here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._pytree import tree_map

from mmgrad.attribution.baselines import match_map, text_agnostic_gradcam
from mmgrad.attribution.blend import explain_reference, explain_targets
from mmgrad.attribution.gradients import query_signal, reference_map, signed_map, similarity_signal, target_map, target_maps
from mmgrad.attribution.words import interpolate_query
from mmgrad.encoders.base import TextTokens
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.encoders.dual_encoder import DualEncoder
from mmgrad.gallery.search import top_k_search
from mmgrad.models.composer import Composer
from mmgrad.models.confidence import Confidence, clues_of
from mmgrad.models.zero_shot import COMPOSITIONS, DualComposer

CUDA = torch.device("cuda:0")
TEXTS = ["replace the dog with a cat", "remove the teapot"]
ENCODERS = ("compact", "clip", "siglip", "siglip2")


def pretend(value: Any, mode: FakeTensorMode) -> Any:
    """A tensor, or a structure of tensors, as pretend CUDA tensors of the same shapes and dtypes."""

    def one(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor) or isinstance(leaf, FakeTensor):
            return leaf
        return FakeTensor(mode, torch.empty_like(leaf, device="meta"), CUDA)

    return tree_map(one, value)


def move(module: nn.Module, mode: FakeTensorMode) -> None:
    """Replace all weights of a module, in place, by pretend CUDA ones."""
    for part in module.modules():
        for name, weight in list(part._parameters.items()):
            if weight is not None:
                part._parameters[name] = nn.Parameter(pretend(weight.detach(), mode), weight.requires_grad)
        for name, buffer in list(part._buffers.items()):
            if buffer is not None:
                part._buffers[name] = pretend(buffer, mode)


def pretend_encoder(name: str, folders: dict[str, Path], mode: FakeTensorMode) -> CompactEncoder | DualEncoder:
    encoder: CompactEncoder | DualEncoder
    if name == "compact":
        encoder = CompactEncoder()
        encoder.encode_text(TEXTS)  # prototypes of words that are no names are found once, at a seam
        move(encoder.net, mode)
        move(encoder.text, mode)
        for part in ("rows", "embeddings"):
            setattr(encoder.prototypes, part, pretend(getattr(encoder.prototypes, part), mode))
        encoder.prototypes._near = pretend(encoder.prototypes._near, mode)
    else:
        encoder = DualEncoder(folders[name])
        move(encoder.model, mode)
    encoder.device = CUDA
    return encoder


@pytest.fixture(scope="module")
def mode() -> FakeTensorMode:
    return FakeTensorMode()


class Scene:
    """An encoder, composers over it, and what the encoder makes of two pictures and two texts."""

    def __init__(self, name: str, folders: dict[str, Path], mode: FakeTensorMode):
        self.mode, self.encoder = mode, pretend_encoder(name, folders, mode)
        encoder = self.encoder
        self.trained = Composer(encoder.channels, encoder.token_width, encoder.grid, encoder.prototype_dim).eval()
        move(self.trained, mode)
        self.composers: list[Any] = [self.trained]
        if isinstance(encoder, DualEncoder):
            self.composers += [DualComposer(encoder.head, compose) for compose in COMPOSITIONS.values()]
        with mode:
            self.features = encoder.trunk(torch.zeros(2, 3, encoder.size, encoder.size))
            self.blank = encoder.trunk(torch.zeros(1, 3, encoder.size, encoder.size))
            self.tokens = encoder.encode_text(TEXTS)


@pytest.fixture(scope="module", params=ENCODERS)
def scene(request: pytest.FixtureRequest, folders: dict[str, Path], mode: FakeTensorMode) -> Scene:
    return Scene(request.param, folders, mode)


def test_features_and_token_states_are_on_the_device(scene: Scene) -> None:
    encoder = scene.encoder
    for made in (scene.features, scene.tokens.states, scene.tokens.mask):
        assert made.device == CUDA
    assert scene.features.shape == (2, encoder.channels, encoder.grid, encoder.grid)
    assert scene.tokens.states.shape[2] == encoder.token_width
    with scene.mode:
        stages = encoder.stages(torch.zeros(2, 3, encoder.size, encoder.size))
        assert encoder.unpack(*(stage.cpu() for stage in stages)).device == CUDA  # stages of a cache are on the CPU
        assert encoder.to_grid(scene.features).device == CUDA
        kept = encoder.encode_tokens(TEXTS)
        assert encoder.add_prototypes(kept.states, TEXTS).device == CUDA


def test_the_compact_encoder_reads_unknown_words_and_classes_on_the_device(folders, mode: FakeTensorMode) -> None:
    encoder = pretend_encoder("compact", folders, mode)
    assert isinstance(encoder, CompactEncoder)
    with mode:
        found, vectors = encoder.prototypes.nearest(encoder.embed_sentences(["puppy", "kitten"]))
        stage = encoder.stages(torch.zeros(1, 3, encoder.size, encoder.size))[-1]
        shown = encoder.class_activation(stage.cpu()[0], 3)
    assert found.device == vectors.device == shown.device == CUDA


def test_a_name_embedding_on_the_cpu_is_noticed(folders, mode: FakeTensorMode) -> None:
    """What these tests are for: the state of an earlier version, in which every query failed on a GPU."""
    encoder = pretend_encoder("compact", folders, mode)
    assert isinstance(encoder, CompactEncoder)
    with mode:
        encoder.prototypes.embeddings = encoder.prototypes.embeddings.cpu()
        with pytest.raises(RuntimeError, match="device"):
            encoder.prototypes.nearest(encoder.embed_sentences(["puppy"]))

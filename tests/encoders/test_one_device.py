"""Pretend GPU tensors through everything that runs on a device: the first one that meets a CPU tensor raises.

`FakeTensorMode` of torch knows shapes, dtypes and devices, and needs no GPU. Reading values (`.item()`, `.tolist()`,
`bool(tensor)`, masks as indices) raises too, so these calls stay at the seams, outside of what is tried here.
"""

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorDeviceMismatchError, FakeTensorMode
from torch.utils._pytree import tree_map

from mmgrad.attribution.baselines import match_map, text_agnostic_gradcam
from mmgrad.attribution.blend import explain_reference, explain_targets
from mmgrad.attribution.gradients import (
    AttributionModel,
    query_signal,
    reference_map,
    signed_map,
    similarity_signal,
    target_map,
    target_maps,
)
from mmgrad.encoders import class_prototypes
from mmgrad.encoders.base import TextTokens
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.encoders.dual_encoder import DualEncoder
from mmgrad.models.composer import Composer
from mmgrad.models.confidence import Confidence, clues_of
from mmgrad.models.query import interpolate_query
from mmgrad.models.zero_shot import COMPOSITIONS, DualComposer
from mmgrad.training.batches import Batch, MirrorTargets, RegionTargets
from mmgrad.training.loop import _optimizers
from mmgrad.training.losses import compute_loss
from mmgrad.training.settings import Settings

GPU = torch.device("lazy:0")
"""A device that torch knows in every build. Slices of pretend CUDA tensors raise in builds without CUDA."""
TEXTS = ["replace the dog with a cat", "remove the teapot"]
ENCODERS = ("compact", "clip", "siglip", "siglip2")


def pretend(value: Any, mode: FakeTensorMode) -> Any:
    """A tensor, or a structure of tensors, as pretend GPU tensors of the same shapes and dtypes."""

    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: pretend(getattr(value, field.name), mode) for field in fields(value)})

    def one(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor) or isinstance(leaf, FakeTensor):
            return pretend(leaf, mode) if is_dataclass(leaf) else leaf
        return FakeTensor(mode, torch.empty_like(leaf, device="meta"), GPU)

    return tree_map(one, value)


def move(module: nn.Module, mode: FakeTensorMode) -> None:
    """Replace all weights of a module, in place, by pretend GPU ones."""
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
        encoder.encode_text(TEXTS)  # the prototypes of words that are no names are found once, at a seam
        similar, on_disk = encoder.prototypes._near, class_prototypes._embeddings(encoder.embed_sentences)
        move(encoder.net, mode)
        move(encoder.text, mode)
        del encoder.__dict__["prototypes"]
        with pytest.MonkeyPatch.context() as patch, mode:
            patch.setattr(class_prototypes, "_embeddings", lambda _: on_disk)  # files are not read in this mode
            encoder.prototypes._near = pretend(similar, mode)
    else:
        encoder = DualEncoder(folders[name])
        move(encoder.model, mode)
    encoder.device = GPU
    return encoder


@pytest.fixture(scope="module")
def mode() -> FakeTensorMode:
    return FakeTensorMode(allow_non_fake_inputs=True)  # real ones count as CPU tensors


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
        assert made.device == GPU
    assert scene.features.shape == (2, encoder.channels, encoder.grid, encoder.grid)
    assert scene.tokens.states.shape[2] == encoder.token_width
    with scene.mode:
        stages = encoder.stages(torch.zeros(2, 3, encoder.size, encoder.size))
        assert encoder.unpack(*(stage.cpu() for stage in stages)).device == GPU  # stages of a cache are on the CPU
        assert encoder.to_grid(scene.features).device == GPU
        kept = encoder.encode_tokens(TEXTS)
        assert encoder.add_prototypes(kept.states, TEXTS).device == GPU


def test_the_compact_encoder_reads_unknown_words_and_classes_on_the_device(folders, mode: FakeTensorMode) -> None:
    encoder = pretend_encoder("compact", folders, mode)
    assert isinstance(encoder, CompactEncoder)
    with mode:
        found, vectors = encoder.prototypes.nearest(encoder.embed_sentences(["puppy", "kitten"]))
        stage = encoder.stages(torch.zeros(1, 3, encoder.size, encoder.size))[-1]
        shown = encoder.class_activation(stage.cpu()[0], 3)
    assert found.device == vectors.device == shown.device == GPU


def test_a_name_embedding_on_the_cpu_is_noticed(folders, mode: FakeTensorMode) -> None:
    """What these tests are for: an earlier version kept them there, and every query failed on a GPU."""
    encoder = pretend_encoder("compact", folders, mode)
    assert isinstance(encoder, CompactEncoder)
    with mode:
        encoder.prototypes.embeddings = encoder.prototypes.embeddings.cpu()
        with pytest.raises(FakeTensorDeviceMismatchError):
            encoder.prototypes.nearest(encoder.embed_sentences(["puppy"]))


def test_embeddings_maps_and_scores_are_made_on_the_device(scene: Scene) -> None:
    encoder, features, blank, tokens = scene.encoder, scene.features, scene.blank, scene.tokens
    made: list[Any] = []
    for composer in scene.composers:
        with scene.mode:
            g, before = composer.encode_image(features), composer.encode_reference(features)
            q = composer.encode_query(features, tokens.states, tokens.mask)
            q = interpolate_query(before, q, 1.5)
            change, model = q - before, AttributionModel(composer, encoder.to_grid, blank)
            without = TextTokens(tokens.states.flip(0), tokens.mask.flip(0))
            made += [g, before, q, clues_of(q @ g.T, q, g)]
            made.append(Confidence((1.0, 2.0, 3.0), 0.5)(made[-1]))
            made.append(reference_map(model, features, tokens))
            made.append(reference_map(model, features, tokens, baseline=without))
            made += [target_map(model, features, change), target_maps(model, features, change)]
            made += explain_reference(model, features, tokens, g)
            made += explain_targets(model, features, change, q)
            made.append(signed_map(query_signal(composer, g, tokens), features, encoder.to_grid))
            made.append(signed_map(similarity_signal(composer, q[:1].expand(2, -1)), features, encoder.to_grid))
            made.append(text_agnostic_gradcam(model, features, g))
            made.append(match_map(model, features, tokens, g))
    assert {value.device for value in made} == {GPU}
    assert all(value.dtype == torch.float32 for value in made)


@pytest.mark.parametrize("targets", ["regions", "mirror", "none"])
@pytest.mark.parametrize("name", ["compact", "clip"])
def test_a_training_step_stays_on_the_device(
    targets: str, name: str, folders: dict[str, Path], mode: FakeTensorMode
) -> None:
    """Both losses, their second-order gradients, clipping, and both optimizers."""
    encoder, settings = pretend_encoder(name, folders, mode), Settings(attention_every=1)
    composer = Composer(encoder.channels, encoder.token_width, encoder.grid, encoder.prototype_dim, layers=1)
    move(composer, mode)
    earlier = pretend(torch.zeros(5, composer.dimension), mode)
    memory = SimpleNamespace(others=lambda _: earlier, keep=lambda *_: None)
    triplets = torch.arange(3)
    with mode:
        tokens = encoder.encode_text(TEXTS * 2)
    batch = pretend(
        Batch(
            scenes=torch.arange(6),
            features=torch.zeros(6, encoder.channels, encoder.grid, encoder.grid),
            states=tokens.states,
            mask=tokens.mask,
            reference=torch.zeros(4, dtype=torch.long),
            target=torch.ones(4, dtype=torch.long),
            attention={
                "regions": RegionTargets(
                    triplets,
                    torch.zeros(3, 2, encoder.grid_out, encoder.grid_out),
                    (triplets[:2], triplets[1:]),
                    (triplets, tokens.states[:3], tokens.mask[:3]),
                ),
                "mirror": MirrorTargets(
                    triplets, torch.zeros(6, encoder.channels, encoder.grid, encoder.grid), triplets[:2]
                ),
                "none": None,
            }[targets],
        ),
        mode,
    )
    with mode:
        optimizers = _optimizers(composer.train(), settings)
        loss, parts = compute_loss(composer, batch, encoder.to_grid, settings, 6, memory)  # type: ignore[arg-type]
        loss.backward()
        torch.nn.utils.clip_grad_norm_(composer.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
    assert {value.device for value in (loss, *parts.values(), *composer.state_dict().values())} == {GPU}
    assert {p.grad.device for p in composer.parameters() if p.grad is not None} == {GPU}
    assert len(parts) == {"regions": 4, "mirror": 4, "none": 2}[targets]

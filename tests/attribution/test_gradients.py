"""The maps against slower oracles: finite differences, one picture at a time, and a model whose maps are known."""

import pytest
import torch

from mmgrad.attribution.gradients import (
    AttributionModel,
    reference_map,
    signed_map,
    similarity_signal,
    target_map,
)
from mmgrad.encoders.base import TextTokens
from mmgrad.models.composer import Composer

CHANNELS, GRID, TOKENS = 6, 4, 5


def channel_sum(contributions: torch.Tensor) -> torch.Tensor:
    return contributions.sum(dim=1)


@pytest.fixture
def composer() -> Composer:
    torch.manual_seed(3)
    made = Composer(CHANNELS, TOKENS, GRID, prototype_dim=2, width=16, heads=2, layers=2, num_pools=3)
    for module in made.modules():  # the outputs that start at zero must do something here
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=0.3)
    made.prototype_head.axes.normal_()
    made.prototype_head.branch_weight.fill_(0.3)
    return made.eval().requires_grad_(False)


@pytest.fixture
def query() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(4)
    mask = torch.tensor([[True, True, True], [True, True, False], [True, True, True]])
    return torch.randn(3, CHANNELS, GRID, GRID), torch.randn(3, 3, TOKENS), mask


def attributed(composer: Composer) -> AttributionModel:
    return AttributionModel(composer, channel_sum)


def finite_difference(signal, features: torch.Tensor, step: float = 1e-2) -> torch.Tensor:
    """Gradient x activation by central differences, one value at a time: [B, h, w]."""
    result = torch.zeros(features.shape[0], *features.shape[2:], dtype=torch.float64)
    for c in range(features.shape[1]):
        for y in range(features.shape[2]):
            for x in range(features.shape[3]):
                up, down = features.clone(), features.clone()
                up[:, c, y, x] += step
                down[:, c, y, x] -= step
                result[:, y, x] += (signal(up) - signal(down)) / (2 * step) * features[:, c, y, x]
    return result


def test_target_map_equals_finite_differences(composer, query):
    features = query[0].double()
    change = torch.randn(3, composer.dimension, dtype=torch.float64)
    composer = composer.double()
    oracle = finite_difference(similarity_signal(composer, change), features)
    mine = target_map(attributed(composer.float()), features.float(), change.float())
    # embeddings are float32, which the differences feel: agreement to three thousandths of the largest value
    assert torch.allclose(mine.double(), oracle, atol=3e-3 * float(oracle.abs().max()))


def test_reference_map_equals_finite_differences_of_the_change(composer, query):
    features, states, mask = query
    wide = composer.double()
    change = wide.encode_query(features.double(), states.double(), mask) - wide.encode_reference(features.double())

    def moved(leaf: torch.Tensor) -> torch.Tensor:
        return (change * (wide.encode_query(leaf, states.double(), mask) - wide.encode_reference(leaf))).sum(dim=-1)

    own = 1 - float(wide.prototype_head.branch_weight)  # what the named look brings does not depend on the reference
    oracle = finite_difference(moved, features.double()) / own
    mine = reference_map(attributed(composer.float()), features, TextTokens(states, mask))
    assert torch.allclose(mine.double(), oracle, atol=3e-3 * float(oracle.abs().max()))


def test_a_batch_gives_the_maps_of_its_pictures_alone(composer, query):
    features, states, mask = query
    together = reference_map(attributed(composer), features, TextTokens(states, mask))
    alone = [
        reference_map(attributed(composer), features[i : i + 1], TextTokens(states[i : i + 1], mask[i : i + 1]))
        for i in range(3)
    ]
    assert torch.allclose(together, torch.cat(alone), atol=1e-6)


def test_masked_tokens_change_nothing(composer, query):
    features, states, mask = query
    other = states.clone()
    other[1, 2] = 100.0  # a padding position
    assert torch.equal(
        reference_map(attributed(composer), features, TextTokens(states, mask)),
        reference_map(attributed(composer), features, TextTokens(other, mask)),
    )


def test_the_maps_of_two_texts_differ(composer, query):
    features, states, mask = query
    first = reference_map(attributed(composer), features, TextTokens(states, mask))
    second = reference_map(attributed(composer), features, TextTokens(states.flip(0), mask.flip(0)))
    assert not torch.allclose(first, second, atol=1e-4)


def test_a_text_against_itself_leaves_no_evidence(composer, query):
    features, states, mask = query
    share = reference_map(attributed(composer), features, TextTokens(states, mask), baseline=TextTokens(states, mask))
    assert float(share.abs().max()) < 1e-6


def test_channel_weighting_is_grad_cam(composer, query):
    features = query[0]
    signal = similarity_signal(composer, torch.randn(3, composer.dimension))
    leaf = features.clone().requires_grad_()
    gradient = torch.autograd.grad(signal(leaf).sum(), leaf)[0]
    oracle = torch.einsum("bc,bchw->bhw", gradient.mean(dim=(2, 3)), features)
    assert torch.allclose(signed_map(signal, features, channel_sum, "channel"), oracle, atol=1e-6)


def test_nothing_is_left_on_the_composer_or_the_features(composer, query):
    features, states, mask = query
    before = {key: value.clone() for key, value in composer.state_dict().items()}
    reference_map(attributed(composer), features, TextTokens(states, mask))
    with pytest.raises(RuntimeError):
        reference_map(attributed(composer), features[:, :2], TextTokens(states, mask))
    assert features.grad is None
    assert not features.requires_grad
    assert all(parameter.grad is None for parameter in composer.parameters())
    assert all(torch.equal(before[key], value) for key, value in composer.state_dict().items())
    assert not any(module._forward_hooks or module._backward_hooks for module in composer.modules())


def test_maps_can_be_differentiated_by_the_parameters(composer, query):
    features, states, mask = query
    composer.requires_grad_(True)
    maps = reference_map(attributed(composer), features, TextTokens(states, mask), create_graph=True)
    maps.clamp_min(0).sum().backward()
    assert float(composer.layers[0].to_text.query.weight.grad.abs().sum()) > 0

import numpy as np
import pytest
import torch

from mmgrad.attribution.baselines import center_map, match_map, random_map, text_agnostic_gradcam, uniform_map
from mmgrad.attribution.gradients import AttributionModel
from mmgrad.encoders.base import TextTokens
from mmgrad.models.composer import Composer


@pytest.fixture(scope="module")
def composer() -> Composer:
    torch.manual_seed(0)
    made = Composer(5, 4, 3, width=16, heads=2, layers=1, num_pools=2)
    for parameter in made.parameters():  # some layers begin at zero: a text would change nothing
        parameter.data += 0.2 * torch.randn_like(parameter)
    return made.eval().requires_grad_(False)


def _channel_sum(contributions: torch.Tensor) -> torch.Tensor:
    return contributions.sum(dim=1)


def test_the_center_is_highest_in_the_middle_and_symmetric() -> None:
    values = center_map(21, 31)
    assert divmod(int(values.argmax()), 31) == (10, 15)
    assert values == pytest.approx(values[::-1, ::-1])
    assert values.dtype == np.float32
    assert (values[10, 15], values[0, 0] > 0) == (1, True)


def test_random_maps_repeat_with_the_seed_and_differ_without() -> None:
    first, again, other = (random_map(6, 7, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    assert first.shape == (6, 7)


def test_the_uniform_map_is_flat() -> None:
    assert np.ptp(uniform_map(3, 4)) == 0


def test_the_text_agnostic_map_weighs_channels_by_the_mean_gradient_of_the_match(composer: Composer) -> None:
    features = torch.randn(2, 5, 3, 3, generator=torch.Generator().manual_seed(1))
    other = composer.encode_image(torch.randn(2, 5, 3, 3, generator=torch.Generator().manual_seed(2)))
    found = text_agnostic_gradcam(AttributionModel(composer, _channel_sum), features, other)
    gradient = torch.zeros_like(features, dtype=torch.float64)
    exact = Composer(5, 4, 3, width=16, heads=2, layers=1, num_pools=2).double().eval()
    exact.load_state_dict(composer.state_dict())
    exact.requires_grad_(False)
    wide, step = features.double(), 1e-2
    for index in np.ndindex(5, 3, 3):  # central differences; embeddings are float32
        bump = torch.zeros(5, 3, 3, dtype=torch.float64)
        bump[index] = step
        ahead, behind = ((other * exact.encode_image(wide + sign * bump)).sum(1) for sign in (1, -1))
        gradient[(slice(None), *index)] = (ahead - behind) / (2 * step)
    expected = (gradient.mean(dim=(2, 3), keepdim=True) * wide).sum(1)
    assert found.double() == pytest.approx(expected, abs=5e-3 * float(expected.abs().max()))


def test_the_plain_match_reads_the_text_and_the_text_agnostic_map_cannot(composer: Composer) -> None:
    features = torch.randn(1, 5, 3, 3)
    target = composer.encode_image(torch.randn(1, 5, 3, 3))
    mask = torch.ones(1, 2, dtype=torch.bool)
    one, two = (
        match_map(AttributionModel(composer, _channel_sum), features, TextTokens(torch.randn(1, 2, 4), mask), target)
        for _ in range(2)
    )
    assert not torch.allclose(one, two)


def test_nothing_of_the_composer_is_changed(composer: Composer) -> None:
    before = {key: value.clone() for key, value in composer.state_dict().items()}
    features = torch.randn(1, 5, 3, 3)
    text_agnostic_gradcam(AttributionModel(composer, _channel_sum), features, composer.encode_image(features))
    assert all(torch.equal(value, before[key]) for key, value in composer.state_dict().items())
    assert all(parameter.grad is None for parameter in composer.parameters())
    assert not features.requires_grad

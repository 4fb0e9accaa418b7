"""The formulas against their definitions, and the steps that maps need of them."""

import math

import pytest
import torch
from torch.nn import functional

from mmgrad.attribution.gradients import AttributionModel, reference_map
from mmgrad.encoders.base import TextTokens
from mmgrad.errors import InputError
from mmgrad.models.zero_shot import COMPOSITIONS, DualComposer, direction, select_composition, slerp, weighted_sum

MASK = torch.tensor([[True, True, True, True], [True, False, False, True]])


@pytest.fixture
def given() -> tuple[torch.Tensor, torch.Tensor]:
    """Image embeddings of length 1, [2, 8], and text states [2, 4, 8], the second text naming no change."""
    torch.manual_seed(0)
    states = torch.randn(2, 4, 8)
    states[1, 1:3] = 0
    return functional.normalize(torch.randn(2, 8), dim=-1), states


@pytest.fixture
def head() -> torch.nn.Module:
    """Any differentiable head from feature maps [B, 3, 2, 2] to embeddings [B, 8]."""
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 16), torch.nn.GELU(), torch.nn.Linear(16, 8))


def unit(x: torch.Tensor) -> torch.Tensor:
    return x / x.square().sum(dim=-1, keepdim=True).sqrt()


@pytest.mark.parametrize("balance", [0.0, 0.3, 1.0])
def test_the_sum_weighs_picture_and_text(given, balance):
    image, states = given
    expected = (1 - balance) * image + balance * unit(states[:, 0])
    assert torch.allclose(weighted_sum(image, states, MASK, balance), expected, atol=1e-6)


@pytest.mark.parametrize("balance", [0.0, 0.25, 0.5, 0.8, 1.0])
def test_slerp_divides_the_angle(given, balance):
    image, states = given
    text = unit(states[:, 0])
    point = slerp(image, states, MASK, balance)
    whole = torch.acos((image * text).sum(dim=-1))
    assert torch.allclose(point.norm(dim=-1), torch.ones(2), atol=1e-5)
    assert torch.allclose((point * image).sum(dim=-1), torch.cos(balance * whole), atol=1e-5)
    assert torch.allclose((point * text).sum(dim=-1), torch.cos((1 - balance) * whole), atol=1e-5)


def test_slerp_of_the_same_and_of_opposite_points_is_finite(given):
    image, _ = given
    for text in (image, -image):
        assert bool(torch.isfinite(slerp(image, text[:, None], MASK)).all())


def test_the_direction_goes_from_the_old_to_the_new_and_falls_back_to_the_sum(given):
    image, states = given
    found = direction(image, states, MASK, 1.5)
    assert torch.allclose(found[0], image[0] + 1.5 * (unit(states[0, 1]) - unit(states[0, 2])), atol=1e-6)
    assert torch.allclose(found[1], weighted_sum(image, states, MASK)[1], atol=1e-6)


@pytest.mark.parametrize("name", list(COMPOSITIONS))
def test_embeddings_have_length_one_and_share_g(given, head, name):
    composer, features = DualComposer(head, select_composition(name)), torch.randn(2, 3, 2, 2)
    g, q = composer.encode_image(features), composer.encode_query(features, given[1], MASK)
    assert torch.allclose(q.norm(dim=-1), torch.ones(2), atol=1e-6)
    assert torch.allclose(g, unit(head(features)), atol=1e-6)


@pytest.mark.parametrize("name", list(COMPOSITIONS))
def test_the_reference_map_equals_finite_differences(given, head, name):
    """One value of the feature map at a time, in double precision."""
    features = torch.randn(2, 3, 2, 2, generator=torch.Generator().manual_seed(2)).double()
    wide, states = DualComposer(head.double(), select_composition(name)), given[1].double()

    def moved(leaf: torch.Tensor) -> torch.Tensor:
        return wide.encode_query(leaf, states, MASK) - wide.encode_image(leaf)

    with torch.no_grad():
        change, oracle, step = moved(features), torch.zeros(2, 2, 2).double(), 1e-4
        for index in range(12):
            nudge = torch.zeros(12).double()
            nudge[index] = step
            nudge = nudge.reshape(3, 2, 2)
            slope = ((moved(features + nudge) - moved(features - nudge)) * change).sum(dim=-1) / (2 * step)
            oracle[:, index % 4 // 2, index % 2] += slope * features.flatten(1)[:, index]
    narrow = DualComposer(head.float(), select_composition(name))
    mine = reference_map(AttributionModel(narrow, lambda x: x.sum(dim=1)), features.float(), TextTokens(given[1], MASK))
    assert torch.allclose(mine.double(), oracle, atol=1e-4 * float(oracle.abs().max()))


@pytest.mark.parametrize(
    ("name", "weight", "told"),
    [
        ("mean", None, "sum, slerp, direction"),
        ("sum", 1.5, "from 0"),
        ("sum", math.nan, "from 0"),
        ("slerp", -0.1, "from 0"),
        ("direction", -1.0, "at least 0"),
        ("direction", math.inf, "at least 0"),
    ],
)
def test_what_cannot_be_composed_is_one_sentence(name, weight, told):
    with pytest.raises(InputError, match=told):
        select_composition(name, weight)


def test_a_weight_is_the_balance_or_the_strength(given):
    image, states = given
    assert torch.equal(select_composition("sum", 0.2)(image, states, MASK), weighted_sum(image, states, MASK, 0.2))
    assert torch.equal(select_composition("direction", 2)(image, states, MASK), direction(image, states, MASK, 2.0))
    assert torch.equal(select_composition()(image, states, MASK), direction(image, states, MASK))

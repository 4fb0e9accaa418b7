"""The maps that are shown, against what they must keep of the change and of the match."""

import pytest
import torch
from torch import Tensor

from mmgrad.attribution.blend import REST, explain_reference, explain_targets, over
from mmgrad.attribution.gradients import (
    midpoint_integrated_gradients,
    query_signal,
    reference_map,
    similarity_signal,
    target_map,
)
from mmgrad.models.composer import Composer

CHANNELS, GRID, TOKENS = 6, 4, 5
BLANK = torch.full((1, CHANNELS, GRID, GRID), 0.1)


def channel_sum(contributions: Tensor) -> Tensor:
    return contributions.sum(dim=1)


@pytest.fixture
def composer() -> Composer:
    torch.manual_seed(3)
    made = Composer(CHANNELS, TOKENS, GRID, prototype_dim=2, width=16, heads=2, layers=2, num_pools=3)
    for module in made.modules():  # the outputs that start at zero must do something here
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=0.3)
    return made.eval().requires_grad_(False)


@pytest.fixture
def query() -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(4)
    mask = torch.tensor([[True, True, True], [True, True, False], [True, True, True]])
    return torch.randn(3, CHANNELS, GRID, GRID), torch.randn(3, 3, TOKENS), mask


def test_shares_of_a_square_sum_to_what_the_picture_adds_to_a_blank(query):
    """A gradient half-way is exact where the signal is of the second degree."""
    features = query[0]

    def signal(leaf: Tensor) -> Tensor:
        return (leaf.square() + 3 * leaf).flatten(1).sum(dim=1)

    found = midpoint_integrated_gradients(signal, features, BLANK, channel_sum).sum(dim=(1, 2))
    assert torch.allclose(found, signal(features) - signal(BLANK), rtol=1e-4)


def test_a_blank_picture_shares_nothing(composer):
    signal = similarity_signal(composer, torch.randn(1, composer.dimension))
    assert not midpoint_integrated_gradients(signal, BLANK, BLANK, channel_sum).any()


def test_evidence_stays_that_of_the_change():
    torch.manual_seed(0)
    change, match = torch.randn(5, 7, 7), 100 * torch.randn(5, 7, 7)
    shown = over(change, match).clamp_min(0).sum(dim=(1, 2))
    assert torch.allclose(shown, change.clamp_min(0).sum(dim=(1, 2)), rtol=1e-5)


def test_where_nothing_changes_nothing_is_shown_however_well_it_matches():
    assert not over(-torch.rand(2, 7, 7), torch.rand(2, 7, 7)).any()
    assert not over(torch.zeros(2, 7, 7), torch.rand(2, 7, 7)).any()


def test_what_changes_comes_first_and_the_rest_in_the_order_of_the_match():
    change, match = torch.full((1, 4, 4), -1.0), torch.randn(1, 4, 4, generator=torch.Generator().manual_seed(1))
    change[0, 1, 2], change[0, 0, 0] = 5.0, 0.01  # the second is below the floor
    shown = over(change, match)
    assert int(shown.argmax()) == 6
    rest = [i for i in range(16) if i != 6]
    assert (shown.flatten()[rest].argsort() == match.flatten()[rest].argsort()).all()
    outside = shown.flatten()[rest].abs().sum() / shown.abs().sum()
    assert float(outside) < 2 * REST


def test_without_a_match_the_change_alone_is_left():
    change = torch.zeros(1, 4, 4)
    change[0, 1, 2] = 5.0
    assert torch.allclose(over(change, torch.zeros(1, 4, 4)), change)


def test_explanations_are_made_of_the_change_and_the_match(composer, query):
    features, states, mask = query
    targets = composer.encode_image(torch.randn(3, CHANNELS, GRID, GRID))
    found = explain_reference(composer, features, states, mask, targets, BLANK, channel_sum)
    change = reference_map(composer, features, states, mask, channel_sum)
    match = midpoint_integrated_gradients(query_signal(composer, targets, states, mask), features, BLANK, channel_sum)
    assert torch.equal(found.change, change)
    assert torch.allclose(found.shown, over(change, match))
    assert not torch.allclose(found.shown, change, rtol=1e-2)
    with torch.no_grad():
        q = composer.encode_query(features, states, mask)
        moved = q - composer.encode_reference(features)
    found = explain_targets(composer, features, moved, q, BLANK, channel_sum)
    change = target_map(composer, features, moved, channel_sum)
    match = midpoint_integrated_gradients(similarity_signal(composer, q), features, BLANK, channel_sum)
    assert torch.allclose(found.shown, over(change, match))


def test_pictures_explained_together_have_the_maps_of_each_alone(composer, query):
    features = query[0]
    q, moved = torch.randn(2, 1, composer.dimension)
    together = explain_targets(composer, features, moved, q, BLANK, channel_sum).shown
    for i in range(3):
        alone = explain_targets(composer, features[i : i + 1], moved, q, BLANK, channel_sum).shown
        assert torch.allclose(together[i], alone[0], atol=1e-6)

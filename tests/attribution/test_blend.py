"""The maps that are shown, against what they must keep of the change and of the match."""

import numpy as np
import torch
from torch import Tensor

from mmgrad.attribution.blend import BACKGROUND_WEIGHT, blend, explain_reference, explain_targets
from mmgrad.attribution.gradients import AttributionModel, midpoint_integrated_gradients, similarity_signal
from mmgrad.encoders.base import TextTokens
from mmgrad.models.composer import Composer

BASELINE = torch.full((1, 6, 4, 4), 0.1)


def channel_sum(contributions: Tensor) -> Tensor:
    return contributions.sum(dim=1)


def attributed(composer: Composer) -> AttributionModel:
    return AttributionModel(composer, channel_sum, BASELINE)


def test_contributions_to_a_square_sum_to_the_difference_from_the_baseline(composer: Composer, features: Tensor):
    """A gradient half-way is exact where the signal is of the second degree."""

    def signal(leaf: Tensor) -> Tensor:
        return (leaf.square() + 3 * leaf).flatten(1).sum(dim=1)

    found = midpoint_integrated_gradients(attributed(composer), signal, features).sum(dim=(1, 2))
    assert torch.allclose(found, signal(features) - signal(BASELINE), rtol=1e-4)


def test_the_baseline_itself_has_no_contributions(composer: Composer):
    signal = similarity_signal(composer, torch.randn(1, composer.dimension))
    assert not midpoint_integrated_gradients(attributed(composer), signal, BASELINE).any()


def test_the_sum_of_the_positive_values_stays_that_of_the_change():
    torch.manual_seed(0)
    change, match = torch.randn(5, 7, 7), 100 * torch.randn(5, 7, 7)
    shown = blend(change, match).clamp_min(0).sum(dim=(1, 2))
    assert torch.allclose(shown, change.clamp_min(0).sum(dim=(1, 2)), rtol=1e-5)


def test_where_nothing_changes_nothing_is_shown_however_well_it_matches():
    assert not blend(-torch.rand(2, 7, 7), torch.rand(2, 7, 7)).any()
    assert not blend(torch.zeros(2, 7, 7), torch.rand(2, 7, 7)).any()


def test_what_changes_comes_first_and_the_rest_in_the_order_of_the_match():
    change, match = torch.full((1, 4, 4), -1.0), torch.randn(1, 4, 4, generator=torch.Generator().manual_seed(1))
    change[0, 1, 2], change[0, 0, 0] = 5.0, 0.01  # the second is below the noise floor
    shown = blend(change, match)
    assert int(shown.argmax()) == 6
    rest = [i for i in range(16) if i != 6]
    assert (shown.flatten()[rest].argsort() == match.flatten()[rest].argsort()).all()
    outside = shown.flatten()[rest].abs().sum() / shown.abs().sum()
    assert float(outside) < 2 * BACKGROUND_WEIGHT


def test_without_a_match_the_change_alone_is_left():
    change = torch.zeros(1, 4, 4)
    change[0, 1, 2] = 5.0
    assert torch.allclose(blend(change, torch.zeros(1, 4, 4)), change)


def test_places_that_do_not_change_are_ordered_by_the_fall_of_the_match_half_way_to_the_baseline(
    composer: Composer, features: Tensor, tokens: TextTokens
):
    """The match is differentiated by finite differences, in both maps."""
    targets = composer.encode_image(torch.randn(3, 6, 4, 4, generator=torch.Generator().manual_seed(6)))
    with torch.no_grad():
        query = composer.encode_query(features, tokens.states, tokens.mask)
        moved = query - composer.encode_reference(features)
    of_reference = explain_reference(attributed(composer), features, tokens, targets)
    of_target = explain_targets(attributed(composer), features, moved, query)

    def reference_match(leaf: Tensor) -> Tensor:
        return (composer.encode_query(leaf, tokens.states, tokens.mask) * targets).sum(dim=-1)

    def target_match(leaf: Tensor) -> Tensor:
        return (composer.encode_image(leaf) * query).sum(dim=-1)

    for found, signal in ((of_reference, reference_match), (of_target, target_match)):
        oracle = finite_differences(signal, (features + BASELINE) / 2, features - BASELINE)
        for shown, change, expected in zip(found.shown, found.change, oracle, strict=True):
            still = (change <= 0).flatten().numpy()
            assert still.sum() >= 3
            ranks = [np.argsort(np.argsort(values.flatten().numpy()[still])) for values in (shown, expected)]
            assert np.corrcoef(*ranks)[0, 1] > 0.99


def finite_differences(signal, at: Tensor, way: Tensor, step: float = 2e-2) -> Tensor:
    """The derivative of a signal at each value, times the way from the baseline, summed over channels: [B, h, w]."""
    result = torch.zeros(len(at), *at.shape[2:])
    for index in np.ndindex(*at.shape[1:]):
        bump = torch.zeros(at.shape[1:])
        bump[index] = step
        slope = (signal(at + bump) - signal(at - bump)) / (2 * step)
        result[:, index[1], index[2]] += slope * way[(slice(None), *index)]
    return result


def test_pictures_explained_together_have_the_maps_of_each_alone(composer: Composer, features: Tensor):
    query, moved = torch.randn(2, 1, composer.dimension, generator=torch.Generator().manual_seed(7))
    together = explain_targets(attributed(composer), features, moved, query).shown
    for i in range(3):
        alone = explain_targets(attributed(composer), features[i : i + 1], moved, query).shown
        assert torch.allclose(together[i], alone[0], atol=1e-6)

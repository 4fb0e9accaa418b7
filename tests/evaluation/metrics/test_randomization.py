import copy
import itertools
from typing import Any

import pytest
import torch
from torch import nn

from mmgrad.encoders.base import Encoder
from mmgrad.evaluation.metrics.randomization import cascading_randomization, partners, random_trunk, reinitialize
from mmgrad.models.composer import Composer


def _changed(before: nn.Module, after: nn.Module) -> set[str]:
    return {
        name
        for (name, one), (_, other) in zip(before.named_parameters(), after.named_parameters(), strict=True)
        if not torch.equal(one, other)
    }


@pytest.fixture
def fresh() -> Composer:
    """As training finds it: with layers of zeros, and norms of ones."""
    return Composer(5, 4, 3, width=16, heads=2, layers=2, num_pools=2).eval().requires_grad_(False)


def test_each_stage_draws_another_part_anew_and_keeps_what_came_before(fresh: Composer) -> None:
    stages = cascading_randomization(fresh)
    names = [name for name, _ in stages]
    assert names[0] == "pool"
    assert names.index("layers.1") < names.index("layers.0")
    parts = [
        {parameter for parameter in dict(fresh.named_parameters()) if parameter.startswith(f"{name}.")}
        or set(name.split(", "))
        for name in names
    ]
    for k, (_, made) in enumerate(stages):
        assert _changed(fresh, made) == set().union(*parts[: k + 1])
    for (_, earlier), (_, later) in itertools.pairwise(stages):
        for name, parameter in earlier.pool.named_parameters():
            assert torch.equal(parameter, later.pool.get_parameter(name))


def test_at_the_end_of_the_cascading_randomization_no_parameter_is_as_it_was(fresh: Composer) -> None:
    last = cascading_randomization(fresh)[-1][1]
    assert _changed(fresh, last) == set(dict(fresh.named_parameters()))
    assert all(parameter.std() > 0 for parameter in last.parameters() if parameter.numel() > 1)
    assert not last.training
    assert not any(parameter.requires_grad for parameter in last.parameters())


def test_the_composer_and_the_global_seed_are_left_alone(fresh: Composer) -> None:
    before, state = copy.deepcopy(fresh), torch.random.get_rng_state()
    first, again, other = (cascading_randomization(fresh, seed)[-1][1] for seed in (1, 1, 2))
    assert not _changed(before, fresh)
    assert torch.equal(state, torch.random.get_rng_state())
    assert not _changed(first, again)
    assert len(_changed(first, other)) == len(list(fresh.parameters()))


def test_layers_without_a_way_to_reset_them_are_drawn_with_their_own_spread() -> None:
    class Scale(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.values = nn.Parameter(torch.randn(4000) * 7)

    module = Scale()
    before = module.values.detach().clone()
    reinitialize(module)
    assert not (module.values == before).any()
    assert module.values.std().item() == pytest.approx(before.std().item(), rel=0.1)


class _Convolved:
    """An encoder with a network, normalized as trained ones are."""

    def __init__(self, kept: bool = False) -> None:
        torch.manual_seed(0)
        self.kept = kept
        self.net = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8)
        )
        for part in self.net:
            if isinstance(part, nn.BatchNorm2d):
                part.running_var.fill_(1e4)  # what the trained network saw; a new one would be silent under it
        self.net.eval().requires_grad_(False)

    @torch.no_grad()
    def trunk(self, pixels: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.net(pixels)
        return torch.cat([features, features[:, :1] * 0 + pixels.mean()], dim=1) if self.kept else features


def test_a_random_trunk_is_another_one_and_not_silent() -> None:
    encoder: Any = _Convolved()
    pixels = torch.rand(6, 3, 12, 12)
    before = encoder.trunk(pixels)
    other = random_trunk(encoder, pixels)
    assert other is not None
    features = other.trunk(pixels)
    assert not (features == before).any()
    assert features.std(dim=(0, 2, 3)).min() > 0.3  # normalized: about one
    assert torch.equal(encoder.trunk(pixels), before)
    assert torch.allclose(
        other.trunk(pixels[:1]), features[:1], atol=1e-4
    )  # evaluation mode: a picture's features are its own


def test_features_that_cannot_be_randomised_are_not_passed_over() -> None:
    encoder: Any = _Convolved(kept=True)
    with pytest.raises(ValueError, match="cannot be randomized"):
        random_trunk(encoder, torch.rand(2, 3, 12, 12))


def test_an_encoder_without_networks_has_no_random_trunk(encoder: Encoder) -> None:
    assert random_trunk(encoder, torch.rand(1, 3, 224, 224)) is None


def test_texts_are_swapped_with_another_family_and_another_text() -> None:
    assert partners(["a", "b", "a", "c"], [1, 1, 2, 3]) == [3, 2, 3, 0]
    assert partners(["a", "b"], [1, 1]) == [None, None]
    assert partners(["a"], [1]) == [None]

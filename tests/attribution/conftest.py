"""A small composer whose layers all do something; an answer of the shipped model; oracles by finite differences."""

from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from torch import Tensor

from mmgrad import AttentionMap, Engine, Explanation
from mmgrad.encoders.base import TextTokens
from mmgrad.models.composer import Composer

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CHANNELS, GRID, TOKENS = 6, 4, 5


@pytest.fixture
def composer() -> Composer:
    torch.manual_seed(3)
    made = Composer(CHANNELS, TOKENS, GRID, prototype_dim=2, width=16, heads=2, layers=2, num_pools=3)
    for module in made.modules():  # some outputs are initialized to zero
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=0.3)
    return made.eval().requires_grad_(False)


@pytest.fixture
def features() -> Tensor:
    return torch.randn(3, CHANNELS, GRID, GRID, generator=torch.Generator().manual_seed(4))


@pytest.fixture
def tokens() -> TextTokens:
    mask = torch.tensor([[True, True, True], [True, True, False], [True, True, True]])
    return TextTokens(torch.randn(3, 3, TOKENS, generator=torch.Generator().manual_seed(5)), mask)


@pytest.fixture(scope="session")
def answer(engine: Engine) -> Explanation:
    """Four results of the shipped model and gallery, with maps."""
    return engine.explain(EXAMPLES / "gallery/00/0004-0.webp", "replace the marker with a red wrench", 4, words=False)


@pytest.fixture(scope="session")
def place_slopes(engine: Engine) -> Callable[[Callable[[Tensor], Tensor], Tensor], Tensor]:
    """Signal, features [1, C, h, w] -> how fast the signal grows with the features of each position: [h, w].

    Central differences of the signal, one position scaled at a time; gradients are not used. The weight of the
    prototype branch is held constant, as it is by definition in every map.
    """
    composer = engine.model.composer
    head = composer.prototype_head

    def slopes(signal: Callable[[Tensor], Tensor], features: Tensor, step: float = 2e-2) -> Tensor:
        _, _, height, width = features.shape
        bump = torch.eye(height * width).view(height * width, 1, height, width) * step
        with torch.no_grad():
            weight = head.weight_for(composer.prototype_embedding(features))
        with torch.no_grad(), patch.object(head, "weight_for", lambda pictures: weight.expand(len(pictures), 1)):
            slope: Tensor = (signal(features * (1 + bump)) - signal(features * (1 - bump))) / (2 * step)
        return slope.view(height, width)

    return slopes


@pytest.fixture(scope="session")
def position_sums() -> Callable[[AttentionMap], Tensor]:
    """A map of 14 x 14 places of the shipped model -> its sums over the 7 x 7 positions of the feature map."""

    def sums(shown: AttentionMap) -> Tensor:
        return torch.from_numpy(shown.values).view(7, 2, 7, 2).sum(dim=(1, 3))

    return sums

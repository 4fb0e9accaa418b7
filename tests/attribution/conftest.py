"""A small composer whose layers all do something, and features to attribute."""

import pytest
import torch
from torch import Tensor

from mmgrad.encoders.base import TextTokens
from mmgrad.models.composer import Composer

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

"""A small encoder that needs no weights, and a composer over it: what the suite needs of a model."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.encoders.base import TextTokens
from mmgrad.evaluation import families
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.models.composer import Composer
from mmgrad.synthetic.families import make_family


class TinyEncoder:
    """Mean colors of 7 x 7 places, and their squares and roots; a text is the codes of its letters."""

    name, size, channels, grid, token_width, fingerprint = "tiny", 224, 9, 7, 4, "0"

    def prepare(self, images: Sequence[np.ndarray]) -> tuple[Tensor, list[Letterbox]]:
        boxes = [Letterbox.fit(image.shape[0], image.shape[1], self.size) for image in images]
        stack = np.stack([box.apply(image) for box, image in zip(boxes, images, strict=True)])
        return torch.from_numpy(stack).permute(0, 3, 1, 2).float() / 255, boxes

    def trunk(self, pixels: Tensor) -> Tensor:
        means = functional.adaptive_avg_pool2d(pixels, self.grid)
        return torch.cat([means, means.square(), means.sqrt()], dim=1)

    def compile(self) -> bool:
        return False

    def to_grid(self, contributions: Tensor) -> Tensor:
        return contributions.sum(dim=1)

    def encode_text(self, texts: Sequence[str]) -> TextTokens:
        length = max(map(len, texts))
        codes = torch.tensor([[ord(c) % 97 for c in text.ljust(length)] for text in texts]).float()[..., None]
        mask = torch.tensor([[i < len(text) for i in range(length)] for text in texts])
        return TextTokens(torch.cos(codes * torch.arange(1, 5)), mask, ((),) * len(texts))


@pytest.fixture(autouse=True, scope="session")
def _drawn_once() -> Iterator[None]:
    """Families are the same every time, so that each is drawn once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(families, "make_family", lru_cache(maxsize=None)(make_family))
        yield


@pytest.fixture(scope="session")
def encoder() -> TinyEncoder:
    return TinyEncoder()


@pytest.fixture(scope="session")
def composer(encoder: TinyEncoder) -> Composer:
    torch.manual_seed(1)
    made = Composer(encoder.channels, encoder.token_width, encoder.grid, width=32, heads=2, layers=1, num_pools=3)
    for parameter in made.parameters():  # some layers begin at zero: a text would change nothing
        parameter.data += 0.1 * torch.randn_like(parameter)
    return made.eval().requires_grad_(False)

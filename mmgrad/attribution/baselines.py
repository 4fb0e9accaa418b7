"""Maps that any explanation must beat: three that never look at the picture, and one that never reads the text.

The first three are float32 [height, width], >= 0, of any resolution; the others are computed as MMGrad is.
"""

import numpy as np
from torch import Tensor

from mmgrad.attribution.gradients import AttributionModel, query_signal, signed_map, similarity_signal
from mmgrad.encoders.base import TextTokens


def center_map(height: int, width: int, spread: float = 0.25) -> np.ndarray:
    """A Gaussian in the middle: the guess that the subject is central. Sigma is the share `spread` of each side."""
    rows = ((np.arange(height) + 0.5) / height - 0.5) / spread
    columns = ((np.arange(width) + 0.5) / width - 0.5) / spread
    values: np.ndarray = np.exp(-0.5 * (rows[:, None] ** 2 + columns[None, :] ** 2))
    return values.astype(np.float32)


def random_map(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Independent uniform values in [0, 1)."""
    return rng.random((height, width), dtype=np.float32)


def uniform_map(height: int, width: int) -> np.ndarray:
    """The same value everywhere: its energy inside a mask is the mask's share of the picture."""
    return np.ones((height, width), np.float32)


def text_agnostic_gradcam(model: AttributionModel, features: Tensor, other: Tensor) -> Tensor:
    """Grad-CAM of <g(I), g(other)>, signed [B, H, W]: what two pictures share, whatever the text says.

    features [B, C, h, w]; `other` [B, D], the embedding of the picture that each is compared with. The channels are
    weighted by their gradients' mean over positions (Selvaraju et al., arXiv 1610.02391).
    """
    return signed_map(similarity_signal(model.composer, other), features, model.to_grid, weighting="channel")


def match_map(model: AttributionModel, features: Tensor, tokens: TextTokens, target: Tensor) -> Tensor:
    """Gradient x activation of the match <q(I, T), g(target)> at the reference, signed [B, H, W].

    It depends on the text, but shows what makes the match as a whole, not what the text changes.
    """
    return signed_map(query_signal(model.composer, target, tokens), features, model.to_grid)

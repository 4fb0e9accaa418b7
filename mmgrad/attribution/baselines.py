"""Maps that any explanation must beat: three that never look at the picture, and one that never reads the text.

The first three are float32 [height, width], >= 0, of any resolution; the last goes through the same seam as MMGrad.
"""

from collections.abc import Callable

import numpy as np
from torch import Tensor

from mmgrad.attribution.gradients import Head, query_signal, signed_map, similarity_signal

Evidence = Callable[[Tensor], Tensor]


def center_map(height: int, width: int, spread: float = 0.25) -> np.ndarray:
    """A Gaussian in the middle: the guess that the subject is central. Sigma is the share `spread` of each side."""
    rows = ((np.arange(height) + 0.5) / height - 0.5) / spread
    columns = ((np.arange(width) + 0.5) / width - 0.5) / spread
    values: np.ndarray = np.exp(-0.5 * (rows[:, None] ** 2 + columns[None, :] ** 2))
    return values.astype(np.float32)


def random_map(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Independent values in [0, 1): what chance gives."""
    return rng.random((height, width), dtype=np.float32)


def uniform_map(height: int, width: int) -> np.ndarray:
    """The same value everywhere: its energy inside a mask is the mask's share of the picture."""
    return np.ones((height, width), np.float32)


def text_agnostic_gradcam(composer: Head, features: Tensor, other: Tensor, evidence: Evidence) -> Tensor:
    """Grad-CAM of <g(I), g(other)>, signed [B, H, W]: what two pictures share, whatever the text says.

    features [B, C, h, w]; `other` [B, D], the embedding of the picture that each is compared with. Gradients are
    averaged over positions to weigh the channels (Selvaraju et al., arXiv 1610.02391).
    """
    return signed_map(similarity_signal(composer, other), features, evidence, weighting="channel")


def match_map(
    composer: Head, features: Tensor, states: Tensor, mask: Tensor, target: Tensor, evidence: Evidence
) -> Tensor:
    """Gradient x activation of the plain match <q(I, T), g(target)> at the reference, signed [B, H, W].

    It reads the text, but asks what makes the match as a whole, not what the text changes.
    """
    return signed_map(query_signal(composer, target, states, mask), features, evidence)

"""Occlusion maps (Zeiler and Fergus, arXiv 1311.2901): how much the match falls when a patch of the picture is blurred.

They need no gradients but one forward pass per patch. They serve as an independent reference for the other maps.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.attribution.gradients import Head
from mmgrad.encoders.base import Encoder
from mmgrad.evaluation.explainers.explainers import Maps
from mmgrad.evaluation.queries import SIDES, Queries, ScoreFunction, score_function

PATCH, STRIDE = 32, 16
"""Pixels of the model's input."""
BATCH = 32
"""Patches per forward pass."""


def occlusion(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
    """Explainer: drop of <q, g(target)> for blurred patches, maps [B, S / STRIDE, S / STRIDE] of both sides."""
    maps: Maps = {}
    for side in SIDES:
        view, stack = queries.images(side), []
        for k in range(len(queries)):
            seen = score_function(encoder, composer, queries, side, k)

            def score(pixels: Tensor, seen: ScoreFunction = seen) -> Tensor:
                scores: Tensor = seen.embed(pixels) @ seen.other
                return scores

            stack.append(occlusion_map(score, view.pixels[k], view.blurred[k]).cpu().numpy())
        maps[side] = np.stack(stack)
    return maps


def occlusion_map(
    score: Callable[[Tensor], Tensor], pixels: Tensor, covered: Tensor, patch: int = PATCH, stride: int = STRIDE
) -> Tensor:
    """Drop of a score when a patch of a picture is replaced.

    Args:
        score: pixels [n, 3, S, S] -> scores [n].
        pixels: the picture, [3, S, S].
        covered: the picture that patches are taken from, [3, S, S].
        patch: side of a patch in pixels.
        stride: distance of patches in pixels; it must divide both S and `patch`.

    Returns:
        float32 [S / stride, S / stride]: for each cell the mean drop over the patches that contain it.

    Raises:
        ValueError: `stride` does not divide S or `patch`.
    """
    size = pixels.shape[-1]
    if size % stride or patch % stride:
        raise ValueError(f"a stride of {stride} must divide the side {size} and the patch {patch}")
    starts = range(0, size - patch + 1, stride)
    windows = torch.zeros(len(starts) ** 2, 1, size // stride, size // stride)
    span = patch // stride
    for number, (y, x) in enumerate((y, x) for y in range(len(starts)) for x in range(len(starts))):
        windows[number, 0, y : y + span, x : x + span] = 1
    whole = score(pixels[None])  # (1,)
    falls = []
    for part in windows.split(BATCH):
        hidden = functional.interpolate(part, scale_factor=stride, mode="nearest").bool().to(pixels.device)
        falls.append(whole - score(torch.where(hidden, covered, pixels)))
    weights = windows[:, 0].flatten(1)  # (windows, cells)
    total = torch.cat(falls).float().cpu() @ weights  # (cells,)
    drop: Tensor = (total / weights.sum(dim=0)).unflatten(0, windows.shape[2:])
    return drop

"""A map without gradients: how much the match falls where a patch of the picture is covered (Zeiler and Fergus, arXiv
1311.2901). Slow, for it looks at the picture once for each patch, and therefore an oracle for the others."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.attribution.gradients import Head
from mmgrad.encoders.base import Encoder
from mmgrad.evaluation.explainers.explainers import Maps
from mmgrad.evaluation.queries import SIDES, Queries, match

PATCH, STRIDE = 32, 16  # pixels of the model's input
BATCH = 32  # patches looked at together


def occlusion(encoder: Encoder, composer: Head, queries: Queries) -> Maps:
    """The fall of <q, g(target)> on both sides, patches blurred: a maker of maps [B, S / STRIDE, S / STRIDE]."""
    maps: Maps = {}
    for side in SIDES:
        view, stack = queries.view(side), []
        for k in range(len(queries)):
            seen = match(encoder, composer, queries, side, k)

            def score(pixels: Tensor, seen=seen) -> Tensor:  # type: ignore[no-untyped-def]
                return seen.embed(pixels) @ seen.other

            stack.append(occlusion_map(score, view.pixels[k], view.blurred[k]).cpu().numpy())
        maps[side] = np.stack(stack)
    return maps


def occlusion_map(
    score: Callable[[Tensor], Tensor], pixels: Tensor, covered: Tensor, patch: int = PATCH, stride: int = STRIDE
) -> Tensor:
    """Fall of a score [n] of pixels [n, 3, S, S] when a patch of `pixels` [3, S, S] is taken from `covered` [3, S, S].

    Returns float32 [S / stride, S / stride]: for each cell the mean fall over the patches that hold it. `stride` must
    divide both S and `patch`.
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
    return (total / weights.sum(dim=0)).unflatten(0, windows.shape[2:])

"""Deletion and insertion curves (RISE; Petsiuk et al., arXiv 1806.07421) of the match <q, g(target)>.

Pixels of one picture are replaced by a blurred copy in the order of its map, and the match is recomputed: through q for
the reference, through g for the target. Deletion goes from the original to the blurred picture (lower is better),
insertion from the blurred to the original picture (higher is better).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmgrad.evaluation.queries import ScoreFunction, picture_area, resize_to_input
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.utils.ranking import pessimistic_ranks

STEPS = 10
SHARES = np.arange(STEPS + 1) / STEPS
"""Shares of the pixels that are replaced."""
COVERED = 1
"""Step (10 % of the pixels) at which the drop of the score and of the rank is measured."""


@dataclass(frozen=True, eq=False)
class Curves:
    """Curves of one picture, each [STEPS + 1], at SHARES.

    Attributes:
        deletion: scores while deleting, float64.
        insertion: scores while inserting, float64.
        ranks: ranks (from 1) of the target in the gallery while deleting, int64.
    """

    deletion: np.ndarray
    insertion: np.ndarray
    ranks: np.ndarray

    def metrics(self) -> dict[str, float]:
        """Areas under both curves; and at the share COVERED: score drop, places lost, and doublings of the rank.

        Doublings are log2(rank after / rank before), which a few lost queries do not dominate.
        """
        start, after = self.ranks[0], self.ranks[COVERED]
        return {
            "deletion": float(np.trapezoid(self.deletion, SHARES)),
            "insertion": float(np.trapezoid(self.insertion, SHARES)),
            "score_drop": float(self.deletion[0] - self.deletion[COVERED]),
            "places_lost": float(after - start),
            "rank_doublings": float(np.log2(after / start)),
        }


def pixel_order(values: np.ndarray, box: Letterbox, rng: np.random.Generator) -> np.ndarray:
    """For each pixel of the model's input, the share of the picture's pixels that are replaced before it.

    Args:
        values: signed map [h, w]; the highest value is replaced first.
        box: geometry of the picture.
        rng: source of the order of equal values.

    Returns:
        float64 [S, S]; infinite in the padding, which is never replaced.
    """
    upsampled = resize_to_input(values, box).ravel()
    sequence = np.lexsort((rng.random(len(upsampled)), -upsampled))
    turn = np.empty(len(upsampled))
    turn[sequence] = np.arange(len(upsampled)) / len(upsampled)
    square = np.full((box.size, box.size), np.inf)
    square[picture_area(box)] = turn.reshape(box.inner_height, box.inner_width)
    return square


def deletion_insertion(
    score: ScoreFunction,
    pixels: Tensor,
    blurred: Tensor,
    turns: np.ndarray,
    others: Tensor | None,
    gallery: Tensor,
    target: int,
) -> Curves:
    """Deletion and insertion curves of one picture.

    Args:
        score: the match as a function of this picture's pixels.
        pixels: the picture, [3, S, S].
        blurred: its blurred copy, [3, S, S].
        turns: what `pixel_order` returns, [S, S].
        others: scores of all pictures where they do not change, because the target is altered, [N]; None where the
            query is altered.
        gallery: embeddings of all pictures, [N, D].
        target: row of the target in the gallery.
    """
    covered = torch.from_numpy(turns[None] < SHARES[:, None, None])[:, None].to(pixels.device)  # [T + 1, 1, S, S]
    deleted = torch.where(covered, blurred, pixels)
    inserted = torch.where(covered[1:-1], pixels, blurred)  # its ends are those of the deletion, reversed
    embedded = score.embed(torch.cat([deleted, inserted]))  # [2 T, D]
    scores = embedded @ score.other
    down, up = scores[: STEPS + 1], scores[STEPS + 1 :]
    rivals = embedded[: STEPS + 1] @ gallery.T if others is None else others[None]  # [T + 1 or 1, N]
    ignored = torch.arange(len(gallery), device=rivals.device) == target
    return Curves(
        deletion=_array(down),
        insertion=_array(torch.cat([down[-1:], up, down[:1]])),
        ranks=pessimistic_ranks(rivals, down[:, None], ignored)[:, 0].cpu().numpy(),
    )


def _array(scores: Tensor) -> np.ndarray:
    return scores.double().cpu().numpy()

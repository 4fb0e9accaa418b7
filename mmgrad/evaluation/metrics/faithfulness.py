"""Whether the match depends on the pixels that a map points at: deletion and insertion (RISE, Petsiuk et al., arXiv
1806.07421).

Pixels of one picture are covered by a blur of themselves in the order of the map, and the match <q, g(target)> is
computed anew: q for the reference, g for the target. Deletion goes from the whole picture to the blur (a lower curve is
better), insertion from the blur to the whole picture (a higher one is better).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmgrad.evaluation.queries import Match, inside, on_input
from mmgrad.imaging.letterbox import Letterbox

STEPS = 10
SHARES = np.arange(STEPS + 1) / STEPS
COVERED = 1
"""The step, 10 % of the pixels, at which the drop of the score and of the rank is read."""


@dataclass(frozen=True, eq=False)
class Curves:
    """Scores float64 [STEPS + 1] at each of SHARES while deleting and inserting, and the target's ranks (from 1) among
    the gallery while deleting."""

    deletion: np.ndarray
    insertion: np.ndarray
    ranks: np.ndarray

    def figures(self) -> dict[str, float]:
        """Areas under both curves; at the share COVERED the fall of the score, the places lost, and how often the rank
        doubled (log2 of its quotient, which a few lost queries do not rule)."""
        start, after = self.ranks[0], self.ranks[COVERED]
        return {
            "deletion": float(np.trapezoid(self.deletion, SHARES)),
            "insertion": float(np.trapezoid(self.insertion, SHARES)),
            "score_drop": float(self.deletion[0] - self.deletion[COVERED]),
            "places_lost": float(after - start),
            "rank_doublings": float(np.log2(after / start)),
        }


def order(values: np.ndarray, box: Letterbox, rng: np.random.Generator) -> np.ndarray:
    """When each pixel of the model's input is covered, float64 [S, S]: the share of the picture's pixels before it.

    The greatest value of the signed map [h, w] goes first; equal values in an order drawn with `rng`. The padding
    around the picture is never covered (infinite).
    """
    upsampled = on_input(values, box).ravel()
    sequence = np.lexsort((rng.random(len(upsampled)), -upsampled))
    turn = np.empty(len(upsampled))
    turn[sequence] = np.arange(len(upsampled)) / len(upsampled)
    square = np.full((box.size, box.size), np.inf)
    square[inside(box)] = turn.reshape(box.inner_height, box.inner_width)
    return square


def curves(
    match: Match,
    pixels: Tensor,
    blurred: Tensor,
    turns: np.ndarray,
    others: Tensor | None,
    gallery: Tensor,
    target: int,
) -> Curves:
    """Delete and insert the pixels [3, S, S] of one picture, in the order `turns` [S, S], with `blurred` [3, S, S].

    `gallery` [N, D] holds the embeddings of all pictures and `target` the row of the target. `others` [N] are the
    scores of all pictures where they do not change (the target is altered); None where the query does.
    """
    covered = torch.from_numpy(turns[None] < SHARES[:, None, None])[:, None].to(pixels.device)  # (T + 1, 1, S, S)
    deleted = torch.where(covered, blurred, pixels)
    inserted = torch.where(covered[1:-1], pixels, blurred)  # its ends are those of the deletion, turned round
    embedded = match.embed(torch.cat([deleted, inserted]))  # (2T, D)
    scores = embedded @ match.other
    down, up = scores[: STEPS + 1], scores[STEPS + 1 :]
    among = (embedded[: STEPS + 1] @ gallery.T if others is None else others[None]).cpu()  # (T + 1 or 1, N)
    ahead = ~(among < down[:, None].cpu())  # equal scores, and what is not a number, count against the method
    ahead[:, target] = False
    return Curves(
        deletion=_array(down),
        insertion=_array(torch.cat([down[-1:], up, down[:1]])),
        ranks=ahead.sum(dim=1).numpy() + 1,
    )


def _array(scores: Tensor) -> np.ndarray:
    return scores.double().cpu().numpy()

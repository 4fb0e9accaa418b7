"""The confidence of a search: the estimated probability that its first result is the target.

A logistic regression (Platt, 1999), fitted on held-out queries, over three features ("clues") of a search: the first
score, its lead over the second, and how far the text moved the query away from the reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmgrad.models.logistic import fit_logistic

CLUES = ("score", "lead", "moved")
KINDS = ("as asked", "target not in the gallery", "text of another picture")
EVERY = 4
"""One search in EVERY has its target removed and another has a foreign text; both are wrong by construction."""
BLOCK = 512
PENALTY = 1e-4


@dataclass(frozen=True)
class Confidence:
    """A fitted logistic regression: the weight of each of CLUES, and a bias."""

    weights: tuple[float, float, float]
    bias: float

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> "Confidence | None":
        """The confidence in a model's card, under "confidence"; None where nothing was fitted."""
        kept = card.get("confidence")
        return None if kept is None else cls(tuple(kept[clue] for clue in CLUES), kept["bias"])

    def to_card(self) -> dict[str, float]:
        """The numbers by name, for a card."""
        return dict(zip((*CLUES, "bias"), (round(value, 4) for value in (*self.weights, self.bias)), strict=True))

    def __call__(self, clues: Tensor) -> Tensor:
        """Clues [Q, 3] -> probabilities [Q]."""
        return torch.sigmoid(clues @ clues.new_tensor(self.weights) + self.bias)


def clues_of(scores: Tensor, query: Tensor, reference: Tensor) -> Tensor:
    """Clues [Q, 3] of searches, of the best scores [Q, k] in descending order, and of q and g(I_r), both [Q, D].

    In a gallery of one image the lead is 0.
    """
    lead = scores[:, 0] - scores[:, 1] if scores.shape[1] > 1 else torch.zeros_like(scores[:, 0])
    return torch.stack([scores[:, 0], lead, 1 - (query * reference).sum(dim=-1)], dim=1)


@dataclass(frozen=True, eq=False)
class Trials:
    """Searches with known outcomes.

    clues [Q, 3]; right [Q] bool, whether the first result is the target; kind [Q] int64, index into KINDS.
    """

    clues: Tensor
    right: Tensor
    kind: Tensor


@torch.no_grad()
def trials(queries: Tensor, foreign: Tensor, images: Tensor, reference: Tensor, target: Tensor) -> Trials:
    """Searches that may be right, mixed with searches that cannot be (see EVERY).

    queries [Q, D], q of Q triplets; foreign [Q, D], q of their references with texts of other images; images [N, D],
    g of all images; reference and target [Q] int64, rows of `images`.
    """
    number = torch.arange(len(queries), device=queries.device)
    reference, target = reference.to(queries.device), target.to(queries.device)
    kind = (number % EVERY == 1).long() + 2 * (number % EVERY == 3).long()
    queries = torch.where(kind[:, None] == 2, foreign, queries)
    clues, right = [], []
    for rows in number.split(BLOCK):
        scores = queries[rows] @ images.T  # (B, N)
        scores[kind[rows] == 1, target[rows][kind[rows] == 1]] = -torch.inf
        best, found = scores.topk(2, dim=1)
        clues.append(clues_of(best, queries[rows], images[reference[rows]]))
        right.append((found[:, 0] == target[rows]) & (kind[rows] == 0))
    return Trials(torch.cat(clues), torch.cat(right), kind)


def fit(found: Trials) -> Confidence:
    """The regression under which the outcomes of the searches are most likely.

    The weights of the standardized clues are penalized a little, so that they stay finite where the clues separate the
    outcomes.
    """
    clues, right = found.clues.cpu().double(), found.right.cpu()
    mean, spread = clues.mean(dim=0), clues.std(dim=0).clamp_min(1e-6)
    share = torch.full((len(clues),), 1 / max(1, len(clues)))
    weight, bias = fit_logistic((clues - mean) / spread, right, share, PENALTY)
    weight = weight / spread
    first, second, third = weight.tolist()
    return Confidence((first, second, third), float(bias - weight @ mean))

"""Arithmetic on composed queries."""

import torch
from torch import Tensor


def interpolate_query(reference: Tensor, query: Tensor, text_weight: float) -> Tensor:
    """The query with the text's change weighted: normalize(reference + text_weight (query - reference)).

    `reference` [B, D] is the query without a text, `query` [B, D] as composed with it, both L2-normalized, as is the
    result. 0 gives `reference`, 1 gives `query`.
    """
    if text_weight == 1:
        return query
    return torch.nn.functional.normalize(reference + text_weight * (query - reference), dim=-1)

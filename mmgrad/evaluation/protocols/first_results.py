"""Error analysis of retrieval: whether the target ranks first, or which kind of picture does."""

import numpy as np
import torch

from mmgrad.evaluation.runner import Embeddings, EvaluationRun

FIRST = ("target_first", "reference_first", "same_family_first", "other_family_first")
"""What ranks first; exactly one applies. A family is a reference with its edited variants."""
BLOCK = 512


def first_results(data: EvaluationRun, own: Embeddings) -> np.ndarray:
    """What ranks first for each query, int64 [Q], indices into FIRST; the reference is in the gallery."""
    first = torch.cat([(queries @ own.images.T).argmax(dim=1) for queries in own.queries.split(BLOCK)])
    kinds = np.where(data.owner[first.numpy()] == data.family, 2, 3)
    kinds[(first == data.reference).numpy()] = 1
    kinds[(first == data.target).numpy()] = 0
    return kinds

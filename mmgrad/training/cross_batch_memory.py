"""Embeddings of the pictures of recent steps: candidates that a batch of few families lacks."""

import torch
from torch import Tensor


class CrossBatchMemory:
    """The last `size` embeddings of pictures, without gradient (cross-batch memory, Wang et al., arXiv 1912.06798).

    `scenes` [M] int64 and `embeddings` [M, D] of the same pictures, the newest last; M <= `size`, D = `width`.
    """

    def __init__(self, size: int, width: int):
        self.size = size
        self.scenes = torch.zeros(0, dtype=torch.long)
        self.embeddings = torch.zeros(0, width)

    def others(self, scenes: Tensor) -> Tensor:
        """The kept embeddings [N, D] of all pictures but these [S] int64, N <= M."""
        return self.embeddings[~torch.isin(self.scenes, scenes)]

    def keep(self, scenes: Tensor, embeddings: Tensor) -> None:
        """Add pictures [S] with their embeddings [S, D], and forget the oldest beyond `size`."""
        scenes, embeddings = torch.cat([self.scenes, scenes]), torch.cat([self.embeddings, embeddings.detach()])
        forgotten = max(0, len(scenes) - self.size)
        self.scenes, self.embeddings = scenes[forgotten:], embeddings[forgotten:]

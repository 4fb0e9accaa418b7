"""Embeddings of the images of recent steps: candidates that a batch of few families lacks."""

import torch
from torch import Tensor


class CrossBatchMemory:
    """The last `size` image embeddings, without gradient (cross-batch memory, Wang et al., arXiv 1912.06798).

    `scenes` [M] int64, on the CPU, and `embeddings` [M, D], on `device`, of the same images, the newest last; M <=
    `size`, D = `width`.
    """

    def __init__(self, size: int, width: int, device: torch.device | str = "cpu"):
        self.size = size
        self.scenes = torch.zeros(0, dtype=torch.long)
        self.embeddings = torch.zeros(0, width, device=device)

    def others(self, scenes: Tensor) -> Tensor:
        """The kept embeddings [N, D] of all images but those of the scenes [S] int64, N <= M."""
        rows = (~torch.isin(self.scenes, scenes)).nonzero()[:, 0]
        return self.embeddings[rows.to(self.embeddings.device)]

    def keep(self, scenes: Tensor, embeddings: Tensor) -> None:
        """Add images [S] with their embeddings [S, D], and drop the oldest beyond `size`."""
        added = embeddings.detach().to(self.embeddings.device)
        scenes, embeddings = torch.cat([self.scenes, scenes]), torch.cat([self.embeddings, added])
        dropped = max(0, len(scenes) - self.size)
        self.scenes, self.embeddings = scenes[dropped:], embeddings[dropped:]

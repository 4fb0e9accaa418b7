"""Pictures of earlier steps are candidates: none of the batch's own, the oldest forgotten."""

import torch

from mmgrad.training.cross_batch_memory import CrossBatchMemory


def numbered(scenes: torch.Tensor) -> torch.Tensor:
    return scenes[:, None].float().expand(-1, 2)


def test_it_keeps_the_newest_and_leaves_out_those_of_the_batch():
    memory = CrossBatchMemory(5, 2)
    assert len(memory.others(torch.tensor([1]))) == 0
    for first in (0, 3, 6):
        scenes = torch.arange(first, first + 3)
        memory.keep(scenes, numbered(scenes).requires_grad_())
    assert memory.scenes.tolist() == [4, 5, 6, 7, 8]
    assert not memory.embeddings.requires_grad
    others = memory.others(torch.tensor([5, 7, 99]))
    assert torch.equal(others, numbered(torch.tensor([4, 6, 8])))


def test_without_room_it_stays_empty():
    memory = CrossBatchMemory(0, 2)
    memory.keep(torch.arange(3), numbered(torch.arange(3)))
    assert len(memory.scenes) == len(memory.others(torch.arange(3))) == 0

import pytest
import torch

from mmgrad.training.muon import Muon, orthogonalized


@pytest.mark.parametrize("shape", [(24, 60), (60, 24), (32, 32)])
def test_all_singular_values_come_near_one_and_the_directions_stay(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    made = orthogonalized(matrix)
    within = u.T @ made @ v.T  # diagonal where the directions are the same
    values = within.diagonal()
    assert made.shape == matrix.shape
    assert values.min() > 0.6  # five iterations, published coefficients
    assert values.max() < 1.3
    assert (within - values.diag()).abs().max() < 1e-4


def test_nothing_comes_of_nothing() -> None:
    assert torch.equal(orthogonalized(torch.zeros(4, 6)), torch.zeros(4, 6))


def test_steps_are_those_of_torchs_own() -> None:
    """Torch's works in bfloat16, whose 8 bits are felt over five iterations."""
    torch.manual_seed(0)
    mine = torch.nn.Parameter(torch.randn(16, 40))
    theirs = torch.nn.Parameter(mine.detach().clone())
    start = mine.detach().clone()
    one = Muon([mine], lr=0.01, weight_decay=0.1)
    other = torch.optim.Muon([theirs], lr=0.01, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw")
    for _ in range(3):
        mine.grad = torch.randn(16, 40)
        theirs.grad = mine.grad.clone()
        one.step()
        other.step()
    assert (mine - theirs).norm() < 0.05 * (mine - start).norm()


def test_a_parameter_without_a_gradient_stays() -> None:
    parameter = torch.nn.Parameter(torch.ones(2, 3))
    Muon([parameter], lr=1.0, weight_decay=0.5).step()
    assert torch.equal(parameter, torch.ones(2, 3))

"""Which device is chosen, and what is said of one that is not there."""

import pytest
import torch

from mmgrad.errors import ModelError
from mmgrad.utils.device import choose_device


@pytest.mark.parametrize("device", ["warp:7", "meta", "mps" if not torch.backends.mps.is_available() else "hpu"])
def test_a_device_that_cannot_hold_anything_here_is_refused(device):
    with pytest.raises(ModelError, match=rf"The device '{device}' cannot be used here; give .*'cpu', or leave it out"):
        choose_device(device)


@pytest.mark.parametrize(
    ("cuda", "mps", "best"), [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_best_device_is_chosen_by_itself(monkeypatch, cuda, mps, best):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert choose_device(None).type == best


def test_a_device_that_is_named_is_taken():
    assert choose_device("cpu") == torch.device("cpu")

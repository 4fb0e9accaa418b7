"""Which device is chosen, and what is said of one that is not there."""

import pytest
import torch

from mmgrad.errors import ModelError
from mmgrad.utils import device as module
from mmgrad.utils.device import check_memory, choose_device, gigabytes, to_device


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


def test_too_little_memory_is_one_sentence_that_says_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "free_memory", lambda device: 10**9)
    check_memory(10**9, torch.device("cuda"))
    with pytest.raises(ModelError) as caught:
        check_memory(
            4 * 10**9, torch.device("cuda:0"), "The gallery", "choose --gallery-dtype float16, which needs 2.0 GB"
        )
    assert str(caught.value) == (
        "The gallery needs 4.0 GB of memory on 'cuda:0', which has 1.0 GB free; "
        "choose --gallery-dtype float16, which needs 2.0 GB, or use --device cpu."
    )


def test_on_a_cpu_nothing_is_refused() -> None:
    check_memory(10**18, torch.device("cpu"))


def test_sizes_are_readable() -> None:
    assert [gigabytes(count) for count in (1_500_000, 10**8, 2_560_000_000)] == ["1.5 MB", "0.1 GB", "2.6 GB"]


def test_what_is_where_it_belongs_is_not_copied() -> None:
    tensor = torch.zeros(3)
    assert to_device(tensor, torch.device("cpu")) is tensor

import pytest
import torch

from mmgrad.training import precision as module
from mmgrad.training.precision import precision


@pytest.mark.parametrize(("fast", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_products_are_in_half_precision_only_where_that_is_fast(
    fast: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_is_fast", lambda: fast)
    with precision("cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


def test_what_is_slower_in_half_precision_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_seconds", {torch.bfloat16: 2.0, torch.float32: 1.0}.__getitem__)
    module._is_fast.cache_clear()
    try:
        assert not module._is_fast()
    finally:
        module._is_fast.cache_clear()

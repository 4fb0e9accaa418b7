"""The peak that is searched for tile by tile, against the whole map at the pixels of the picture."""

import tracemalloc

import numpy as np
import pytest

from mmgrad.imaging.letterbox import Letterbox
from mmgrad.imaging.peak import find_peak


def dense(values: np.ndarray, box: Letterbox) -> tuple[int, int, float]:
    restored = box.restore(values)
    y, x = divmod(int(restored.argmax()), restored.shape[1])
    return x, y, float(restored[y, x])


@pytest.mark.parametrize("grid", [(14, 14), (7, 7), (28, 28), (1, 1), (2, 3)])
@pytest.mark.parametrize("size", [(480, 640), (640, 480), (9, 300), (300, 9), (8, 8), (700, 701), (224, 224)])
def test_the_peak_is_that_of_the_whole_map(grid: tuple[int, int], size: tuple[int, int]) -> None:
    box = Letterbox.fit(*size, 224)
    rng = np.random.default_rng(grid[0] * size[0] + size[1])
    for kind in range(4):
        values = rng.random(grid, dtype=np.float32)
        if kind == 1:
            values = np.maximum(values - 0.7, 0)  # sparse
        elif kind == 2:
            values **= 9  # one sharp peak
        elif kind == 3:
            values = np.round(values * 2) / 2  # many equal cells
        x, y, value = find_peak(values.astype(np.float32), box)
        right, below, greatest = dense(values.astype(np.float32), box)
        assert value == pytest.approx(greatest, rel=1e-5, abs=1e-7)
        assert box.restore(values.astype(np.float32))[y, x] == pytest.approx(greatest, rel=1e-5, abs=1e-7)
        if kind in (0, 2):
            assert max(abs(x - right), abs(y - below)) <= 1


def test_a_cell_is_found_where_it_lies_on_a_large_photograph() -> None:
    box = Letterbox.fit(3024, 4032, 224)
    values = np.zeros((14, 14), np.float32)
    values[5, 9] = 2.0
    x, y, value = find_peak(values, box)
    assert (x, y) == pytest.approx(((9.5 / 14) * 4032 - 0.5, ((5.5 / 14) * 224 - 28) / 168 * 3024 - 0.5), abs=1)
    assert value == pytest.approx(2.0, rel=1e-4)


def test_evidence_in_the_padding_is_no_peak() -> None:
    box = Letterbox.fit(20, 224, 224)
    values = np.zeros((14, 14), np.float32)
    values[0, 3] = 5.0
    assert find_peak(values, box) == (0, 0, 0.0)


def test_the_whole_map_of_a_large_photograph_is_not_computed() -> None:
    """It would take 48 MB."""
    box = Letterbox.fit(3024, 4032, 224)
    values = np.random.default_rng(0).random((14, 14), dtype=np.float32)
    tracemalloc.start()
    find_peak(values, box)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 6_000_000

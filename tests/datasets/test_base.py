from collections.abc import Callable
from pathlib import Path

import pytest

from mmgrad.datasets.base import ALL, Benchmark, Query
from mmgrad.errors import InputError

GALLERY = {name: Path(name) for name in "abc"}


def _benchmark(*queries: Query) -> Benchmark:
    return Benchmark("CIRR", "val", queries, GALLERY, {ALL: tuple(GALLERY)})


def test_truths_that_are_not_told_are_hidden() -> None:
    assert _benchmark(Query("1", "a", "x")).hidden
    assert not _benchmark(Query("1", "a", "x", ("b",))).hidden


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: _benchmark(), "has no queries"),
        (lambda: _benchmark(Query("1", "a", "x"), Query("1", "b", "x")), "two queries of one id"),
        (lambda: _benchmark(Query("1", "a", "x"), Query("2", "b", "x", ("c",))), "targets of some queries only"),
        (lambda: _benchmark(Query("1", "z", "x")), "does not list the picture 'z' that its query 1 names"),
        (lambda: _benchmark(Query("1", "a", "x", ("z",))), "does not list the picture 'z'"),
        (lambda: _benchmark(Query("1", "a", "x", subset=("a", "z"))), "does not list the picture 'z'"),
    ],
)
def test_a_split_that_contradicts_itself_is_refused(make: Callable[[], Benchmark], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()

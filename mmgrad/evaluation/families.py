"""Families of edit scenes, drawn in parallel processes."""

import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import cv2

from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.synthetic.families import Family, make_family

AHEAD = 16
"""Families that are drawn ahead; this bounds the memory."""


def draw_families(split: str, numbers: Sequence[int], workers: int = 1) -> Iterator[Family]:
    """The families of a split with these numbers, in this order; with `workers` = 0 they are drawn in this process."""
    if workers == 0:
        yield from (_family(split, index) for index in numbers)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_ignore_interrupts) as pool:
        waiting: deque[Future[Family]] = deque()
        try:
            for index in numbers:
                waiting.append(pool.submit(_family, split, index))
                if len(waiting) == AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process handles them


def _family(split: str, index: int) -> Family:
    cv2.setNumThreads(1)
    return make_family(load_asset_library(), split, index)

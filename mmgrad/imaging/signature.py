"""Signatures of pictures, which tell whether two show the same pixels, whatever their size or compression."""

import cv2
import numpy as np

SIDE = 16
LENGTH = SIDE * SIDE * 3

DIFFERENCE = 14
"""Two pictures are the same where no cell of their signatures differs by more than this, of 255, in its mean over the
channels. An edit of even a small thing changes a cell by more; another size or a JPEG changes none as much."""

_ROWS = 8192  # that are compared at a time


def signature(pixels: np.ndarray) -> np.ndarray:
    """The picture uint8 [H, W, 3] averaged over SIDE x SIDE cells: uint8 [LENGTH]."""
    return cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA).reshape(LENGTH)


def same_rows(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The rows of `others`, uint8 [N, LENGTH], that show the same as `one`, uint8 [LENGTH]: int64 [M], ascending."""
    found = [np.zeros(0, np.int64)]
    for start in range(0, len(others), _ROWS):
        block = others[start : start + _ROWS].astype(np.int16)
        apart = np.abs(block - one.astype(np.int16)).reshape(-1, SIDE * SIDE, 3)
        found.append(np.flatnonzero((apart.sum(axis=2) <= 3 * DIFFERENCE).all(axis=1)) + start)
    return np.concatenate(found)

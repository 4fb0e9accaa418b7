"""Bounding boxes of labelled objects, and crops of photographs in which the object is off center.

Photographers center their subjects, so a map that points at the center of a photograph proves nothing. In these crops
the center is the wrong answer.
"""

import csv
from pathlib import Path

import cv2
import numpy as np

from mmgrad.errors import InputError

Box = tuple[float, float, float, float]
"""Left, top, right and bottom as shares of the picture's width and height, 0 to 1."""

COLUMNS = ("left", "top", "right", "bottom")
MARGIN = 0.04  # of the photograph's sides, kept around the thing
MOST = 0.5  # of a crop that the thing may fill
LONGEST = 2.0  # of a crop, its longer side over the shorter


def load_boxes(file: Path | str) -> dict[str, tuple[Box, ...]]:
    """Boxes of each photograph by file name.

    The CSV table has the columns `file`, `left`, `top`, `right` and `bottom`, in per cent of width and height; a
    photograph with several objects has several rows.

    Raises:
        InputError: the table is missing, or a row is not a box.
    """
    try:
        with Path(file).open(encoding="utf-8", newline="") as table:
            rows = list(csv.DictReader(table))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The boxes need a readable table; '{file}' is none.") from error
    if not rows or not {"file", *COLUMNS} <= rows[0].keys():
        raise InputError(
            f"The table '{file}' must have the columns file, {', '.join(COLUMNS)}, and a row for each box."
        )
    found: dict[str, tuple[Box, ...]] = {}
    for number, row in enumerate(rows, start=2):
        try:
            left, top, right, bottom = (float(row[column]) / 100 for column in COLUMNS)
        except (TypeError, ValueError) as error:
            raise InputError(f"Line {number} of '{file}' is no box; please give four numbers in per cent.") from error
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise InputError(f"Line {number} of '{file}' is no box; left < right and top < bottom, from 0 to 100.")
        found[row["file"]] = (*found.get(row["file"], ()), (left, top, right, bottom))
    return found


def off_center(picture: np.ndarray, boxes: tuple[Box, ...], size: int) -> tuple[np.ndarray, np.ndarray] | None:
    """The crop of a picture in which the boxed objects are farthest from the center.

    Candidates reach from the objects to a corner of the picture.

    Args:
        picture: uint8 [h, w, 3].
        boxes: boxes of the objects.
        size: long side of the result in pixels.

    Returns:
        The crop, and the mask of the boxes in it, bool [h', w']; None if the objects fill more than MOST of every crop,
        or every crop is longer than LONGEST.
    """
    height, width = picture.shape[:2]
    left, top = max(0.0, min(box[0] for box in boxes) - MARGIN), max(0.0, min(box[1] for box in boxes) - MARGIN)
    right, bottom = min(1.0, max(box[2] for box in boxes) + MARGIN), min(1.0, max(box[3] for box in boxes) + MARGIN)
    best = None
    for x0, x1 in ((0.0, right), (left, 1.0)):
        for y0, y1 in ((0.0, bottom), (top, 1.0)):
            rows, columns = (slice(round(a * n), round(b * n)) for a, b, n in ((y0, y1, height), (x0, x1, width)))
            crop, mask = picture[rows, columns], _inside(boxes, height, width)[rows, columns]
            long, short = max(crop.shape[:2]), min(crop.shape[:2])
            across, down = (left + right - x0 - x1) / (x1 - x0), (top + bottom - y0 - y1) / (y1 - y0)
            away = float(np.hypot(across, down))
            if mask.mean() <= MOST and long <= LONGEST * short and (best is None or away > best[0]):
                best = away, crop, mask
    if best is None:
        return None
    _, crop, mask = best
    scale = size / max(crop.shape[:2])
    shape = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(np.ascontiguousarray(crop), shape, interpolation=way)
    return resized, cv2.resize(mask.astype(np.uint8), shape, interpolation=cv2.INTER_NEAREST).astype(bool)


def _inside(boxes: tuple[Box, ...], height: int, width: int) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    for left, top, right, bottom in boxes:
        mask[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = True
    return mask

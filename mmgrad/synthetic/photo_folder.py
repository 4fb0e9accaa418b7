"""A folder of photographs with one ImageNet class each, and the classes that are kept for validation."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from mmgrad.errors import InputError
from mmgrad.lexicon import imagenet

LABELS = "labels.csv"
"""A table with the columns `file` (relative to the folder) and `wnid` (as n01440764); others are passed over."""


@dataclass(frozen=True)
class Photograph:
    """One labelled photograph: its path, the row of its class in the ImageNet classifier, and its WordNet id."""

    path: Path
    index: int
    wnid: str

    def rgb(self) -> np.ndarray:
        """The picture, read-only uint8 [h, w, 3], cached. Raises InputError where the file is missing or broken."""
        return _decode(self.path)


def load_photographs(folder: Path | str) -> tuple[Photograph, ...]:
    """The photographs that the folder's `labels.csv` lists, sorted by file name; no picture is opened.

    Raises:
        InputError: the table is missing, lacks a column or rows, lists a missing file, or names an unknown class.
    """
    return tuple(sorted(_listed(Path(folder)), key=lambda photo: photo.path.name))


def is_for_validation(wnid: str) -> bool:
    """Whether the photographs of this class are used for validation only: a fixed sixth of all classes."""
    return hashlib.sha256(wnid.encode()).digest()[0] % 6 == 0


def _listed(folder: Path) -> Iterator[Photograph]:
    table = folder / LABELS
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"The photographs need a readable table '{table}' with the columns file and wnid; there is none."
        ) from error
    if not rows or not {"file", "wnid"} <= rows[0].keys():
        raise InputError(f"The table '{table}' must have the columns file and wnid, and a row for each photograph.")
    known = imagenet.rows_of_wnids()
    unknown = sorted({str(row["wnid"]) for row in rows if row["wnid"] not in known})
    if unknown:
        raise InputError(
            f"The table '{table}' names {len(unknown)} classes that are none of ImageNet's 1,000, "
            f"such as {unknown[0]!r}; please use WordNet ids as n01440764."
        )
    for row in rows:
        path = folder / (row["file"] or "")
        if not path.is_file():
            raise InputError(f"The table '{table}' lists '{row['file']}', but there is no such file beside it.")
        yield Photograph(path, known[row["wnid"]], row["wnid"])


@lru_cache(maxsize=1024)
def _decode(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            pixels = np.array(image.convert("RGB"))
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(
            f"The photograph '{path}' cannot be read; please replace it or take it off the list."
        ) from error
    pixels.flags.writeable = False
    return pixels

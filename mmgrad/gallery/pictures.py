"""The pictures of a gallery as they are shown: from thumbnails where there are some, decoded in parallel."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from mmgrad.errors import InputError
from mmgrad.gallery.database import read_thumbnails, write_thumbnails
from mmgrad.gallery.sources.record import Record
from mmgrad.imaging import files
from mmgrad.imaging.io import READ_SIDE, LoadedImage, load_image, read_image
from mmgrad.imaging.letterbox import PAD

QUALITY = 80
"""Of the JPEG of a thumbnail: about 20 kB."""

_DAMAGED = "The file can no longer be read; its thumbnail is shown."

WORKERS = min(16, 2 * (os.cpu_count() or 1))

MAX_THUMBNAILS = 500
"""Thumbnails that are asked for in one query."""


@dataclass(frozen=True, eq=False)
class Picture(LoadedImage):
    """A picture of a gallery, reduced, with the size of its original.

    Attributes:
        missing: whether the file is gone or damaged; `note` says why. The pixels are then the thumbnail's.
        blank: whether a missing picture has no thumbnail either. The pixels are then plain gray.
    """

    missing: bool = False
    blank: bool = False


def read_pictures(
    records: Sequence[Record], sizes: Sequence[tuple[int, int] | None], index: Path | None
) -> list[Picture]:
    """The pictures of some records, at most READ_SIDE pixels a side. Never raises for one that cannot be read.

    Thumbnails that are missing or older than their file are made again.

    Args:
        sizes: (height, width) of each original where it is known.
        index: the database with the thumbnails; None where there is none.
    """
    names = [record.id for record in records]
    stored: dict[str, tuple[str, bytes]] = {}
    for start in range(0, len(names) if index is not None else 0, MAX_THUMBNAILS):
        assert index is not None
        stored |= read_thumbnails(index, names[start : start + MAX_THUMBNAILS])
    with ThreadPoolExecutor(min(WORKERS, max(1, len(records))), thread_name_prefix="decode") as pool:
        found = list(pool.map(_read, records, sizes, [stored.get(name) for name in names]))
    fresh = [(record.id, *made) for record, (_, made) in zip(records, found, strict=True) if made is not None]
    if fresh and index is not None:
        write_thumbnails(index, fresh)
    return [picture for picture, _ in found]


def needs_thumbnail(height: int, width: int) -> bool:
    """Whether a picture is larger than a thumbnail."""
    return max(height, width) > READ_SIDE


def encode_thumbnail(pixels: np.ndarray) -> bytes:
    """Pixels, uint8 [h, w, 3], as a JPEG."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _read(
    record: Record, size: tuple[int, int] | None, stored: tuple[str, bytes] | None
) -> tuple[Picture, tuple[str, bytes] | None]:
    """A picture; and (stat, JPEG) of its thumbnail where that was made anew."""
    there = files.size(record.path) >= 0
    stat = files.stat_signature(record.path)
    if stored is not None and size is not None and (not there or stored[0] == stat):
        note = "" if there else "The file is gone; its thumbnail is shown."
        return Picture(load_image(stored[1]), *size, note, missing=not there), None
    try:
        image = read_image(record.path)
    except InputError as error:
        if stored is not None and size is not None:
            return Picture(load_image(stored[1]), *size, _DAMAGED, missing=True), None
        return _blank(size, str(error)), None
    fresh = (stat, encode_thumbnail(image.pixels)) if needs_thumbnail(image.height, image.width) else None
    return Picture(image.pixels, image.height, image.width, image.note), fresh


def _blank(size: tuple[int, int] | None, note: str) -> Picture:
    """What stands for a picture that cannot be shown: plain gray, of its aspect."""
    height, width = size or (64, 64)
    scale = min(1.0, 64 / max(height, width))
    shape = (max(1, round(height * scale)), max(1, round(width * scale)))
    return Picture(np.full((*shape, 3), PAD, np.uint8), height, width, note, missing=True, blank=True)

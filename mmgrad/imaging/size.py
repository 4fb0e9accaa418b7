"""The size of a picture before it was scaled down."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from mmgrad.imaging.io import MAX_SIDE, Source

_ORIENTATION = 0x0112
_TRANSPOSED = (5, 6, 7, 8)
"""Values of the EXIF orientation that swap width and height."""


def original_size(source: Source, pixels: np.ndarray) -> tuple[int, int]:
    """Height and width of a source, upright, of which `load_image` gave `pixels`; only the file's header is read."""
    height, width = pixels.shape[:2]
    if max(height, width) < MAX_SIDE:  # it was not scaled
        return height, width
    if isinstance(source, np.ndarray):
        return source.shape[0], source.shape[1]
    if isinstance(source, Image.Image):
        return _upright(source)
    if isinstance(source, str | Path):
        file: Path | BytesIO = Path(source)
    else:
        file = BytesIO(source if isinstance(source, bytes) else source.read_bytes())
    with Image.open(file) as picture:
        return _upright(picture)


def _upright(picture: Image.Image) -> tuple[int, int]:
    width, height = picture.size
    return (width, height) if picture.getexif().get(_ORIENTATION, 1) in _TRANSPOSED else (height, width)

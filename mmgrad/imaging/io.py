"""Pictures in, pixels out: any file decoded to RGB as a person sees it, or refused in one sentence."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from mmgrad.errors import InputError
from mmgrad.imaging.arrays import from_array
from mmgrad.imaging.color import on_white, to_8_bit, to_srgb
from mmgrad.imaging.files import Member, safe_name
from mmgrad.imaging.formats import ADVICE, describe, formats
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.imaging.limits import MAX_PIXELS, MAX_SIDE, MIN_SIDE, check_size, too_large

__all__ = ["MAX_PIXELS", "MAX_SIDE", "MIN_SIDE", "READ_SIDE", "Letterbox", "LoadedImage", "load_image", "read_image"]

READ_SIDE = 512
"""The longest side, in pixels, that pictures are decoded to for a model and for the page.

Queries, galleries and uploads must use the same: a picture decoded at another size has a slightly other embedding."""

Source = str | Path | Member | bytes | Image.Image | np.ndarray

_CUT_SHORT = "The file is cut short; the part that is there is shown."

_MISSING_ROWS = 0.2
"""A JPEG that is cut short is refused where more than this share of its rows is missing."""

# What Pillow's decoders raise for files that are damaged in one way or another.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)

# EXIF tag 0x0112: how the stored pixels are turned upright.
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, eq=False)
class LoadedImage:
    """A decoded picture, perhaps reduced, and the size of its original.

    Attributes:
        pixels: uint8 [h, w, 3], RGB, upright, C-contiguous; at most `max_side` a side.
        height, width: the upright original, in pixels. Geometry and coordinates are given at this size.
        note: a sentence about what is wrong with the file, else "".
        converted: whether a color profile has changed the colors.
    """

    pixels: np.ndarray
    height: int
    width: int
    note: str = ""
    converted: bool = False


def load_image(source: Source, max_side: int | None = MAX_SIDE) -> np.ndarray:
    """The pixels of `read_image`: uint8 [H, W, 3], RGB, C-contiguous and not shared with the source."""
    return read_image(source, max_side).pixels


def read_image(source: Source, max_side: int | None = READ_SIDE, name: str = "the picture") -> LoadedImage:
    """Decode any picture to RGB pixels as a person sees it.

    The picture is turned upright by its EXIF orientation and converted to sRGB by its color profile. Transparency is
    flattened on white. 16 bits are scaled to 8; CMYK, palette and gray are converted. An animation gives its first
    frame. A JPEG whose end is missing gives what is there, with a note.

    Args:
        source: a path, a member of an archive, the bytes of a file, a binary file, a Pillow image, or an array of
            uint8, uint16, bool, or floats in [0, 1], of shape [H, W], [H, W, 1], [H, W, 3] or [H, W, 4].
        max_side: reduce so that the longest side has at most this many pixels; None keeps every pixel. A large JPEG is
            decoded at a fraction of its size, which is much faster and may give a little fewer pixels than this.
        name: what messages call a picture that has no file name.

    Raises:
        InputError: missing, empty, damaged, of another format, larger than MAX_PIXELS (refused before it is decoded),
            with a side shorter than MIN_SIDE, or extremely long and thin.
    """
    if isinstance(source, np.ndarray):
        return _finish(from_array(source), source.shape[0], source.shape[1], 1, max_side)
    if isinstance(source, Image.Image):
        return _decode(source, name, max_side)
    file: Any = Path(source) if isinstance(source, str | Path) else source
    if isinstance(file, Path):
        head, name = _head(file), f"'{safe_name(file)}'"
    else:
        file, head, name = _content(file, name)
    if not head:
        raise InputError(f"{_start(name)} is an empty file; {ADVICE}.")
    try:
        with _open(file, head, name) as picture:
            return _decode(picture, name, max_side)
    except _CutShortError:
        # With an end marker, the decoder fills what is missing with gray.
        data = (file.read_bytes() if isinstance(file, Path) else file.getvalue()) + b"\xff\xd9"
        with _open(BytesIO(data), head, name) as picture:
            return _decode(picture, name, max_side, repaired=True)


class _CutShortError(Exception):
    """A JPEG ends before its end marker."""


def _content(source: Any, name: str) -> tuple[BytesIO, bytes, str]:
    """The content of anything but a path: as a file, its first bytes, and what messages call it."""
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
    elif hasattr(source, "read_bytes"):
        data, name = source.read_bytes(), f"'{safe_name(source.name)}'"
    elif hasattr(source, "read"):
        data = source.read()
    else:
        data = None
    if not isinstance(data, bytes):
        raise InputError(
            f"A picture cannot be read from a {type(source).__name__}; please give a path, bytes, a Pillow image or a "
            "NumPy array."
        )
    return BytesIO(data), data[:512], name


@contextmanager
def _open(file: Path | BytesIO, head: bytes, name: str) -> Iterator[Image.Image]:
    """The picture of a file, not decoded yet."""
    try:
        # Pillow warns about large pictures and refuses very large ones; the limit here is MAX_PIXELS.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(file, formats=formats())
    except Image.DecompressionBombError as error:
        raise InputError(too_large(name)) from error
    except UnidentifiedImageError as error:
        raise InputError(f"{_start(name)} is {describe(head)}.") from error
    except _DECODER_ERRORS as error:
        raise InputError(f"{_start(name)} is damaged and cannot be opened; {ADVICE}.") from error
    with picture:
        yield picture


def _head(path: Path) -> bytes:
    """The first bytes of a file, or an InputError that says why there are none to read."""
    if str(path).startswith(("http:/", "https:/")):
        raise InputError("A picture cannot be read from an address of the web; please download it and give its path.")
    name = safe_name(path) or "."
    try:
        if path.is_dir():
            raise InputError(f"'{name}' is a folder, not a picture; please give the path of one picture.")
        if not path.exists():
            raise InputError(f"There is no picture at '{name}'; please check the path.")
        if not path.is_file():
            raise InputError(f"'{name}' is not a regular file; please give the path of one picture.")
        with path.open("rb") as file:
            return file.read(512)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise InputError(f"'{name[:200]}' cannot be read; please check the path and its permissions.") from error


def _decode(picture: Image.Image, name: str, max_side: int | None, repaired: bool = False) -> LoadedImage:
    """The pixels of an opened picture. `repaired`: it was cut short, and its missing rows are filled."""
    width, height = picture.size
    check_size(height, width, name)
    try:
        if max_side is not None and picture.format in ("JPEG", "MPO"):
            # The decoder halves as long as the result stays larger than this.
            scale = 0.875 * max_side / max(picture.size)
            picture.draft(None, (max(1, int(width * scale)), max(1, int(height * scale))))
        if getattr(picture, "is_animated", False):
            picture.seek(0)
        picture.load()
        orientation = _orientation(picture)  # after `load`, for Pillow turns a TIFF by itself
        if picture.format not in ("JPEG", "MPO"):
            width, height = picture.size
        if orientation >= 5:
            height, width = width, height
        if repaired and _missing_rows(picture) > _MISSING_ROWS:
            raise InputError(_damaged(name))
        note = _CUT_SHORT if repaired else ""
        return _finish(picture, height, width, orientation, max_side, note)
    except Image.DecompressionBombError as error:
        raise InputError(too_large(name)) from error
    except _DECODER_ERRORS as error:
        if picture.format in ("JPEG", "MPO") and "truncated" in str(error) and not repaired:
            raise _CutShortError from error
        if picture.format == "TIFF":
            raise InputError(f"{_start(name)} is damaged, or {describe(b'II*' + bytes(1))}.") from error
        raise InputError(_damaged(name)) from error


def _missing_rows(picture: Image.Image) -> float:
    """The share of rows at the bottom that all equal the last one, which is what the decoder fills a gap with."""
    rows = np.asarray(picture).reshape(picture.height, -1)
    different = np.flatnonzero((rows != rows[-1]).any(axis=1))
    return 1 - (different[-1] + 1) / len(rows) if len(different) else 1.0


def _orientation(picture: Image.Image) -> int:
    try:
        orientation = int(picture.getexif().get(_ORIENTATION, 1))
    except _DECODER_ERRORS:
        return 1  # a damaged EXIF block does not make the pixels worse
    return orientation if orientation in _UPRIGHT else 1


def _finish(
    picture: Image.Image, height: int, width: int, orientation: int, max_side: int | None, note: str = ""
) -> LoadedImage:
    """Reduce, convert, turn upright and flatten; in this order, so that the later steps are cheap."""
    profile = picture.info.get("icc_profile")
    picture = to_8_bit(picture)
    longest = max(picture.size)
    if max_side is not None and longest > max_side:
        size = [max(1, round(side * max_side / longest)) for side in picture.size]
        picture = picture.resize((size[0], size[1]), Image.Resampling.LANCZOS, reducing_gap=3.0)
    picture, converted = to_srgb(picture, profile)
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation])
    return LoadedImage(np.array(on_white(picture), dtype=np.uint8, order="C"), height, width, note, converted)


def _damaged(name: str) -> str:
    return f"{_start(name)} is damaged or cut short and cannot be decoded; {ADVICE}."


def _start(name: str) -> str:
    return name[0].upper() + name[1:]

"""Pictures in, pixels out: any file decoded to RGB as a person sees it, or refused in one sentence."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from mmgrad.errors import InputError
from mmgrad.imaging.files import Member
from mmgrad.imaging.letterbox import Letterbox

__all__ = ["MAX_PIXELS", "MAX_SIDE", "MIN_SIDE", "Letterbox", "load_image"]

MAX_SIDE = 2048
"""The longest side, in pixels, that `load_image` returns unless told otherwise."""

MAX_PIXELS = 100_000_000
"""Pictures with more pixels than this are refused before they are decoded."""

MIN_SIDE = 8
"""Pictures with a side shorter than this hold nothing to look at and are refused."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM")
"""Formats that are decoded, by their Pillow names; none that runs another program (EPS). JPEG includes MPO."""

ADVICE = "please give a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF picture"

Source = str | Path | Member | bytes | Image.Image | np.ndarray

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


def load_image(source: Source, max_side: int | None = MAX_SIDE) -> np.ndarray:
    """Decode any picture to RGB pixels as a person sees it.

    Turned upright by its EXIF orientation, transparency flattened on white, 16 bits scaled to 8, CMYK, palette and grey
    converted, the first frame of an animation.

    Args:
        source: a path, a member of an archive, the bytes of a file, a Pillow image, or an array of uint8, uint16, bool,
            or floats in [0, 1], of shape [H, W], [H, W, 1], [H, W, 3] or [H, W, 4].
        max_side: scale down so that the longest side has at most this many pixels; None keeps every pixel.

    Returns:
        uint8 [H, W, 3], RGB, C-contiguous and not shared with the source.

    Raises:
        InputError: missing, empty, damaged, truncated, of another format, larger than MAX_PIXELS (refused before it is
            decoded) or with a side shorter than MIN_SIDE.
    """
    if isinstance(source, np.ndarray):
        return _finish(_from_array(source), orientation=1, max_side=max_side)
    if isinstance(source, Image.Image):
        return _decode(source, "the picture", max_side)
    with _open(source) as (picture, name):
        if max_side is not None and picture.format == "JPEG":
            picture.draft(None, (max_side, max_side))  # decode a huge JPEG at a fraction of its size
        return _decode(picture, name, max_side)


@contextmanager
def _open(source: str | Path | Member | bytes) -> Iterator[tuple[Image.Image, str]]:
    """The undecoded picture of a file or of bytes, with the words to call it by in a message."""
    file: Path | BytesIO
    if isinstance(source, str | Path):
        name, file = f"'{Path(source).name}'", Path(source)
        head = _head(file)
    else:
        name, data = ("the picture", source) if isinstance(source, bytes) else (f"'{source.name}'", source.read_bytes())
        file, head = BytesIO(data), data[:512]
    if not head:
        raise InputError(f"{_start(name)} is an empty file; {ADVICE}.")
    try:
        # Pillow warns about large pictures and refuses very large ones; the limit here is MAX_PIXELS.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise InputError(_too_large(name)) from error
    except UnidentifiedImageError as error:
        raise InputError(f"{_start(name)} is {_kind(head)}; {ADVICE}.") from error
    except _DECODER_ERRORS as error:
        raise InputError(f"{_start(name)} is damaged and cannot be opened; {ADVICE}.") from error
    with picture:
        yield picture, name


def _head(path: Path) -> bytes:
    """The first bytes of a file, or an InputError that says why there are none to read."""
    try:
        if path.is_dir():
            raise InputError(f"'{path}' is a folder, not a picture; please give the path of one picture.")
        if not path.exists():
            raise InputError(f"There is no picture at '{path}'; please check the path.")
        if not path.is_file():
            raise InputError(f"'{path}' is not a regular file; please give the path of one picture.")
        with path.open("rb") as file:
            return file.read(512)
    except (OSError, ValueError) as error:
        raise InputError(f"'{path}' cannot be read; please check the path and its permissions.") from error


def _decode(picture: Image.Image, name: str, max_side: int | None) -> np.ndarray:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise InputError(_too_large(name, f" ({width} x {height} pixels)"))
    _check_side(height, width, name)
    try:
        if getattr(picture, "is_animated", False):
            picture.seek(0)
        picture.load()
        orientation = _orientation(picture)
        return _finish(_to_8_bit(picture), orientation, max_side)
    except Image.DecompressionBombError as error:
        raise InputError(_too_large(name)) from error
    except _DECODER_ERRORS as error:
        raise InputError(f"{_start(name)} is damaged or cut short and cannot be decoded; {ADVICE}.") from error


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except _DECODER_ERRORS:
        return 1  # a damaged EXIF block does not make the pixels worse


def _to_8_bit(picture: Image.Image) -> Image.Image:
    """The same picture as RGB, or as RGBA where it has transparency; 8 bits a channel."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return Image.fromarray(_scale_to_8_bit(np.asarray(picture))).convert("RGB")
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    return picture if picture.mode == mode else picture.convert(mode)


def _scale_to_8_bit(values: np.ndarray) -> np.ndarray:
    """Grey values of more than 8 bits, [H, W], to uint8 by their nominal range: never clipped, never stretched."""
    wide = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    peak = float(wide.max(initial=0.0))
    if values.dtype.kind == "f":
        white = next((limit for limit in (1.0, 255.0, 65535.0) if peak <= limit), peak)
    else:
        white = max(65535.0, peak)
    return np.clip(np.rint(wide * (255 / white)), 0, 255).astype(np.uint8)


def _finish(picture: Image.Image, orientation: int, max_side: int | None) -> np.ndarray:
    """Bound, turn upright and flatten an RGB or RGBA picture; in this order, so that the later steps are cheap."""
    longest = max(picture.size)
    if max_side is not None and longest > max_side:
        width, height = (max(1, round(side * max_side / longest)) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation])
    if picture.mode == "RGBA":
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture)
        picture = white.convert("RGB")
    return np.array(picture, dtype=np.uint8, order="C")


def _from_array(array: np.ndarray) -> Image.Image:
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise InputError(
            f"The picture is an array of shape {list(array.shape)}; please give [H, W], [H, W, 3] or [H, W, 4]."
        )
    _check_side(array.shape[0], array.shape[1], "the picture")
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise InputError(_too_large("the picture"))
    if array.dtype == np.bool_:
        pixels = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype == np.uint16:
        pixels = np.rint(array.astype(np.float32) / 257).astype(np.uint8)
    elif array.dtype.kind == "f":
        if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise InputError("The picture is an array of floats outside [0, 1]; please scale it to [0, 1] or to uint8.")
        pixels = np.rint(array.astype(np.float32) * 255).astype(np.uint8)
    elif array.dtype == np.uint8:
        pixels = array
    else:
        raise InputError(
            f"The picture is an array of {array.dtype}; please give uint8, uint16, bool or floats in [0, 1]."
        )
    if array.ndim == 3 and channels == 1:
        pixels = pixels[:, :, 0]
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    return picture if channels == 4 else picture.convert("RGB")


def _check_side(height: int, width: int, name: str) -> None:
    if min(height, width) < MIN_SIDE:
        raise InputError(
            f"{_start(name)} is too small ({width} x {height} pixels); please give one of at least "
            f"{MIN_SIDE} x {MIN_SIDE} pixels."
        )


def _too_large(name: str, detail: str = "") -> str:
    return (
        f"{_start(name)} is too large{detail}; please give one of at most {MAX_PIXELS // 1_000_000} million pixels, "
        "for instance by scaling it down."
    )


def _kind(head: bytes) -> str:
    """What a file that no decoder knows seems to be, for the message."""
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"):
        return "a HEIC picture, which is not supported"
    if head.lstrip().startswith((b"<svg", b"<?xml")):
        return "an SVG drawing or an XML file, not a photograph"
    if head.startswith(b"%PDF"):
        return "a PDF document, not a picture"
    return "not a picture in a format that can be read"


def _start(name: str) -> str:
    return name[0].upper() + name[1:]

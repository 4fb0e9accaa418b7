"""The picture field: it gives handlers the bytes of a file, which only `load_image` decodes."""

import base64
import binascii
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData
from gradio.processing_utils import save_bytes_to_cache, save_file_to_cache
from PIL import Image

from mmgrad.errors import InputError
from mmgrad.imaging.io import load_image

BROWSER_FORMATS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "AVIF")
"""Formats, by their Pillow names, that every current browser shows."""

JPEG_QUALITY = 92
"""Quality of pictures that are encoded again."""


@dataclass(frozen=True, eq=False)
class UploadedImage:
    """A picture that was given: the bytes of its file, not decoded and not checked."""

    content: bytes


@dataclass(frozen=True)
class InvalidUpload:
    """Stands for a picture that did not arrive: the sentence that says why."""

    reason: str


class ImageInput(gr.Image):
    """A picture field that gives handlers an `UploadedImage`, an `InvalidUpload` or None.

    The decoder of `gr.Image` clips 16-bit pictures, drops transparency and fails without a message. This one does not
    decode: the engine does, once.
    """

    is_template = True  # the front end is that of gr.Image

    # The types differ from those of gr.Image on purpose.
    def preprocess(self, payload: ImageData | None) -> UploadedImage | InvalidUpload | None:  # type: ignore[override]
        """Read the uploaded file or data URI; None if there is none."""
        if payload is None:
            return None
        try:
            return UploadedImage(_content(payload, Path(self.GRADIO_CACHE)))
        except InputError as error:
            return InvalidUpload(str(error))

    def postprocess(self, value: Any) -> Any:
        """Show a file (Path) or the bytes of one. A copy is served; the folder of the file is not."""
        if isinstance(value, Path):
            value = save_file_to_cache(value, self.GRADIO_CACHE)
        elif isinstance(value, bytes):
            value = save_bytes_to_cache(value, f"picture.{_suffix(value)}", self.GRADIO_CACHE)
        return super().postprocess(value)


def fit_to_browser(content: bytes) -> bytes:
    """A picture file that browsers show: the same bytes if they do, else a JPEG of at most 2,048 pixels a side.

    Raises InputError for what is not a picture.
    """
    return content if is_browser_safe(content) else encode_jpeg(content)


def is_browser_safe(content: bytes) -> bool:
    """Whether browsers show the picture file with these bytes."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return picture.format in BROWSER_FORMATS
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def encode_jpeg(content: bytes) -> bytes:
    """A picture file as a JPEG of at most 2,048 pixels a side. Raises InputError for what is not a picture."""
    buffer = io.BytesIO()
    Image.fromarray(load_image(content)).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _content(payload: ImageData, uploads: Path) -> bytes:
    """The bytes of a file in the folder of uploads, or of a data URI."""
    if payload.path:
        # Gradio does not check a path that comes without its mark of an upload; a request could name any file here.
        path = Path(payload.path).resolve()
        if not path.is_relative_to(uploads.resolve()):
            raise InputError("The picture did not arrive; please choose it again.")
        try:
            return path.read_bytes()
        except OSError as error:
            raise InputError("The picture did not arrive; please choose it again.") from error
    head, _, body = (payload.url or "").partition(",")
    if not head.startswith("data:") or not head.endswith(";base64"):
        raise InputError("The picture did not arrive; please choose it again.")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError("The picture arrived damaged; please choose it again.") from error


def _suffix(content: bytes) -> str:
    with Image.open(io.BytesIO(content)) as picture:
        return (picture.format or "jpeg").lower()

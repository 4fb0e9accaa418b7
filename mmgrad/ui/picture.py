"""The picture that a visitor gives, decoded by `load_image` and by nothing else."""

import base64
import binascii
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.data_classes import ImageData
from gradio.processing_utils import save_file_to_cache

from mmgrad.errors import InputError
from mmgrad.images import load_image


class Picture(gr.Image):
    """An image input that hands over RGB uint8 [H, W, 3], whatever was uploaded, or says in one sentence why not.

    The decoding that `gr.Image` has itself clips 16-bit pictures, drops transparency and fails silently.
    """

    is_template = True  # drawn by gr.Image's own front end

    def preprocess(self, payload: ImageData | None) -> np.ndarray | None:
        """The uploaded file, or a data URI, as an array; gr.Error with the reason where it is no picture."""
        if payload is None:
            return None
        try:
            return load_image(_source(payload))
        except InputError as error:
            raise gr.Error(str(error), duration=15, print_exception=False) from error

    def postprocess(self, value: Any) -> Any:
        """Show a file as it is (a copy of it is served, its folder stays closed), or an array without loss."""
        if isinstance(value, Path):
            value = save_file_to_cache(value, self.GRADIO_CACHE)
        return super().postprocess(value)


def _source(payload: ImageData) -> Path | bytes:
    if payload.path:
        return Path(payload.path)
    head, _, body = (payload.url or "").partition(",")
    if not head.startswith("data:") or not head.endswith(";base64"):
        raise InputError("The picture did not arrive; please choose it again.")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError("The picture arrived damaged; please choose it again.") from error

"""The picture that a visitor gives, decoded by `load_image` and by nothing else."""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.data_classes import ImageData
from gradio.processing_utils import save_file_to_cache

from mmgrad.errors import InputError
from mmgrad.imaging.io import load_image


@dataclass(frozen=True)
class Refused:
    """What stands for a file that is no picture: the sentence that says why."""

    reason: str


class Picture(gr.Image):
    """An image input that hands over RGB uint8 [H, W, 3], whatever was uploaded, or a `Refused` that says why not.

    It does not raise, because several events may read the same bad file and one of them should tell.

    The decoding that `gr.Image` has itself clips 16-bit pictures, drops transparency and fails silently.
    """

    is_template = True  # drawn by gr.Image's own front end

    # A handler may get a Refused, which gr.Image itself never hands over.
    def preprocess(self, payload: ImageData | None) -> np.ndarray | Refused | None:  # type: ignore[override]
        """The uploaded file, or a data URI, as an array; None where there is none."""
        if payload is None:
            return None
        try:
            return load_image(_source(payload))
        except InputError as error:
            return Refused(str(error))

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

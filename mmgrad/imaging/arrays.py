"""Arrays as pictures."""

import numpy as np
from PIL import Image

from mmgrad.errors import InputError
from mmgrad.imaging.limits import check_size


def from_array(array: np.ndarray) -> Image.Image:
    """An array as an RGB or RGBA picture.

    Args:
        array: uint8, uint16, bool, or floats in [0, 1], of shape [H, W], [H, W, 1], [H, W, 3] or [H, W, 4].

    Raises:
        InputError: another shape or kind of value, or a size that is refused.
    """
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise InputError(
            f"The picture is an array of shape {list(array.shape)}; please give [H, W], [H, W, 3] or [H, W, 4]."
        )
    check_size(array.shape[0], array.shape[1])
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

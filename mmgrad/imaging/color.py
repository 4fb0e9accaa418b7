"""Decoded pictures of any mode to 8-bit RGB as a person sees them: bit depth, color profile, transparency."""

from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

_SRGB = ("srgb", "srgb iec61966-2.1", "srgb iec61966-2-1", "srgb built-in", "c2", "c2ci")
"""Descriptions, in lower case, of profiles that mean sRGB itself; pictures that carry one are not changed."""


def to_8_bit(picture: Image.Image) -> Image.Image:
    """The same picture with 8 bits a channel, in one of the modes RGB, RGBA, L, CMYK and LAB."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return Image.fromarray(_scale(np.asarray(picture)))
    if picture.has_transparency_data:
        return picture if picture.mode == "RGBA" else picture.convert("RGBA")
    return picture if picture.mode in ("RGB", "L", "CMYK", "LAB") else picture.convert("RGB")


def to_srgb(picture: Image.Image, profile: bytes | None) -> tuple[Image.Image, bool]:
    """A picture from `to_8_bit`, as RGB or RGBA in sRGB; and whether a profile was applied.

    Args:
        profile: the embedded ICC profile. One that is damaged, or is for another kind of picture, has no effect.
    """
    if profile and not _is_srgb(profile):
        try:
            found = ImageCms.profileToProfile(
                picture,
                ImageCms.ImageCmsProfile(BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGBA" if picture.mode == "RGBA" else "RGB",
            )
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            found = None
        if found is not None:
            return found, True
    return (picture if picture.mode in ("RGB", "RGBA") else picture.convert("RGB")), False


def on_white(picture: Image.Image) -> Image.Image:
    """An RGB or RGBA picture as RGB, its transparency on white."""
    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture)
    return white.convert("RGB")


@lru_cache(maxsize=16)
def _is_srgb(profile: bytes) -> bool:
    try:
        description = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return False
    return description.strip().lower() in _SRGB


def _scale(values: np.ndarray) -> np.ndarray:
    """Gray values of more than 8 bits, [H, W], to uint8 by their nominal range: never clipped, never stretched."""
    wide = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    peak = float(wide.max(initial=0.0))
    if values.dtype.kind == "f":
        white = next((limit for limit in (1.0, 255.0, 65535.0) if peak <= limit), peak)
    else:
        white = max(65535.0, peak)
    narrow: np.ndarray = np.clip(np.rint(wide * (255 / white)), 0, 255).astype(np.uint8)
    return narrow

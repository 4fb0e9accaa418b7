"""Color profiles: pictures are read in sRGB, whatever space they are stored in."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from mmgrad.imaging.io import load_image


def gradient() -> Image.Image:
    rows, columns = np.mgrid[0:120, 0:160]
    return Image.fromarray(np.dstack([130 + rows, 20 + columns // 2, 90 - rows // 2]).astype(np.uint8))


def wide_profile() -> bytes:
    """An RGB profile with larger primaries than sRGB: sRGB's own, its primaries exchanged for those of Display P3."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132], "big")
    primaries = {
        b"rXYZ": (0.51512, 0.2412, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.1571, 0.06657, 0.78407),
    }
    for entry in range(count):
        tag = bytes(profile[132 + 12 * entry : 136 + 12 * entry])
        start = int.from_bytes(profile[136 + 12 * entry : 140 + 12 * entry], "big")
        if tag in primaries:
            numbers = b"".join(int(value * 65536).to_bytes(4, "big", signed=True) for value in primaries[tag])
            profile[start + 8 : start + 20] = numbers
        if tag == b"desc":
            size = int.from_bytes(profile[140 + 12 * entry : 144 + 12 * entry], "big")
            text = bytes(profile[start : start + size])
            profile[start : start + size] = text.replace("sRGB".encode("utf-16-be"), "wide".encode("utf-16-be"))
    return bytes(profile)


def stored(picture: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("max_side", [512, 80])
def test_a_picture_with_a_wide_profile_looks_like_its_srgb_original(format: str, max_side: int) -> None:
    wide = ImageCms.ImageCmsProfile(io.BytesIO(wide_profile()))
    original = gradient()
    there = ImageCms.profileToProfile(original, ImageCms.createProfile("sRGB"), wide)
    assert there is not None
    options = {"lossless": True} if format == "WEBP" else {"quality": 98, "subsampling": 0} if format == "JPEG" else {}
    data = stored(there, format, icc_profile=wide_profile(), **options)
    expected = load_image(stored(original, "PNG"), max_side).astype(int)
    assert np.abs(load_image(data, max_side) - expected).mean() < 1
    assert np.abs(load_image(np.asarray(there), max_side) - expected).mean() > 3, "the profile makes no difference"


def test_transparency_survives_the_conversion() -> None:
    picture = gradient().convert("RGBA")
    picture.putalpha(Image.fromarray(np.repeat([[0], [255]], 60, axis=0).repeat(160, axis=1).astype(np.uint8)))
    pixels = load_image(stored(picture, "PNG", icc_profile=wide_profile()))
    assert (pixels[:60] == 255).all()
    assert (pixels[60:] != 255).any()


@pytest.mark.parametrize("profile", [b"no profile", wide_profile()[:200]])
def test_a_damaged_profile_is_ignored(profile: bytes) -> None:
    assert np.array_equal(load_image(stored(gradient(), "PNG", icc_profile=profile)), np.asarray(gradient()))


def test_an_rgb_profile_on_a_gray_picture_is_ignored() -> None:
    gray = gradient().convert("L")
    pixels = load_image(stored(gray, "PNG", icc_profile=wide_profile()))
    assert np.array_equal(pixels, np.asarray(gray.convert("RGB")))


def test_srgb_itself_changes_no_pixel() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(load_image(stored(gradient(), "PNG", icc_profile=profile)), np.asarray(gradient()))


def test_a_pillow_picture_is_converted_as_its_file_is(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(stored(gradient(), "PNG", icc_profile=wide_profile()))
    with Image.open(path) as picture:
        assert np.array_equal(load_image(picture), load_image(path))

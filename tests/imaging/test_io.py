import contextlib
import io
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmgrad.errors import InputError
from mmgrad.imaging import limits
from mmgrad.imaging.io import MAX_SIDE, load_image, read_image

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def quarters(height: int = 40, width: int = 60) -> np.ndarray:
    """Red, green / blue, white: every turn and flip of it is different."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[: height // 2, : width // 2] = RED
    pixels[: height // 2, width // 2 :] = GREEN
    pixels[height // 2 :, : width // 2] = BLUE
    return pixels


def encoded(picture: Image.Image, format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format, **options)
    return stream.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def hollow_png(width: int, height: int) -> bytes:
    """A PNG that announces a size and carries no pixels: opening it is free, decoding it must not be tried."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM", "GIF"])
def test_lossless_formats_come_back_to_the_pixel(format: str) -> None:
    assert np.array_equal(load_image(encoded(Image.fromarray(quarters()), format)), quarters())


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF"])
def test_lossy_formats_come_back_nearly(format: str) -> None:
    pixels = load_image(encoded(Image.fromarray(quarters()), format, quality=95))
    assert pixels.shape == (40, 60, 3)
    # Colour is stored at half resolution: compare away from the edges of the quarters.
    for row, column in ((8, 10), (8, 50), (32, 10), (32, 50)):
        assert np.abs(pixels[row, column].astype(int) - quarters()[row, column]).max() < 12


def test_path_text_path_object_bytes_picture_and_array_agree(tmp_path: Path) -> None:
    picture = Image.fromarray(quarters())
    file = tmp_path / "a b ü.png"
    picture.save(file)
    for source in (file, str(file), file.read_bytes(), picture, quarters()):
        pixels = load_image(source)
        assert pixels.dtype == np.uint8
        assert pixels.flags.c_contiguous
        assert np.array_equal(pixels, quarters())


def test_the_result_is_not_shared_with_the_source() -> None:
    source = quarters()
    load_image(source)[:] = 0
    assert np.array_equal(source, quarters())


@pytest.mark.parametrize(
    ("orientation", "undo"),
    [
        (1, lambda a: a),
        (2, lambda a: a[:, ::-1]),
        (3, lambda a: a[::-1, ::-1]),
        (4, lambda a: a[::-1]),
        (5, lambda a: a.transpose(1, 0, 2)),
        (6, lambda a: np.rot90(a, 1)),
        (7, lambda a: a[::-1, ::-1].transpose(1, 0, 2)),
        (8, lambda a: np.rot90(a, -1)),
        (99, lambda a: a),
    ],
)
@pytest.mark.parametrize("format", ["PNG", "TIFF", "JPEG"])
def test_exif_orientation_turns_the_picture_upright(
    format: str, orientation: int, undo: Callable[[np.ndarray], np.ndarray]
) -> None:
    stored = Image.fromarray(np.ascontiguousarray(undo(quarters())))
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = load_image(encoded(stored, format, exif=exif, **({"quality": 95} if format == "JPEG" else {})))
    assert pixels.shape == (40, 60, 3)
    for row, column in ((8, 10), (8, 50), (32, 10), (32, 50)):
        assert np.abs(pixels[row, column].astype(int) - quarters()[row, column]).max() < 12


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_is_ignored() -> None:
    data = encoded(Image.fromarray(quarters()), "PNG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    assert np.array_equal(load_image(data), quarters())


def test_transparency_is_flattened_on_white() -> None:
    rgba = np.dstack([quarters(), np.full((40, 60), 255, np.uint8)])
    rgba[:20, :30, 3] = 0  # the red quarter disappears
    rgba[:20, 30:, 3] = 51  # a fifth of green
    for source in (encoded(Image.fromarray(rgba), "PNG"), Image.fromarray(rgba), rgba):
        pixels = load_image(source)
        assert tuple(pixels[5, 5]) == (255, 255, 255)
        assert np.abs(pixels[5, 50].astype(int) - (204, 255, 204)).max() <= 1
        assert tuple(pixels[30, 5]) == BLUE


def test_transparent_colour_does_not_bleed_when_scaled_down() -> None:
    rgba = np.zeros((400, 400, 4), np.uint8)  # black, invisible
    rgba[:, 201:] = (255, 255, 255, 255)
    assert load_image(rgba, max_side=40).min() >= 254


def test_palette_with_a_transparent_entry_is_flattened_on_white() -> None:
    palette = Image.fromarray(quarters()).quantize(4)
    entry = palette.getpixel((5, 5))
    for format in ("PNG", "GIF"):
        pixels = load_image(encoded(palette, format, transparency=entry))
        assert tuple(pixels[5, 5]) == (255, 255, 255)
        assert tuple(pixels[30, 5]) == BLUE


def test_grey_grey_with_alpha_and_one_bit_become_rgb() -> None:
    grey = Image.fromarray(np.tile(np.arange(60, dtype=np.uint8) * 4, (40, 1)))
    assert np.array_equal(load_image(encoded(grey, "PNG")), np.dstack([np.asarray(grey)] * 3))
    assert load_image(encoded(grey.convert("LA"), "PNG")).shape == (40, 60, 3)
    assert set(np.unique(load_image(encoded(grey.convert("1"), "PNG")))) == {0, 255}


def test_16_bit_grey_is_scaled_not_clipped() -> None:
    ramp = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (16, 1))
    expected = np.rint(ramp / 257)
    for source in (encoded(Image.fromarray(ramp), "PNG"), encoded(Image.fromarray(ramp), "TIFF"), ramp):
        pixels = load_image(source)
        assert np.abs(pixels[:, :, 0] - expected).max() <= 1
        assert len(np.unique(pixels)) == 256


def test_a_dark_16_bit_picture_stays_dark() -> None:
    assert load_image(np.full((16, 16), 2570, np.uint16)).max() == 10


def test_16_bit_rgb_png_is_scaled() -> None:
    row = b"\x00" + b"".join(struct.pack(">HHH", 65535, 32896, 0) for _ in range(16))
    data = (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 16, 2, 0, 0, 0))
        + png_chunk(b"IDAT", zlib.compress(row * 16))
        + png_chunk(b"IEND", b"")
    )
    assert np.abs(load_image(data)[3, 3].astype(int) - (255, 128, 0)).max() <= 1


def test_cmyk_jpeg_keeps_its_colours() -> None:
    data = encoded(Image.fromarray(quarters()).convert("CMYK"), "JPEG", quality=95)
    assert Image.open(io.BytesIO(data)).mode == "CMYK"
    pixels = load_image(data).astype(int)
    for row, column in ((8, 10), (8, 50), (32, 10), (32, 50)):
        assert np.abs(pixels[row, column] - quarters()[row, column]).max() < 25


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_gives_its_first_frame(format: str) -> None:
    frames = [Image.new("RGB", (32, 24), colour) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if format == "WEBP" else {}
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:], **options)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    pixels = load_image(data)
    assert pixels.shape == (24, 32, 3)
    assert tuple(pixels[12, 16]) == RED


def test_float_and_one_bit_arrays_are_scaled() -> None:
    assert load_image(np.full((16, 16, 3), 0.5)).max() == 128
    assert load_image(np.ones((16, 16, 1), bool)).min() == 255


def test_large_pictures_are_scaled_down_in_proportion() -> None:
    assert load_image(np.zeros((1000, 4096, 3), np.uint8)).shape == (500, MAX_SIDE, 3)
    data = encoded(Image.new("RGB", (5000, 2500), RED), "JPEG")
    pixels = load_image(data)
    assert pixels.shape == (1024, MAX_SIDE, 3)
    assert np.abs(pixels[500, 500].astype(int) - RED).max() < 5


def test_every_pixel_is_kept_when_asked() -> None:
    data = encoded(Image.new("RGB", (3000, 1500), RED), "JPEG")
    assert load_image(data, max_side=None).shape == (1500, 3000, 3)


@pytest.mark.parametrize("size", [(20_000, 400), (400, 20_000), (512, 8)])
def test_a_long_picture_that_is_accepted_once_is_accepted_again_reduced(size: tuple[int, int]) -> None:
    data = encoded(Image.new("RGB", size, RED), "JPEG")
    for max_side in (MAX_SIDE, 512):
        reduced = load_image(data, max_side)
        assert min(reduced.shape[:2]) >= 8
        assert load_image(reduced).shape == reduced.shape


@pytest.mark.parametrize("size", [(20_000, 10), (10, 20_000), (8, 600)])
def test_a_line_is_refused_in_words_as_a_file_and_as_an_array(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size)
    for source in (picture, encoded(picture, "PNG"), encoded(picture, "JPEG"), np.asarray(picture)):
        for max_side in (MAX_SIDE, 512, None):
            with pytest.raises(InputError, match="too long and thin"):
                load_image(source, max_side)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
def test_a_reduced_picture_knows_the_upright_size_of_its_original(format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(quarters(1000, 1500)), format, exif=exif)
    found = read_image(data, 512)
    upright = (1000, 1500) if orientation == 1 else (1500, 1000)
    assert (found.height, found.width) == upright
    assert 448 <= max(found.pixels.shape) <= 512
    assert found.pixels.shape[0] / found.pixels.shape[1] == pytest.approx(upright[0] / upright[1], rel=0.01)


def test_a_picture_of_512_pixels_or_less_keeps_every_pixel() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (512, 400, 3), np.uint8))
    for format in ("PNG", "JPEG", "WEBP"):
        data = encoded(noise, format)
        with Image.open(io.BytesIO(data)) as picture:
            assert np.array_equal(read_image(data).pixels, np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize(("width", "height"), [(10_001, 10_000), (30_000, 30_000), (2**31 - 1, 2**31 - 1)])
def test_too_many_pixels_are_refused_before_decoding(width: int, height: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match="too large"):
            load_image(hollow_png(width, height))


def test_a_hollow_picture_of_an_allowed_size_is_damaged() -> None:
    with pytest.raises(InputError, match="damaged"):
        load_image(hollow_png(100, 100))


@pytest.mark.parametrize("size", [(1, 1), (7, 400), (400, 7)])
def test_tiny_pictures_are_refused(size: tuple[int, int]) -> None:
    for source in (Image.new("RGB", size), encoded(Image.new("RGB", size), "PNG"), np.zeros((*size, 3), np.uint8)):
        with pytest.raises(InputError, match="too small"):
            load_image(source)


def damaged() -> list[tuple[str, bytes]]:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    files = []
    for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"):
        whole = encoded(noise, format)
        files += [(f"{format} cut at {share}", whole[: int(len(whole) * share)]) for share in (0.02, 0.3, 0.7)]
        files += [(f"{format} head only", whole[:16])]
    return files


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in damaged()])
def test_truncated_files_are_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        load_image(data)
    assert "\n" not in str(caught.value)


def test_a_jpeg_without_its_end_is_decoded_with_a_note() -> None:
    whole = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (160, 160, 3), np.uint8)), "JPEG")
    assert read_image(whole).note == ""
    assert np.array_equal(load_image(whole[:-2]), load_image(whole))
    found = read_image(whole[: int(0.9 * len(whole))])
    assert "cut short" in found.note
    assert np.array_equal(found.pixels[:112], load_image(whole)[:112])
    with pytest.raises(InputError, match="cut short"):
        read_image(whole[: int(0.6 * len(whole))])


def test_a_kind_of_tiff_that_is_not_decoded_is_named() -> None:
    bands = np.zeros((16, 16, 5), np.uint8).tobytes()
    entries = [(256, 16), (257, 16), (258, 8), (259, 1), (262, 2), (273, 200), (277, 5), (278, 16), (279, len(bands))]
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries
    )
    data = (b"II*\0" + struct.pack("<I", 8) + directory + bytes(4)).ljust(200, b"\0") + bands
    with pytest.raises(InputError, match="a kind of TIFF that cannot be read"):
        load_image(data)


def test_objects_that_are_no_pictures_are_refused_and_open_files_are_read(tmp_path: Path) -> None:
    for source in (None, 3, [1, 2], object()):
        with pytest.raises(InputError, match="cannot be read from"):
            load_image(source)  # type: ignore[arg-type]
    data = encoded(Image.fromarray(quarters()), "PNG")
    assert np.array_equal(load_image(io.BytesIO(data)), quarters())  # type: ignore[arg-type]
    with pytest.raises(InputError, match="address of the web"):
        load_image("https://example.org/a.png")


def test_messages_name_no_folder_and_are_valid_text(tmp_path: Path) -> None:
    path = tmp_path / "b\udce9.png"  # a Latin-1 name, as old archives have
    for content in (b"no", b""):
        path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            load_image(path)
        assert str(tmp_path) not in str(caught.value)
        assert "b\\xe9.png" in str(caught.value).encode().decode()


def test_a_heic_picture_is_read_where_the_package_is_installed() -> None:
    heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    heif.from_pillow(Image.fromarray(quarters(400, 600))).save(file, quality=90)
    found = read_image(file.getvalue())
    assert (found.height, found.width) == (400, 600)
    assert np.abs(found.pixels[10, 10].astype(int) - RED).max() < 20


@pytest.mark.filterwarnings("ignore")  # the TIFF reader warns of what it skips
def test_random_damage_gives_pixels_or_our_error_and_nothing_else() -> None:
    rng = np.random.default_rng(1)
    noise = Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8))
    for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM"):
        whole = np.frombuffer(encoded(noise, format), np.uint8)
        for _ in range(60):
            broken = whole.copy()
            places = rng.integers(0, len(broken), 8)
            broken[places] = rng.integers(0, 256, len(places))
            with contextlib.suppress(InputError):
                assert load_image(broken.tobytes()).ndim == 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello, this is a text file", "not a picture"),
        (b"\x00" * 2000, "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "SVG"),
        (b"<?xml version='1.0'?><svg></svg>", "SVG"),
        (b"%PDF-1.7", "PDF"),
        (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 40, "HEIC"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load_image(data)


def test_missing_folder_and_unreadable_paths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no picture at"):
        load_image(tmp_path / "none.png")
    with pytest.raises(InputError, match="folder"):
        load_image(tmp_path)
    with pytest.raises(InputError, match="regular file"):
        load_image("/dev/null")
    with pytest.raises(InputError, match=r"no picture at|cannot be read"):
        load_image("a\0b.png")
    with pytest.raises(InputError, match="cannot be read"):
        load_image("x" * 5000)
    with pytest.raises(InputError):
        load_image("")
    empty = tmp_path / "empty.jpg"
    empty.touch()
    with pytest.raises(InputError, match=r"'empty.jpg' is an empty file"):
        load_image(empty)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((20,), np.uint8),
        np.zeros((20, 20, 2), np.uint8),
        np.zeros((2, 20, 20, 3), np.uint8),
        np.zeros((20, 20, 3), np.int64),
        np.full((20, 20, 3), np.nan),
        np.full((20, 20, 3), 2.0),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(array: np.ndarray) -> None:
    with pytest.raises(InputError):
        load_image(array)


def test_the_limit_of_pixels_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PIXELS", 1_000_000)
    with pytest.raises(InputError, match="at most 1 million pixels"):
        load_image(np.zeros((1001, 1000, 3), np.uint8))

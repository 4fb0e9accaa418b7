"""Which files are pictures: the formats that are decoded, their suffixes, and what other files seem to be."""

from functools import cache

ADVICE = "please give a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF picture"

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM")
"""Formats that are decoded, by their Pillow names; none that runs another program (EPS). JPEG includes MPO."""

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"}
    | {".avif", ".ppm", ".pgm", ".pbm", ".pnm"}
)
"""Suffixes, in lower case, of files that are taken for pictures."""

HEIF_SUFFIXES = frozenset({".heic", ".heif", ".hif"})
"""Suffixes of pictures that need the optional package pillow-heif."""

_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@cache
def formats() -> tuple[str, ...]:
    """The Pillow names of the formats that can be decoded here."""
    return (*FORMATS, "HEIF") if can_read_heif() else FORMATS


@cache
def can_read_heif() -> bool:
    """Whether pillow-heif is installed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


@cache
def suffixes() -> frozenset[str]:
    """The suffixes of pictures that can be decoded here."""
    return SUFFIXES | HEIF_SUFFIXES if can_read_heif() else SUFFIXES


def is_picture(head: bytes) -> bool:
    """Whether a file that begins with these bytes (at least 16) seems to be in one of the decoded formats."""
    return (
        head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", *_TIFF))
        or (head.startswith(b"RIFF") and head[8:12] == b"WEBP")
        or (head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"))
        or (_is_heif(head) and can_read_heif())
    )


def describe(head: bytes) -> str:
    """What a file that no decoder can open seems to be, to end the sentence "'x' is ..." with."""
    if _is_heif(head):
        return "a HEIC picture; please install pillow-heif (`pip install mmgrad[heif]`) or save it as JPEG"
    if head.startswith(_TIFF):
        return f"a kind of TIFF that cannot be read; {ADVICE} of 8 or 16 bits in gray, RGB or CMYK"
    if head.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer, not the picture itself; please run `git lfs pull`"
    if head.lstrip().startswith((b"<svg", b"<?xml")):
        return f"an SVG drawing or an XML file, not a photograph; {ADVICE}"
    if head.startswith(b"%PDF"):
        return f"a PDF document, not a picture; {ADVICE}"
    return f"not a picture in a format that can be read; {ADVICE}"


def _is_heif(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS

"""The sizes of pictures that are accepted: one check for files and arrays alike."""

from mmgrad.errors import InputError

MAX_SIDE = 2048
"""The longest side, in pixels, that `load_image` returns unless told otherwise."""

MAX_PIXELS = 100_000_000
"""Pictures with more pixels than this are refused before they are decoded."""

MIN_SIDE = 8
"""Pictures with a side shorter than this hold nothing to look at and are refused."""

MAX_ASPECT = 64
"""Pictures that are more times as long as wide than this are refused. A picture within this limit is still at least
MIN_SIDE wide when it is reduced to 512 pixels, so that a reduced copy is never refused where its original was not."""


def check_size(height: int, width: int, name: str = "the picture") -> None:
    """Raise InputError unless a picture of this size can be used."""
    name = name[0].upper() + name[1:]
    if height * width > MAX_PIXELS:
        raise InputError(too_large(name, f" ({width} x {height} pixels)"))
    if min(height, width) < MIN_SIDE:
        raise InputError(
            f"{name} is too small ({width} x {height} pixels); please give one of at least {MIN_SIDE} x {MIN_SIDE} "
            "pixels."
        )
    if max(height, width) > MAX_ASPECT * min(height, width):
        raise InputError(
            f"{name} is too long and thin ({width} x {height} pixels); please give one that is at most {MAX_ASPECT} "
            "times as long as wide."
        )


def too_large(name: str, detail: str = "") -> str:
    """The message about a picture of too many pixels."""
    return (
        f"{name[0].upper() + name[1:]} is too large{detail}; please give one of at most {MAX_PIXELS // 1_000_000} "
        "million pixels, for instance by scaling it down."
    )

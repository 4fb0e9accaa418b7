"""Checks of the arguments of `Engine`: each refuses in one sentence what cannot be used."""

from math import nan
from numbers import Integral, Real
from typing import Any

from mmgrad.errors import InputError

MAX_TEXT = 300
"""Characters of a text."""

DEFAULT_TOP_K = 12

MAX_TOP_K = 50
"""Results of one explanation; a search has no limit."""

MAX_TEXT_WEIGHT = 2.0

_EXAMPLE = "say in words what should be different, such as 'replace the dog with a cat'"


def checked_text(text: object) -> str:
    """A text of 1 to MAX_TEXT characters. Raises InputError for anything else."""
    if not isinstance(text, str):
        raise InputError(f"The text must be a string, not {_kind(text)}; {_EXAMPLE}.")
    if not text.strip():
        raise InputError(f"The text is empty; {_EXAMPLE}.")
    if len(text) > MAX_TEXT:
        raise InputError(
            f"The text has {len(text)} characters; at most {MAX_TEXT} are allowed; ask for one or two changes."
        )
    return text


def checked_top_k(top_k: object, limit: int | None = None) -> int:
    """A number of results: a whole number from 1, at most `limit` where there is one. Raises InputError."""
    allowed = "from 1" if limit is None else f"from 1 to {limit}"
    count = int(top_k) if isinstance(top_k, Integral) and not isinstance(top_k, bool) else 0
    if count < 1 or (limit is not None and count > limit):
        raise InputError(f"The number of results must be a whole number {allowed}, not {top_k!r}.")
    return count


def checked_text_weight(text_weight: object) -> float:
    """A number from 0 to MAX_TEXT_WEIGHT. Raises InputError."""
    weight = float(text_weight) if isinstance(text_weight, Real) and not isinstance(text_weight, bool) else nan
    if not 0 <= weight <= MAX_TEXT_WEIGHT:  # NaN fails too
        raise InputError(f"The text weight must be a number from 0 to {MAX_TEXT_WEIGHT:g}, not {text_weight!r}.")
    return weight


def paired(images: Any, texts: Any) -> tuple[list[Any], list[Any], bool]:
    """Images and texts as two lists of equal length, and whether both were single.

    A list or a tuple is several; anything else is one, which is paired with each of the other. Raises InputError for
    lists of different lengths.
    """
    several = isinstance(images, list | tuple), isinstance(texts, list | tuple)
    left, right = list(images) if several[0] else [images], list(texts) if several[1] else [texts]
    if several[0] and several[1] and len(left) != len(right):
        raise InputError(f"There are {len(left)} images and {len(right)} texts; give one text for each image.")
    if not several[0]:
        left = left * len(right)
    if not several[1]:
        right = right * len(left)
    return left, right, not any(several)


def _kind(value: object) -> str:
    name = "None" if value is None else type(value).__name__
    return name if value is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"

"""What one visitor may ask of a page that many share."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from mmgrad.engine import MAX_TOP_K
from mmgrad.errors import InputError


@dataclass(frozen=True)
class Limits:
    """Each is set by the environment variable that stands beside it.

    Attributes:
        queue: visitors who may wait in line; the next one is told that the place is full. MMGRAD_QUEUE
        upload: megabytes of a file that is sent. MMGRAD_MAX_UPLOAD
        results: the most results of one answer, at most MAX_TOP_K. MMGRAD_MAX_RESULTS
    """

    queue: int = 32
    upload: int = 64
    results: int = MAX_TOP_K

    def __post_init__(self) -> None:
        if self.results > MAX_TOP_K:
            raise InputError(f"{VARIABLES['results']} must be at most {MAX_TOP_K}, not {self.results}.")

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Limits":
        """The limits that an environment sets; an empty variable is none. Raises InputError for a bad number."""
        given = {field.name: environment.get(VARIABLES[field.name], "").strip() for field in fields(cls)}
        return cls(**{name: _count(VARIABLES[name], text) for name, text in given.items() if text})


VARIABLES = {"queue": "MMGRAD_QUEUE", "upload": "MMGRAD_MAX_UPLOAD", "results": "MMGRAD_MAX_RESULTS"}


def _count(variable: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= 1):
        raise InputError(f"{variable} must be a whole number of at least 1, not '{text}'.")
    return int(text)

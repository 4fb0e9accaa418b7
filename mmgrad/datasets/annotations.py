"""JSON annotation files: complete reading, with one clear sentence per fault."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmgrad.errors import InputError


@dataclass(frozen=True)
class Entry:
    """One JSON object of an annotation file, and its description for messages.

    Each reader raises InputError if the field is missing or of another type.
    """

    fields: Mapping[str, Any]
    where: str

    def __contains__(self, key: str) -> bool:
        return key in self.fields

    def text(self, key: str) -> str:
        """A string, possibly empty."""
        value = self.fields.get(key)
        if not isinstance(value, str):
            raise self._fault(key, "a text")
        return value

    def number(self, key: str) -> int:
        """A whole number."""
        value = self.fields.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._fault(key, "a whole number")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A non-empty list of strings."""
        value = self.fields.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise self._fault(key, "a list of texts")
        return tuple(value)

    def numbers(self, key: str) -> tuple[int, ...]:
        """A non-empty list of whole numbers."""
        value = self.fields.get(key)
        if not isinstance(value, list) or not value or not all(type(item) is int for item in value):
            raise self._fault(key, "a list of whole numbers")
        return tuple(value)

    def entry(self, key: str) -> "Entry":
        """A nested object."""
        value = self.fields.get(key)
        if not isinstance(value, dict):
            raise self._fault(key, "an object")
        return Entry(value, f"'{key}' of {self.where}")

    def entries(self, key: str) -> list["Entry"]:
        """A non-empty list of objects."""
        return _entries(self.fields.get(key), f"'{key}' of {self.where}")

    def _fault(self, key: str, kind: str) -> InputError:
        return InputError(f"{self.where} must have '{key}', {kind}; please download the file again.")


def read_entries(path: Path) -> list[Entry]:
    """The objects of a file that is a list of objects. Raises InputError if it is missing, broken or something else."""
    return _entries(_read(path), f"'{path}'")


def read_entry(path: Path) -> Entry:
    """The object that a file contains. Raises InputError if it is missing, broken or something else."""
    value = _read(path)
    if not isinstance(value, dict):
        raise InputError(f"'{path}' must be a JSON object; please download the file again.")
    return Entry(value, f"'{path}'")


def read_names(path: Path) -> tuple[str, ...]:
    """The distinct strings of a file that is a list of strings. Raises InputError as `read_entries` does."""
    return tuple(dict.fromkeys(Entry({"list": _read(path)}, f"'{path}'").texts("list")))


def _entries(value: object, where: str) -> list[Entry]:
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        raise InputError(f"{where} must be a list of JSON objects; please download the file again.")
    return [Entry(item, f"entry {number} of {where}") for number, item in enumerate(value)]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(
            f"The annotations '{path}' cannot be read ({error.strerror or error}); please download them there."
        ) from error
    except (ValueError, RecursionError) as error:  # not JSON, or not UTF-8
        raise InputError(f"The annotations '{path}' are not JSON; please download the file again.") from error

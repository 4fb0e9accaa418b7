"""What a gallery's metadata says of its pictures: the ImageFolder layout's `metadata.jsonl` or `metadata.csv`."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from mmgrad.errors import GalleryError

METADATA = ("metadata.jsonl", "metadata.csv")
"""The first that exists counts. One JSON object a line, or one row under a line of names: `file_name` (relative to the
file's own folder, with /) and, as wished, `caption`, `licence`, `link`."""

WORDS = {"caption": ("caption", "text", "captions"), "licence": ("licence", "license"), "link": ("link", "url")}
"""The names that a caption, a licence and a link go by, the surest first."""


@dataclass(frozen=True)
class Entry:
    """One picture that metadata lists: where that is said, its file relative to the metadata, and what is said."""

    where: str
    name: str
    said: dict[str, str | None]


def said(fields: Mapping[str, object]) -> dict[str, str | None]:
    """`caption`, `licence` and `link` of a picture, None where there is none. Of a list of captions, the first."""
    found: dict[str, str | None] = {}
    for word, names in WORDS.items():
        values = (fields.get(name) for name in names)
        texts = (value[0] if isinstance(value, list) and value else value for value in values)
        found[word] = next((text for text in texts if isinstance(text, str) and text), None)
    return found


def entries(data: bytes, name: str) -> Iterator[Entry]:
    """The pictures that the content of a file of metadata lists. `name` calls the file in messages.

    Raises:
        GalleryError: it is no UTF-8 text, a line is broken or names no file, or a picture is listed twice.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GalleryError(f"'{name}' is not a UTF-8 text file; please save it as one.") from error
    seen: set[str] = set()
    for number, fields in _rows(text, name) if name.endswith(".csv") else _lines(text, name):
        where = f"Line {number} of '{name}'"
        given = fields.get("file_name")
        if not isinstance(given, str) or not given or "\0" in given:
            raise GalleryError(
                f"{where} has no 'file_name'; please name a picture relative to the gallery in each line."
            )
        picture = str(PurePosixPath(given))
        if picture in seen:
            raise GalleryError(f"{where} names '{picture}' a second time; please list a picture once.")
        seen.add(picture)
        yield Entry(where, picture, said(fields))


def _lines(text: str, name: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(text.split("\n"), start=1):  # not splitlines: a caption may hold U+2028
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except ValueError as error:
            raise GalleryError(
                f"Line {number} of '{name}' is not JSON; please write one JSON object a line."
            ) from error
        yield number, fields if isinstance(fields, dict) else {}


def _rows(text: str, name: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        for fields in reader:
            yield reader.line_num, fields
    except csv.Error as error:
        raise GalleryError(f"Line {reader.line_num} of '{name}' is not CSV ({error}); please mend it.") from error

"""What the metadata files of a gallery say about its pictures, in the ImageFolder layout of `datasets`."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from posixpath import normpath

from mmgrad.errors import GalleryError

METADATA = ("metadata.jsonl", "metadata.csv", "metadata.tsv", "metadata.parquet")
"""Names of metadata files, in any case; the first that a folder holds counts. `file_name` is relative to the file's own
folder. The keys of FIELDS are optional."""

FIELDS = {
    "caption": ("caption", "text", "captions"),
    "license": ("license", "licence"),
    "link": ("link", "url"),
    "title": ("title",),
    "author": ("author", "artist", "creator", "photographer"),
}
"""The fields of a record and the keys that each is read from, the first that is there."""

_NAMES = ("file_name", "filename", "file", "path", "image")
_DELIMITERS = ",;\t|"
_OUTSIDE = re.compile(r"^/|^[A-Za-z]:|(^|/)\.\.(/|$)")


@dataclass(frozen=True)
class Entry:
    """One line: the path of a picture relative to the folder of the metadata, and the fields of its record."""

    name: str
    fields: dict[str, str | None]


def record_fields(row: Mapping[str, object]) -> dict[str, str | None]:
    """The fields of a record, None where the row has none. Of a list of captions, the first."""
    found: dict[str, str | None] = {}
    for field, keys in FIELDS.items():
        values = (row.get(key) for key in keys)
        texts = (value[0] if isinstance(value, list) and value else value for value in values)
        found[field] = next((_valid(text) for text in texts if isinstance(text, str) and text), None)
    return found


def read_entries(data: bytes, title: str) -> Iterator[Entry]:
    """The pictures that a metadata file lists.

    Args:
        data: its content: JSON lines, parquet, or a table with a line of names, separated by commas, semicolons or
            tabs.
        title: the path of the file; its suffix says what it is, and messages call it so.

    Raises:
        GalleryError: it is not UTF-8 text, a line is broken, or a line names no file or one outside the gallery.
    """
    for number, row in _rows(data, title):
        row = {str(key).strip().lower().replace(" ", "_"): value for key, value in row.items()}
        name = next((row[key] for key in _NAMES if row.get(key)), None)
        if not isinstance(name, str) or not name.strip() or "\0" in name:
            raise GalleryError(
                f"Line {number} of '{title}' has no 'file_name'; please name a picture relative to the gallery in each "
                "line."
            )
        name = normpath(_valid(name.strip()).replace("\\", "/"))
        if _OUTSIDE.search(name):
            raise GalleryError(
                f"Line {number} of '{title}' names '{name}', which lies outside the gallery; please copy it inside."
            )
        yield Entry(name, record_fields(row))


def _valid(text: str) -> str:
    """The text without halves of characters, which JSON may hold and UTF-8 may not."""
    return text.encode("utf-8", "replace").decode()


def _rows(data: bytes, title: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    suffix = PurePosixPath(title).suffix.lower()
    if suffix == ".parquet":
        yield from _parquet(data, title)
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GalleryError(f"'{title}' is not a UTF-8 text file; please save it as one.") from error
    yield from _json_lines(text, title) if suffix == ".jsonl" else _table(text, title)


def _json_lines(text: str, title: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(text.split("\n"), start=1):  # not splitlines: a caption may hold U+2028
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise GalleryError(
                f"Line {number} of '{title}' is not JSON; please write one JSON object a line."
            ) from error
        yield number, row if isinstance(row, dict) else {}


def _table(text: str, title: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    header = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            yield reader.line_num, {key: value for key, value in row.items() if key}
    except csv.Error as error:
        raise GalleryError(f"Line {reader.line_num} of '{title}' is not CSV ({error}); please correct it.") from error


def _parquet(data: bytes, title: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise GalleryError(
            f"'{title}' needs the package pyarrow; please install it with `pip install pyarrow`."
        ) from error
    known = {*_NAMES, *(key for keys in FIELDS.values() for key in keys)}
    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(data))
        columns = [name for name in file.schema_arrow.names if name.strip().lower() in known]
        rows = file.read(columns=columns).to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise GalleryError(f"'{title}' is damaged and cannot be read; please save it again.") from error
    yield from enumerate(rows, start=1)

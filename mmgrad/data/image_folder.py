"""A folder of pictures as a list of records: the ImageFolder layout with its `metadata.jsonl`, or any folder at all."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mmgrad.errors import GalleryError

METADATA = "metadata.jsonl"
"""One JSON object a line: `file_name` (relative to the folder, with /) and, as wished, `caption`, `licence`, `link`."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".ppm", ".pgm"})
"""Which files of a folder without metadata are taken for pictures; upper case counts too."""


@dataclass(frozen=True)
class Record:
    """One picture of a gallery.

    Attributes:
        id: its path relative to the folder, with /; unique in the gallery.
        path: where the file lies.
        caption, licence, link: what the metadata says of it, else None.
    """

    id: str
    path: Path
    caption: str | None = None
    licence: str | None = None
    link: str | None = None


def read_folder(folder: Path) -> list[Record]:
    """The pictures of a folder, sorted by id: those that its metadata lists, else every picture below it.

    Hidden files and folders are passed over, and so are links that lead out of the folder. No picture is opened.

    Raises:
        GalleryError: the folder is missing, holds no picture, or its metadata is broken.
    """
    if not folder.is_dir():
        raise GalleryError(f"There is no gallery folder at '{folder}'; please give a folder of pictures.")
    try:
        metadata = folder / METADATA
        found = _listed(folder, metadata) if metadata.is_file() else _below(folder)
        records = sorted(found, key=lambda record: record.id)
    except OSError as error:
        raise GalleryError(f"The gallery '{folder}' cannot be read; please check its permissions.") from error
    if not records:
        raise GalleryError(f"The gallery '{folder}' holds no pictures; please add some (JPEG, PNG, WebP and the like).")
    return records


def _below(folder: Path) -> Iterator[Record]:
    root = folder.resolve()
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(place, name)
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES:
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                continue
            yield Record(id=path.relative_to(folder).as_posix(), path=path)


def _listed(folder: Path, metadata: Path) -> Iterator[Record]:
    root = folder.resolve()
    inside: dict[Path, bool] = {}  # a folder is resolved once, not once for each of its pictures
    seen: set[str] = set()
    for number, line in enumerate(_lines(metadata), start=1):
        if not line.strip():
            continue
        fields = _fields(line, f"Line {number} of '{metadata}'")
        name = str(PurePosixPath(fields["file_name"]))
        if name in seen:
            raise GalleryError(
                f"Line {number} of '{metadata}' names '{name}' a second time; please list a picture once."
            )
        seen.add(name)
        path = folder / name
        if path.parent not in inside:
            inside[path.parent] = path.parent.resolve().is_relative_to(root)
        if not inside[path.parent] or (path.is_symlink() and not path.resolve().is_relative_to(root)):
            raise GalleryError(
                f"Line {number} of '{metadata}' names '{name}', which lies outside the gallery; please copy it inside."
            )
        licence = fields.get("licence", fields.get("license"))
        yield Record(id=name, path=path, caption=fields.get("caption"), licence=licence, link=fields.get("link"))


def _lines(metadata: Path) -> list[str]:
    try:
        return metadata.read_text(encoding="utf-8").split("\n")  # not splitlines: a caption may hold U+2028
    except UnicodeDecodeError as error:
        raise GalleryError(f"'{metadata}' is not a UTF-8 text file; please save it as one.") from error


def _fields(line: str, where: str) -> dict[str, str]:
    """The text fields of a line of metadata; fields of another type are passed over."""
    try:
        fields = json.loads(line)
    except json.JSONDecodeError as error:
        raise GalleryError(f"{where} is not JSON; please write one JSON object a line.") from error
    name = fields.get("file_name") if isinstance(fields, dict) else None
    if not isinstance(name, str) or not name or "\0" in name:
        raise GalleryError(f"{where} has no 'file_name'; please name a picture relative to the gallery in each line.")
    return {key: value for key, value in fields.items() if isinstance(value, str)}

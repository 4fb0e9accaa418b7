"""A folder of pictures as a list of records: the ImageFolder layout with its metadata, or any folder at all."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmgrad.errors import GalleryError
from mmgrad.gallery.sources import metadata
from mmgrad.imaging.files import File

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".ppm", ".pgm"})
"""Which files of a folder without metadata are taken for pictures; upper case counts too."""


@dataclass(frozen=True)
class Record:
    """One picture of a gallery.

    Attributes:
        id: its path relative to the folder or the archive, with /, or its row in a dataset; unique in the gallery.
        path: where the file lies; what `load_image` opens.
        caption, licence, link: what the metadata says of it, else None.
    """

    id: str
    path: File
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
        listing = next((folder / name for name in metadata.METADATA if (folder / name).is_file()), None)
        found = _listed(folder, listing) if listing is not None else _below(folder)
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


def _listed(folder: Path, listing: Path) -> Iterator[Record]:
    root = folder.resolve()
    inside: dict[Path, bool] = {}  # a folder is resolved once, not once for each of its pictures
    for entry in metadata.entries(listing.read_bytes(), str(listing)):
        path = folder / entry.name
        if path.parent not in inside:
            inside[path.parent] = path.parent.resolve().is_relative_to(root)
        if not inside[path.parent] or (path.is_symlink() and not path.resolve().is_relative_to(root)):
            raise GalleryError(
                f"{entry.where} names '{entry.name}', which lies outside the gallery; please copy it inside."
            )
        yield Record(id=entry.name, path=path, **entry.said)

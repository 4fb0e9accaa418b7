"""Where the pictures of a gallery come from: a folder, a zip archive, or a dataset on the disk."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from mmgrad.errors import GalleryError
from mmgrad.gallery.sources.arrow import ARROW_FILES, parquet_files, read_dataset
from mmgrad.gallery.sources.folder import list_folder
from mmgrad.gallery.sources.listing import Listing
from mmgrad.gallery.sources.metadata import METADATA
from mmgrad.gallery.sources.record import Record
from mmgrad.gallery.sources.zip_archive import list_zip


@dataclass(frozen=True, eq=False)
class Source:
    """The pictures that a path stands for.

    Attributes:
        path: what was given.
        listing: its pictures, in the gallery's order.
        home: the folder where its index belongs: inside a folder of pictures, beside anything else.
    """

    path: Path
    listing: Listing = field(repr=False)
    home: Path

    @property
    def records(self) -> list[Record]:
        """The pictures."""
        return self.listing.records


def read_source(path: Path) -> Source:
    """Find out what lies at a path, and list its pictures without opening one.

    Raises:
        GalleryError: nothing lies there, or nothing that can be a gallery, or it is broken, or holds no picture.
    """
    beside = path.with_name(f"{Path(os.path.realpath(path)).name}.mmgrad")
    if path.is_file():
        if path.suffix.lower() == ".parquet":
            return Source(path, Listing(read_dataset(path)), beside)
        if path.suffix.lower() == ".zip":
            return Source(path, list_zip(path), beside)
        raise GalleryError(
            f"'{path}' is no gallery; please give a folder of pictures, a zip archive or a dataset (parquet)."
        )
    if any((path / name).is_file() for name in ARROW_FILES):
        return Source(path, Listing(read_dataset(path)), beside)
    try:
        return Source(path, list_folder(path), path / ".mmgrad")
    except GalleryError:
        described = any((path / name).exists() for name in METADATA)
        if not path.is_dir() or described or not parquet_files(path):
            raise
        return Source(path, Listing(read_dataset(path)), beside)

"""Where the pictures of a gallery come from: a folder, a zip archive, or a dataset on the disk."""

from dataclasses import dataclass
from pathlib import Path

from mmgrad.errors import GalleryError
from mmgrad.gallery.sources.arrow import ARROW_FILES, parquet_files, read_dataset
from mmgrad.gallery.sources.folder import Record, read_folder
from mmgrad.gallery.sources.metadata import METADATA
from mmgrad.gallery.sources.zip_archive import read_zip


@dataclass(frozen=True, eq=False)
class Source:
    """The pictures that a path stands for.

    Attributes:
        path: what was given.
        records: its pictures, in the gallery's order.
        home: the folder where its index belongs: a folder of pictures keeps its own, anything else has one beside it.
    """

    path: Path
    records: list[Record]
    home: Path


def read_source(path: Path) -> Source:
    """Find out what lies at a path, and list its pictures without opening one.

    Raises:
        GalleryError: nothing lies there, or nothing that can be a gallery, or it is broken, or holds no picture.
    """
    beside = path.with_name(f"{path.resolve().name}.mmgrad")
    if path.is_file():
        if path.suffix.lower() == ".parquet":
            return Source(path, read_dataset(path), beside)
        if path.suffix.lower() == ".zip":
            return Source(path, read_zip(path), beside)
        raise GalleryError(
            f"'{path}' is no gallery; please give a folder of pictures, a zip archive or a dataset (parquet)."
        )
    if any((path / name).is_file() for name in ARROW_FILES):
        return Source(path, read_dataset(path), beside)
    try:
        return Source(path, read_folder(path), path)
    except GalleryError:
        described = any((path / name).exists() for name in METADATA)
        if not path.is_dir() or described or not parquet_files(path):
            raise
        return Source(path, read_dataset(path), beside)

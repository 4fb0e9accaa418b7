"""A folder of pictures as a list of records: any folder, or the ImageFolder layout with its metadata."""

import logging
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from mmgrad.errors import GalleryError
from mmgrad.gallery.sources.listing import Listing, list_pictures
from mmgrad.gallery.sources.record import Record

__all__ = ["Record", "list_folder", "read_folder"]

logger = logging.getLogger(__name__)


def read_folder(folder: Path) -> list[Record]:
    """The records of `list_folder`."""
    return list_folder(folder).records


def list_folder(folder: Path) -> Listing:
    """The pictures below a folder, sorted by id. No picture is opened.

    Hidden files and folders are passed over. A link to a file is followed where the file lies in the gallery, or in the
    blobs of the Hugging Face cache that the gallery lies in. A linked folder is followed, unless that would list
    pictures twice.

    Raises:
        GalleryError: the folder is missing or cannot be read, or its metadata is broken, or it holds no picture.
    """
    try:
        is_folder = folder.is_dir()
        looping = not is_folder and os.path.islink(folder)
    except (OSError, RuntimeError):
        is_folder, looping = False, True
    if looping:
        raise GalleryError(f"'{folder}' is a link that leads nowhere; please give a folder of pictures.")
    if not is_folder:
        raise GalleryError(f"There is no gallery folder at '{folder}'; please give a folder of pictures.")
    walk = _Walk(os.path.realpath(folder))
    try:
        walk.visit(str(folder), b"")
        if walk.followed:
            logger.info("%d linked folders are followed: %s", len(walk.followed), ", ".join(walk.followed))
        listing = list_pictures(walk.files, str(folder), walk.passed_over)
    except OSError as error:
        raise GalleryError(f"The gallery '{folder}' cannot be read; please check its permissions.") from error
    if not listing.records:
        told = listing.describe_passed_over()
        raise GalleryError(
            f"The gallery '{folder}' holds no pictures; please add some (JPEG, PNG, WebP and the like)."
            + (f" {told}." if told else "")
        )
    return listing


@dataclass(eq=False)
class _Walk:
    """The files below a folder, by their ids.

    Attributes:
        root: the real path of the folder.
        followed: the ids of linked folders that were followed.
    """

    root: str
    files: dict[str, Path] = field(default_factory=dict)
    passed_over: Counter[str] = field(default_factory=Counter)
    followed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._inside = [self.root, *_blobs(self.root)]

    def visit(self, folder: str, prefix: bytes) -> None:
        """List a folder; `prefix` is its path relative to the gallery, with / behind it."""
        with os.scandir(folder) as entries:
            for entry in entries:
                name = prefix + os.fsencode(entry.name)
                if entry.name.startswith("."):
                    continue
                try:
                    if entry.is_dir():
                        self._descend(entry, name)
                    elif entry.is_symlink() and not self._holds(os.path.realpath(entry.path)):
                        self.passed_over["links that lead out of the gallery"] += 1
                    else:
                        self.files[name.decode("utf-8", "backslashreplace")] = Path(entry.path)
                except OSError:  # a loop of links, or a folder that may not be read
                    self.passed_over["that cannot be read"] += 1

    def _descend(self, entry: os.DirEntry[str], name: bytes) -> None:
        if entry.is_symlink():
            real = os.path.realpath(entry.path)
            if self._holds(real) or any(_is_within(inside, real) for inside in self._inside):
                return  # its pictures are listed by their own paths
            self._inside.append(real)
            self.followed.append(name.decode("utf-8", "backslashreplace"))
        self.visit(entry.path, name + b"/")

    def _holds(self, real: str) -> bool:
        return any(_is_within(real, inside) for inside in self._inside)


def _blobs(root: str) -> list[str]:
    """The store of files that a snapshot of the Hugging Face cache links to; nothing for any other folder."""
    for place in (Path(root), *Path(root).parents):
        blobs = place.parent.parent / "blobs"
        if place.parent.name == "snapshots" and blobs.is_dir():
            return [str(blobs)]
    return []


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)

"""A zip archive of pictures as a list of records. Nothing is unpacked to the disk; a picture is read on demand.

An entry that is encrypted, that is too large, or whose name leads out of the archive is listed. It raises InputError
when it is read, so that indexing skips it like any broken file.
"""

import re
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from mmgrad.errors import GalleryError, InputError
from mmgrad.gallery.sources.listing import Listing, list_pictures

MAX_BYTES = 2**28
"""An entry that unpacks to more bytes than this (256 MiB) is refused before it is unpacked."""

_OUTSIDE = re.compile(r"^/|^[A-Za-z]:|(^|/)\.\.(/|$)")
_DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)
# RuntimeError: encrypted; NotImplementedError: an unknown method of compression.


@dataclass(frozen=True)
class Archive:
    """A zip file that is opened once and then read by any number of threads."""

    path: Path

    @cached_property
    def file(self) -> zipfile.ZipFile:
        """Raises GalleryError where it is no zip archive."""
        try:
            return zipfile.ZipFile(self.path)
        except _DAMAGES as error:
            raise GalleryError(f"'{self.path}' is not a zip archive or is damaged; please pack it again.") from error


@dataclass(frozen=True)
class ZipMember:
    """One entry of an archive."""

    archive: Archive = field(repr=False)
    entry: str
    size: int
    stat_signature: str

    @property
    def name(self) -> str:
        """Its own name, without folders."""
        return PurePosixPath(self.entry).name

    def __str__(self) -> str:
        return f"{self.archive.path}/{self.entry}"

    def read_bytes(self) -> bytes:
        """Its content. Raises InputError where it cannot or must not be unpacked."""
        if _OUTSIDE.search(self.entry.replace("\\", "/")):
            raise InputError(f"'{self.entry}' leads out of the archive; please pack it again with relative names.")
        try:
            info = self.archive.file.getinfo(self.entry)
            if info.flag_bits & 1:
                raise InputError(f"'{self.entry}' is encrypted; please pack it again without a password.")
            if info.file_size > MAX_BYTES:
                raise InputError(
                    f"'{self.entry}' unpacks to {info.file_size:,} bytes; at most {MAX_BYTES:,} are allowed, please "
                    "give a smaller file."
                )
            with self.archive.file.open(info) as file:  # gives no more bytes than the directory says
                return file.read()
        except KeyError as error:
            raise InputError(f"There is no '{self.entry}' in the archive any more; please index it again.") from error
        except _DAMAGES as error:
            raise InputError(f"'{self.entry}' is damaged and cannot be unpacked; please pack it again.") from error


def list_zip(path: Path) -> Listing:
    """The pictures of a zip archive, sorted by id. No picture is opened.

    Hidden entries are passed over. Of entries with the same name the last counts, as when the archive is unpacked.

    Raises:
        GalleryError: the archive is missing or damaged, holds no picture, or its metadata is broken.
    """
    if not path.is_file():
        raise GalleryError(f"There is no zip archive at '{path}'; please check the path.")
    archive = Archive(path)
    members = {
        info.filename: ZipMember(archive, info.filename, info.file_size, f"{info.file_size} {info.CRC:08x}")
        for info in archive.file.infolist()
        if not info.is_dir() and _shown(info.filename)
    }
    listing = list_pictures(members, str(path))
    if not listing.records:
        told = listing.describe_passed_over()
        raise GalleryError(
            f"The archive '{path}' holds no pictures; please add some (JPEG, PNG, WebP and the like)."
            + (f" {told}." if told else "")
        )
    return listing


def _shown(name: str) -> bool:
    parts = name.split("/")
    return parts[0] != "__MACOSX" and not any(part.startswith(".") and part != ".." for part in parts)

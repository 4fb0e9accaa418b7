"""The files of a folder or an archive as records: which are pictures, and what metadata says about them."""

import logging
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from posixpath import basename, splitext

from mmgrad.errors import GalleryError, InputError
from mmgrad.gallery.sources import metadata
from mmgrad.gallery.sources.record import Record, Unavailable
from mmgrad.imaging.files import File
from mmgrad.imaging.formats import HEIF_SUFFIXES, is_picture, suffixes

OWN_FILES = frozenset({"readme.md", "gallery.safetensors", "gallery.json", ".gitattributes"})
"""Files, besides metadata, that belong to a gallery and are no pictures; their names in lower case."""

_BETWEEN = "; "  # the captions of a picture that is listed several times

MAX_METADATA = 2**30
"""Bytes of a metadata file; a larger one is refused."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Listing:
    """The pictures of a gallery, and the other files beside them.

    Attributes:
        records: the pictures, in the gallery's order.
        passed_over: (kind, count) of the files that are not taken for pictures: a suffix, or other words.
    """

    records: list[Record]
    passed_over: tuple[tuple[str, int], ...] = ()

    def describe_passed_over(self) -> str:
        """For instance "4 other files were passed over: 3 .heic, 1 without suffix"; "" where there are none."""
        total = sum(count for _, count in self.passed_over)
        if not total:
            return ""
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.passed_over[:8])
        more = ", ..." if len(self.passed_over) > 8 else ""
        heif = any(kind in HEIF_SUFFIXES for kind, _ in self.passed_over)
        hint = " (HEIC needs `pip install mmgrad[heif]`)" if heif else ""
        return f"{total:,} other {'file was' if total == 1 else 'files were'} passed over: {kinds}{more}{hint}"


@dataclass(frozen=True, eq=False)
class _Names:
    """Finds the file that metadata means, by its exact name or one that differs in case or in Unicode form."""

    files: Mapping[str, File]

    def find(self, name: str) -> str | None:
        return name if name in self.files else self._similar.get(_key(name))

    @cached_property
    def _similar(self) -> dict[str, str]:
        return {_key(name): name for name in reversed(list(self.files))}


def list_pictures(files: Mapping[str, File], title: str, passed_over: Counter[str] | None = None) -> Listing:
    """The pictures among files, sorted by id. No picture is opened; a file without suffix is known by its first bytes.

    Every metadata file describes the pictures that it names. Pictures that none names are listed too. A picture that is
    named several times gets all its captions.

    Args:
        files: every file that is not hidden, by its path relative to the gallery.
        title: the path of the gallery, for messages.
        passed_over: counts of what the source itself has passed over.

    Raises:
        GalleryError: a metadata file is broken.
    """
    counts = passed_over if passed_over is not None else Counter()
    records: dict[str, Record] = {}
    for name, file in files.items():
        kind = _kind(name, file)
        if kind is None:
            records[name] = Record(name, file)
        elif kind:
            counts[kind] += 1
    repeated: set[str] = set()
    described: set[str] = set()
    names = _Names(files)
    for entry in _entries(files, title):
        name = names.find(entry.name) or entry.name
        fields = entry.fields
        if name in described:
            repeated.add(name)
            fields = _joined(records[name], fields)
        described.add(name)
        reason = f"There is no '{name}' in the gallery; please add it or remove it from the metadata."
        records[name] = Record(name, files.get(name) or Unavailable(name, reason), **fields)
    if repeated:
        first = min(repeated)
        logger.info("%d pictures are listed more than once, such as '%s'; captions are joined.", len(repeated), first)
    return Listing([records[name] for name in sorted(records)], tuple(counts.most_common()))


def _kind(name: str, file: File) -> str | None:
    """None for a picture, "" for a file that belongs to the gallery, else what the file is counted as."""
    suffix = splitext(name)[1].lower()
    if suffix in suffixes():
        return None
    if basename(name).lower() in OWN_FILES or basename(name).lower() in metadata.METADATA:
        return ""
    if suffix:
        return suffix
    return None if is_picture(_head(file)) else "without suffix"


def _head(file: File) -> bytes:
    try:
        if not isinstance(file, Path):
            return file.read_bytes()[:32]
        if not file.is_file():
            return b""
        with file.open("rb") as opened:
            return opened.read(32)
    except (OSError, InputError):
        return b""


def _entries(files: Mapping[str, File], title: str) -> Iterator[metadata.Entry]:
    """The entries of all metadata files, with names relative to the gallery."""
    chosen: dict[str, str] = {}
    for name in files:
        if basename(name).lower() in metadata.METADATA:
            folder = name[: len(name) - len(basename(name))]
            chosen[folder] = min(chosen.get(folder, name), name, key=_rank)
    for folder, name in sorted(chosen.items()):
        file = files[name]
        try:
            if file.stat().st_size > MAX_METADATA if isinstance(file, Path) else file.size > MAX_METADATA:
                raise GalleryError(f"The metadata '{title}/{name}' is larger than {MAX_METADATA:,} bytes.")
            data = file.read_bytes()
        except (OSError, InputError) as error:
            raise GalleryError(f"The metadata '{title}/{name}' cannot be read: {error}") from error
        for entry in metadata.read_entries(data, f"{title}/{name}"):
            yield replace(entry, name=folder + entry.name)


def _rank(name: str) -> tuple[int, str]:
    return metadata.METADATA.index(basename(name).lower()), name


def _joined(known: Record, fields: dict[str, str | None]) -> dict[str, str | None]:
    """The fields of a picture that is listed again: those that were there, and every caption once."""
    captions = (known.caption or "").split(_BETWEEN) if known.caption else []
    if fields["caption"] and fields["caption"] not in captions:
        captions.append(fields["caption"])
    first = {key: getattr(known, key) or value for key, value in fields.items()}
    return first | {"caption": _BETWEEN.join(captions) or None}


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()

"""One picture of a gallery."""

from dataclasses import dataclass

from mmgrad.errors import InputError
from mmgrad.imaging.files import File


@dataclass(frozen=True)
class Record:
    """One picture of a gallery.

    Attributes:
        id: its path relative to the folder or the archive, with /, or its row in a dataset; unique in the gallery.
            Bytes of a file name that are not UTF-8 are written as `\\xNN`.
        path: where the file lies; what `read_image` opens.
        caption, license, link, title, author: what the metadata says about it, else None.
    """

    id: str
    path: File
    caption: str | None = None
    license: str | None = None
    link: str | None = None
    title: str | None = None
    author: str | None = None


@dataclass(frozen=True)
class Unavailable:
    """The file of a picture that the metadata lists and that cannot be used; `reason` is a sentence that says why."""

    name: str
    reason: str
    size: int = -1
    stat_signature: str = ""

    def read_bytes(self) -> bytes:
        """Raises InputError with the reason."""
        raise InputError(self.reason)

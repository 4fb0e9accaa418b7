"""Names for the pictures that questions are about, and the pictures behind the names.

The page sends a name with each follow-up question and writes it into links. Names of gallery pictures (`gallery:ID`,
`gallery/NAME:ID`) and of examples (`example:ID`) always work. An upload (`upload:...`) is kept in memory for a limited
time, as an encoded file.
"""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from urllib.parse import quote

from mmgrad.app.image_input import UploadedImage, encode_jpeg, fit_to_browser, is_browser_safe
from mmgrad.errors import InputError
from mmgrad.imaging.files import File

MAX_BYTES = 64 * 2**20
"""Bytes of uploads that are kept in all. The upload that was asked about longest ago goes first."""

MAX_AGE = 3600.0
"""Seconds after the last question about an upload until it is forgotten."""

MAX_UNCHANGED = 2**20
"""An upload of at most this many bytes is kept as it came; a larger one as a JPEG of at most 2,048 pixels a side."""

MAX_RECOGNIZED = 4096
"""Pictures handed out for the picture field whose names are remembered."""

SINGLE_GALLERY = "gallery:"
"""Prefix of the ids of pictures when there is only one gallery."""

FORGOTTEN = "That picture is not kept any more; please choose it again and repeat the question."


def prefix(gallery: str | None) -> str:
    """Prefix of the ids of a gallery's pictures; None for the only gallery."""
    return SINGLE_GALLERY if gallery is None else f"gallery/{quote(gallery, safe='/ ')}:"


@dataclass(frozen=True)
class _Kept:
    content: bytes
    expires: float


class ImageStore:
    """Names for pictures and pictures for names. Safe to use from several threads.

    Args:
        files: the file for each name that always works, such as "gallery:00/a.webp".
        max_bytes: see MAX_BYTES.
        max_age: see MAX_AGE.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        files: Mapping[str, File],
        max_bytes: int = MAX_BYTES,
        max_age: float = MAX_AGE,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.max_bytes = max_bytes
        self.max_age = max_age
        self._files = files
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._uploads: OrderedDict[str, _Kept] = OrderedDict()  # the oldest first
        self._recognized: OrderedDict[bytes, str] = OrderedDict()
        self._lock = Lock()

    @property
    def size(self) -> int:
        """Bytes of the uploads that are kept now."""
        with self._lock:
            self._forget()
            return sum(len(kept.content) for kept in self._uploads.values())

    def name(self, image: UploadedImage, session: str = "") -> str:
        """The name of a picture: that of the gallery picture or example that it is, else one for an upload.

        The name of an upload depends on the picture, the session and a secret of this store: the same picture keeps its
        name within a session, and nobody else can guess it.
        """
        digest = hashlib.sha256(image.content).digest()
        with self._lock:
            known = self._recognized.get(digest)
        if known:
            return known
        key = hmac.new(self._secret, session.encode() + b"\0" + digest, hashlib.sha256)
        return f"upload:{key.hexdigest()[:32]}"

    def keep(self, name: str, image: UploadedImage) -> None:
        """Keep an upload under its name, or keep it longer; does nothing for other names."""
        if name in self._files:
            return
        with self._lock:
            self._forget()
            known = self._uploads.pop(name, None)
        content = known.content if known else _encoded(image)
        with self._lock:
            self._uploads[name] = _Kept(content, self._clock() + self.max_age)
            self._uploads.move_to_end(name)
            self._forget()

    def open(self, name: object) -> File | bytes:
        """The file of a name, or its bytes, for `load_image`. Raises InputError for an unknown or forgotten name."""
        key = str(name)
        with self._lock:
            self._forget()
            kept = self._uploads.get(key)
        if kept is not None:
            return kept.content
        if key not in self._files:
            raise InputError(FORGOTTEN)
        return self._files[key]

    def show(self, name: str) -> Path | bytes:
        """The picture of a name for the picture field: a file, or the bytes of one, that browsers show.

        When the field sends it back, `name` recognizes it. Raises InputError for an unknown or forgotten name.
        """
        source = self.open(name)
        given = source if isinstance(source, bytes) else _read(source)
        content = fit_to_browser(given)
        if name in self._files:
            digest = hashlib.sha256(content).digest()
            with self._lock:
                self._recognized[digest] = name
                self._recognized.move_to_end(digest)
                while len(self._recognized) > MAX_RECOGNIZED:
                    self._recognized.popitem(last=False)
        return source if isinstance(source, Path) and content is given else content

    def _forget(self) -> None:
        """Drop uploads that are too old, and the oldest ones beyond `max_bytes`. The caller holds the lock."""
        now = self._clock()
        total = sum(len(kept.content) for kept in self._uploads.values())
        while self._uploads:
            oldest = next(iter(self._uploads.values()))
            if total <= self.max_bytes and oldest.expires > now:
                return
            self._uploads.popitem(last=False)
            total -= len(oldest.content)


def _encoded(image: UploadedImage) -> bytes:
    if len(image.content) <= MAX_UNCHANGED and is_browser_safe(image.content):
        return image.content
    return encode_jpeg(image.content)


def _read(file: File) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError("That picture cannot be read any more; please choose another one.") from error

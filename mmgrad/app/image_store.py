"""The pictures that questions are asked of, each by a short name that the page can send back.

`gallery:`, `gallery/NAME:` and `example:` names last; an upload is kept as a file in a temporary folder, for a while.
"""

import hashlib
import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from urllib.parse import quote

import numpy as np
from PIL import Image

from mmgrad.errors import InputError
from mmgrad.imaging.files import File
from mmgrad.imaging.io import load_image

KEPT = 64
"""Uploads that are kept; the one that was asked about longest ago goes first."""

REMEMBERED = 4096
"""Pictures of the gallery and the examples that are recognised by their pixels."""

ALONE = "gallery:"
"""What stands before the id of a picture of a gallery that is the only one."""


def prefix(gallery: str | None) -> str:
    """What stands before the id of a picture of a gallery; None for a gallery that is the only one."""
    return ALONE if gallery is None else f"gallery/{quote(gallery, safe='/ ')}:"


class ImageStore:
    """Names for pictures, and pictures for names. Safe to use from several threads.

    Args:
        lasting: a file for each name that always works, such as "gallery:00/a.webp".
    """

    def __init__(self, lasting: Mapping[str, File]):
        self._lasting = lasting
        self._folder = tempfile.TemporaryDirectory(prefix="mmgrad-")
        self._uploads: OrderedDict[str, Path] = OrderedDict()
        self._recognised: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def path(self, name: str) -> Path | np.ndarray:
        """The file of a lasting name, or its pixels where it lies in an archive. Raises InputError for any other."""
        if name not in self._lasting:
            raise InputError("That picture is not here any more; please choose it again.")
        file = self._lasting[name]
        image = load_image(file)
        digest = _digest(image)
        with self._lock:
            self._recognised[digest] = name
            while len(self._recognised) > REMEMBERED:
                self._recognised.popitem(last=False)
        return file if isinstance(file, Path) else image

    def show(self, name: str) -> Path | np.ndarray:
        """The picture of a name as the picture field is given it: a lasting one as its file, an upload as pixels.

        Raises InputError where it is unknown or no longer kept.
        """
        return self.open(name) if name.startswith("upload:") else self.path(name)

    def name(self, image: np.ndarray) -> str:
        """The name of a picture, uint8 [H, W, 3]: of the lasting one that it was taken from, else of an upload."""
        digest = _digest(image)
        with self._lock:
            return self._recognised.get(digest) or f"upload:{digest}"

    def keep(self, name: str, image: np.ndarray) -> None:
        """Keep the picture of an upload's name for a while."""
        if name in self._lasting:
            return
        path = Path(self._folder.name) / f"{name.removeprefix('upload:')}.png"
        if not path.exists():
            part = path.with_suffix(".part")
            Image.fromarray(image).save(part, "PNG", compress_level=1)
            part.replace(path)
        with self._lock:
            self._uploads[name] = path
            self._uploads.move_to_end(name)
            while len(self._uploads) > KEPT:
                self._uploads.popitem(last=False)[1].unlink(missing_ok=True)

    def open(self, name: object) -> np.ndarray:
        """The picture of a name, uint8 [H, W, 3]. Raises InputError where it is unknown or no longer kept."""
        with self._lock:
            file = self._uploads.get(str(name)) or self._lasting.get(str(name))
        if file is None:
            raise InputError("That picture is not kept any more; please choose it again and ask once more.")
        return load_image(file)


def _digest(image: np.ndarray) -> str:
    return hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()[:24]

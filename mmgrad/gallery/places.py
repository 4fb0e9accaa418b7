"""Where the index of a gallery lies: beside the user's own pictures, else in the user's cache."""

import os
from pathlib import Path

from mmgrad.gallery.sources.detect import Source
from mmgrad.utils.cache import cache_root
from mmgrad.utils.fingerprint import fingerprint
from mmgrad.utils.resources import EXAMPLES

PUBLISHED = "gallery.safetensors"
"""A snapshot that was published with the pictures, such as that of the shipped gallery. It is only read."""


def index_folders(source: Source, key: str | None = None) -> list[Path]:
    """The folders that an index may lie in, the preferred one first.

    The index of pictures that belong to the user lies beside them. What was shipped or fetched stays as it is, and so
    does what somebody else owns: the index of these lies in the cache.

    Args:
        key: names the gallery in the cache; by default its path does.
    """
    path = os.path.realpath(source.path)
    cache = cache_root() / "galleries" / fingerprint(key or os.fsencode(path))
    return [source.home, cache] if key is None and _is_own(source.home.parent, path) else [cache]


def published_snapshot(source: Source) -> Path:
    """Where a snapshot that was published with the pictures would lie."""
    return source.path / PUBLISHED


def _is_own(folder: Path, gallery: str) -> bool:
    shipped = os.path.realpath(EXAMPLES)
    parts = Path(gallery).parts
    if Path(gallery).is_relative_to(shipped) or "site-packages" in parts or "dist-packages" in parts:
        return False
    if "snapshots" in parts and any((place / "blobs").is_dir() for place in Path(gallery).parents):
        return False  # the Hugging Face cache
    try:
        owner = folder.stat().st_uid
    except OSError:
        return False
    return os.access(folder, os.W_OK) and (not hasattr(os, "getuid") or owner == os.getuid())

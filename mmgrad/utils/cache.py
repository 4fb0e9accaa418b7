"""The user's cache folder."""

from pathlib import Path

from platformdirs import user_cache_path


def cache_root() -> Path:
    """The folder for what can be made again: ~/.cache/mmgrad on Linux (or in XDG_CACHE_HOME), ~/Library/Caches/mmgrad
    on macOS."""
    return user_cache_path("mmgrad", appauthor=False)

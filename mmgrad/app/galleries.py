"""One engine per gallery, all over one model. The page, links and programs choose an engine by its name.

The engines are a plain mapping; its first one is used where no name is given.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from mmgrad.engine import Engine
from mmgrad.errors import InputError
from mmgrad.gallery.gallery import Gallery
from mmgrad.models.model import Model
from mmgrad.utils.resources import GALLERY, PHOTOGRAPHS

INCLUDED = (PHOTOGRAPHS, GALLERY)
"""The included galleries, which the included examples are about: photographs, and composed scenes."""


def load_engines(
    model: Model, galleries: Sequence[str | Path] = (), dtype: torch.dtype = torch.float32
) -> dict[str, Engine]:
    """An engine for each gallery (by default the included ones), by its name, in the order given.

    Args:
        galleries: folders of pictures; a folder without an index is indexed.
        dtype: type of the embeddings in memory, see `Gallery.to`.

    Raises:
        GalleryError: a folder is missing, empty or broken.
        InputError: a gallery is given twice.
    """
    folders = [Path(folder).expanduser() for folder in galleries] or list(INCLUDED)
    return {
        name: Engine(model, Gallery.load(folder, model).to(model.device, dtype), name)
        for name, folder in zip(gallery_names(folders), folders, strict=True)
    }


def gallery_names(folders: Sequence[Path]) -> list[str]:
    """A name for each folder: its last parts, as few as make the name unique.

    Raises InputError for a folder that is given twice.
    """
    all_parts = [Path(os.path.abspath(folder)).parts for folder in folders]
    for index, parts in enumerate(all_parts):
        if parts in all_parts[:index]:
            raise InputError(f"The gallery '{folders[index]}' is given twice; please give each gallery once.")
    return [_shortest_unique(parts, all_parts) for parts in all_parts]


def choose(engines: Mapping[str, Engine], name: object = None) -> Engine:
    """The engine with this name; the first for None or "". Raises InputError for an unknown name."""
    if name is None or name == "":
        return next(iter(engines.values()))
    if not isinstance(name, str) or name not in engines:
        known = ", ".join(f"“{each}”" for each in engines)
        raise InputError(f"There is no gallery “{name}” here; please choose one of {known}.")
    return engines[name]


def is_shipped(folder: Path) -> bool:
    """Whether a gallery is an included one."""
    return bool(included_name(folder))


def included_name(folder: Path) -> str:
    """The name in `mmgrad.utils.resources` of an included gallery; "" for another one."""
    names = {os.path.realpath(PHOTOGRAPHS): "PHOTOGRAPHS", os.path.realpath(GALLERY): "GALLERY"}
    return names.get(os.path.realpath(folder), "")


def _shortest_unique(parts: tuple[str, ...], all_parts: Sequence[tuple[str, ...]]) -> str:
    lengths = range(1, len(parts) + 1)
    unique = (n for n in lengths if sum(other[-n:] == parts[-n:] for other in all_parts) == 1)
    return "/".join(parts[-next(unique, len(parts)) :])

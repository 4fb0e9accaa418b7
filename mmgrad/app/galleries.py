"""Several galleries under one model: an engine for each, by the name that a visitor, a link or a program chooses it by.

They are a plain mapping; its first engine answers where no gallery is named.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from mmgrad.engine import DEFAULT_GALLERY, Engine
from mmgrad.errors import InputError
from mmgrad.gallery.gallery import Gallery
from mmgrad.models.model import Model


def load_engines(
    model: Model, galleries: Sequence[str | Path] = (), dtype: torch.dtype = torch.float32
) -> dict[str, Engine]:
    """An engine for each gallery (default: the one that is shipped), by its name, in the order given.

    Args:
        galleries: folders of pictures, indexed where they are not yet.
        dtype: what the embeddings are kept in on the model's device, see `Gallery.to`.

    Raises:
        GalleryError: a folder is missing, empty or broken.
        InputError: a gallery is given twice.
    """
    folders = [Path(folder).expanduser() for folder in galleries] or [DEFAULT_GALLERY]
    return {
        name: Engine(model, Gallery.load(folder, model).to(model.device, dtype), name)
        for name, folder in zip(gallery_names(folders), folders, strict=True)
    }


def gallery_names(folders: Sequence[Path]) -> list[str]:
    """The name of each folder, with as many folders above it as tell it from the others. InputError if one is twice."""
    whole = [Path(os.path.abspath(folder)).parts for folder in folders]
    for index, parts in enumerate(whole):
        if parts in whole[:index]:
            raise InputError(f"The gallery '{folders[index]}' is given twice; please give each gallery once.")
    return [_shortest(parts, whole) for parts in whole]


def choose(engines: Mapping[str, Engine], name: object = None) -> Engine:
    """The engine of the gallery of that name, the first for None or "". Raises InputError for an unknown name."""
    if name is None or name == "":
        return next(iter(engines.values()))
    if not isinstance(name, str) or name not in engines:
        known = ", ".join(f"“{each}”" for each in engines)
        raise InputError(f"There is no gallery “{name}” here; please choose one of {known}.")
    return engines[name]


def is_shipped(folder: Path) -> bool:
    """Whether a gallery is the one that is shipped, which the shipped examples speak of."""
    return Path(os.path.realpath(folder)) == Path(os.path.realpath(DEFAULT_GALLERY))


def _shortest(parts: tuple[str, ...], whole: Sequence[tuple[str, ...]]) -> str:
    lengths = range(1, len(parts) + 1)
    alone = (n for n in lengths if sum(other[-n:] == parts[-n:] for other in whole) == 1)
    return "/".join(parts[-next(alone, len(parts)) :])

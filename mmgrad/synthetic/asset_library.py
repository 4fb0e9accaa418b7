"""The asset library: named cut-outs (objects on transparency) and named backgrounds, of which scenes are composed.

Pictures and tables are in `mmgrad/synthetic/assets`; `scripts/build_atlas.py` builds them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image, UnidentifiedImageError

from mmgrad.errors import InputError

ASSETS = Path(__file__).parent / "assets"

COLORS = ("black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown")
"""The color words a cut-out may carry, most common first within each cut-out."""


@dataclass(frozen=True)
class Cutout:
    """One object on a transparent ground. Several cut-outs may share a noun.

    Attributes:
        id: name of its file.
        noun: the everyday name, singular and in lower case.
        plural: plural of the noun.
        synonyms: other names, including wider ones ("dog" for a dalmatian).
        phrase: the source's description.
        category: group of objects, such as "animal".
        colors: words of `COLORS`, the most common first.
        source: path of the picture in its collection.
        license: its license.
        kind: "photo" or "picture" (drawn or rendered).
        folder: folder of the library.
    """

    id: str
    noun: str
    plural: str
    synonyms: tuple[str, ...]
    phrase: str
    category: str
    colors: tuple[str, ...]
    source: str
    license: str
    kind: str = "photo"
    folder: Path = ASSETS

    @property
    def names(self) -> frozenset[str]:
        """Every singular name of the object."""
        return frozenset((self.noun, *self.synonyms))

    def rgba(self) -> np.ndarray:
        """The picture, read-only uint8 [h, w, 4] with straight alpha, trimmed, long side at most 224. Raises InputError
        where the file is missing or broken.
        """
        return _decode(self.folder / "cutouts" / f"{self.id}.webp", "RGBA")


@dataclass(frozen=True)
class Background:
    """One scene or surface to place objects on. Several backgrounds may share a name."""

    id: str
    name: str
    synonyms: tuple[str, ...]
    source: str
    license: str
    kind: str = "photo"
    folder: Path = ASSETS

    @property
    def names(self) -> frozenset[str]:
        """Every name of the background."""
        return frozenset((self.name, *self.synonyms))

    def rgb(self) -> np.ndarray:
        """The picture, read-only uint8 [h, w, 3], both sides at least 360. Raises InputError where the file is missing
        or broken.
        """
        return _decode(self.folder / "backgrounds" / f"{self.id}.webp", "RGB")


@dataclass(frozen=True)
class AssetLibrary:
    """All cut-outs and backgrounds, in the fixed order of their ids."""

    cutouts: tuple[Cutout, ...]
    backgrounds: tuple[Background, ...]


def load_asset_library(folder: Path | str = ASSETS) -> AssetLibrary:
    """The asset library in `folder`, read once and cached; pictures are decoded on first use.

    Raises:
        InputError: a table is missing, or an entry lacks a field, repeats an id, has an unknown color or no picture.
    """
    return _load(Path(folder))


T = TypeVar("T", Cutout, Background)


@lru_cache(maxsize=4)
def _load(folder: Path) -> AssetLibrary:
    cutouts = tuple(_entry(Cutout, row, folder) for row in _table(folder / "cutouts.json"))
    backgrounds = tuple(_entry(Background, row, folder) for row in _table(folder / "backgrounds.json"))
    for cutout in cutouts:
        unknown = [color for color in cutout.colors if color not in COLORS]
        if unknown or not cutout.colors:
            raise InputError(f"Cut-out {cutout.id!r} has colors {cutout.colors}; use one or more of {COLORS}.")
    _check_ids([c.id for c in cutouts], folder / "cutouts")
    _check_ids([b.id for b in backgrounds], folder / "backgrounds")
    return AssetLibrary(tuple(sorted(cutouts, key=lambda c: c.id)), tuple(sorted(backgrounds, key=lambda b: b.id)))


def _table(path: Path) -> Sequence[Any]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"The atlas table {path} cannot be read ({error}); rebuild the atlas.") from error
    if not isinstance(rows, list) or not rows:
        raise InputError(f"The atlas table {path} holds no list of entries; rebuild the atlas.")
    return rows


def _entry(kind: type[T], row: Any, folder: Path) -> T:
    """`row` as a `kind`, with lists converted to tuples. Raises InputError where a field is missing or empty."""
    names = [field.name for field in fields(kind) if field.name != "folder"]
    if not isinstance(row, dict) or set(row) != set(names):
        raise InputError(f"An entry of the atlas in {folder} must have exactly the fields {names}, not {row!r}.")
    values: dict[str, Any] = {}
    for name in names:
        value = row[name]
        many = name in ("synonyms", "colors")
        strings = value if many and isinstance(value, list) else [value]
        if many != isinstance(value, list) or not all(isinstance(text, str) and text.strip() for text in strings):
            wanted = "a list of words" if many else "a word or phrase"
            raise InputError(f"Field {name!r} of atlas entry {row.get('id')!r} must be {wanted}, not {value!r}.")
        values[name] = tuple(strings) if many else value
    return kind(**values, folder=folder)


def _check_ids(ids: Sequence[str], folder: Path) -> None:
    repeated = sorted({name for name in ids if ids.count(name) > 1})
    if repeated:
        raise InputError(f"The atlas repeats the ids {repeated}; every id must be its own.")
    missing = [name for name in ids if not (folder / f"{name}.webp").is_file()]
    if missing:
        raise InputError(f"The atlas lacks the pictures {missing} in {folder}; rebuild the atlas.")


@lru_cache(maxsize=1024)
def _decode(path: Path, mode: str) -> np.ndarray:
    """The picture at `path` as read-only uint8 [h, w, channels of `mode`]."""
    try:
        with Image.open(path) as image:
            pixels = np.array(image.convert(mode))
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"The atlas picture {path} cannot be read ({error}); rebuild the atlas.") from error
    pixels.flags.writeable = False
    return pixels

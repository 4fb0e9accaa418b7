"""FashionIQ: pictures of clothes with pairs of captions about their differences (Wu et al., arXiv 1905.12794).

    captions/cap.{dress,shirt,toptee}.{train,val,test}.json: [{"candidate", "target", "captions": [a, b]}, ...]
    image_splits/split.{dress,shirt,toptee}.{train,val,test}.json: [id, ...], the gallery of a category
    images/{id}.png or .jpg, also in images/{dress,shirt,toptee}/

Each category is searched separately, among all pictures of its split. The targets of the test split are secret.
"""

from pathlib import Path

from mmgrad.datasets.annotations import read_entries, read_names
from mmgrad.datasets.base import Benchmark, Query, check_pictures, check_root, check_split

NAME = "FashionIQ"
CATEGORIES = ("dress", "shirt", "toptee")
SPLITS = ("train", "val", "test")
SUFFIXES = (".png", ".jpg", ".jpeg")


def read_fashioniq(root: Path, split: str = "val") -> Benchmark:
    """Read the three categories of a split. Raises InputError if a file or a picture is missing or broken."""
    check_split(NAME, split, SPLITS)
    check_root(NAME, root, "captions", "image_splits")
    pools = {one: read_names(root / "image_splits" / f"split.{one}.{split}.json") for one in CATEGORIES}
    queries = tuple(query for one in CATEGORIES for query in _queries(root, one, split))
    found = _pictures(root / "images")
    names = list(dict.fromkeys(name for pool in pools.values() for name in pool))
    missing = (root / "images" / f"{name}.png" for name in names if name not in found)
    check_pictures(NAME, missing, len(names))
    return Benchmark(NAME, split, queries, {name: found[name] for name in names}, pools)


def join_captions(captions: tuple[str, ...]) -> str:
    """The captions as one text, "a and b", without surrounding punctuation; empty captions are skipped.

    This is the usual form since Baldrati et al., CVPR 2022.
    """
    return " and ".join(stripped for caption in captions if (stripped := caption.strip(".?, ")))


def _queries(root: Path, category: str, split: str) -> list[Query]:
    entries = read_entries(root / "captions" / f"cap.{category}.{split}.json")
    return [
        Query(
            id=f"{category}-{number}",
            reference=entry.text("candidate"),
            text=join_captions(entry.texts("captions")),
            truths=(entry.text("target"),) if split != "test" or "target" in entry else (),
            category=category,
        )
        for number, entry in enumerate(entries)
    ]


def _pictures(folder: Path) -> dict[str, Path]:
    """Paths of the pictures by id, in the folder and its category folders."""
    found: dict[str, Path] = {}
    for place in (folder, *(folder / category for category in CATEGORIES)):
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if path.suffix.lower() in SUFFIXES:
                found.setdefault(path.stem, path)
    return found

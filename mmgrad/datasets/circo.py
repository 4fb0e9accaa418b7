"""CIRCO: photographs of COCO, with several correct images per query (Baldrati et al., arXiv 2303.15247).

    annotations/{val,test}.json: [{"id", "reference_img_id", "relative_caption", "gt_img_ids", ...}, ...]
    COCO2017_unlabeled/annotations/image_info_unlabeled2017.json: {"images": [{"id", "file_name"}, ...]}, the gallery
    COCO2017_unlabeled/unlabeled2017/000000243611.jpg, ...

Pictures are named by their COCO id without leading zeros. The targets of the test split are secret. `shared_concept` is
not part of the query.
"""

import os
from pathlib import Path

from mmgrad.datasets.annotations import Entry, read_entries, read_entry
from mmgrad.datasets.base import ALL, Benchmark, Query, check_pictures, check_root, check_split

NAME = "CIRCO"
SPLITS = ("val", "test")


def read_circo(root: Path, split: str = "val") -> Benchmark:
    """Read a split. Raises InputError if a file or a picture is missing or broken."""
    check_split(NAME, split, SPLITS)
    coco = root / "COCO2017_unlabeled"
    check_root(NAME, root, "annotations", coco.name)
    queries = tuple(_query(entry, split) for entry in read_entries(root / "annotations" / f"{split}.json"))
    images = read_entry(coco / "annotations" / "image_info_unlabeled2017.json").entries("images")
    folder = coco / "unlabeled2017"
    gallery = {str(image.number("id")): folder / image.text("file_name") for image in images}
    there = frozenset(os.listdir(folder)) if folder.is_dir() else frozenset()
    check_pictures(NAME, (path for path in gallery.values() if path.name not in there), len(gallery))
    return Benchmark(NAME, split, queries, gallery, {ALL: tuple(gallery)})


def _query(entry: Entry, split: str) -> Query:
    truths = entry.numbers("gt_img_ids") if split != "test" or "gt_img_ids" in entry else ()
    return Query(
        id=str(entry.number("id")),
        reference=str(entry.number("reference_img_id")),
        text=entry.text("relative_caption"),
        truths=tuple(map(str, dict.fromkeys(truths))),
    )

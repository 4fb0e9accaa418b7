"""CIRR: everyday photographs in sets of six similar ones (Liu et al., arXiv 2108.04024).

    captions/cap.rc2.{train,val,test1}.json: [{"pairid", "reference", "target_hard", "caption", "img_set"}, ...]
    image_splits/split.rc2.{train,val,test1}.json: {name: "./dev/name.png", ...}, the gallery
    the pictures of NLVR2, in the folder itself or in img_raw/

The target is `target_hard`, the picture that the caption was written for; published results do not use `target_soft`.
The targets of the test split are secret.
"""

from pathlib import Path

from mmgrad.datasets.annotations import Entry, read_entries, read_entry
from mmgrad.datasets.base import ALL, Benchmark, Query, check_pictures, check_root, check_split

NAME = "CIRR"
SPLITS = ("train", "val", "test1")


def read_cirr(root: Path, split: str = "val") -> Benchmark:
    """Read a split of release candidate 2. Raises InputError if a file or a picture is missing or broken."""
    check_split(NAME, split, SPLITS)
    notes = (
        root / "cirr" if (root / "cirr").is_dir() else root
    )  # annotations beside the pictures, in a folder of theirs
    check_root(NAME, notes, "captions", "image_splits")
    files = read_entry(notes / "image_splits" / f"split.rc2.{split}.json")
    gallery, missing = {}, []
    for name in files.fields:
        tried = [base / files.text(name) for base in (root / "img_raw", root, notes / "img_raw", notes)]
        found = next((path for path in tried if path.is_file()), None)
        if found is None:
            missing.append(tried[0])
        else:
            gallery[name] = found
    check_pictures(NAME, missing, len(files.fields))
    queries = tuple(_query(entry, split) for entry in read_entries(notes / "captions" / f"cap.rc2.{split}.json"))
    return Benchmark(NAME, split, queries, gallery, {ALL: tuple(gallery)})


def _query(entry: Entry, split: str) -> Query:
    return Query(
        id=str(entry.number("pairid")),
        reference=entry.text("reference"),
        text=entry.text("caption"),
        truths=(entry.text("target_hard"),) if split != "test1" or "target_hard" in entry else (),
        subset=entry.entry("img_set").texts("members"),
    )

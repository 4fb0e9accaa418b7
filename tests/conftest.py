"""What the tests share: the engine that a fresh clone has, or the one that the environment names."""

import csv
import json
import os
import shutil
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from huggingface_hub import HfApi, RepoCard
from huggingface_hub.utils import filter_repo_objects
from PIL import Image

import mmgrad
from mmgrad.lexicon.imagenet import classes
from mmgrad.synthetic.photo_folder import Photograph, load_photographs
from mmgrad.utils import hub


class LocalHub:
    """Repositories as folders, behind the calls that would ask the network; patterns are applied as there."""

    def __init__(self, root: Path):
        self.root = root
        self.asked: list[str] = []

    def repository(self, name: str, kind: str = "model") -> Path:
        return self.root / kind / name

    def create_repo(self, name: str, *, repo_type: str | None = None, **_: object) -> SimpleNamespace:
        self.repository(name, repo_type or "model").mkdir(parents=True, exist_ok=True)
        return SimpleNamespace(repo_id=name)

    def upload_folder(self, *, repo_id: str, folder_path: str | Path, repo_type: str, **options: object) -> str:
        place, source = self.repository(repo_id, repo_type), Path(folder_path)
        RepoCard((source / "README.md").read_text())  # the hub refuses a card whose metadata is broken
        sent = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
        kept = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
        gone = filter_repo_objects(kept - sent, allow_patterns=options.get("delete_patterns") or [])  # type: ignore
        for name in list(gone):
            (place / name).unlink()
        for name in sent:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, place / name)
        return f"hub:{repo_id}"

    def snapshot_download(
        self, name: str, *, repo_type: str, allow_patterns: list[str], local_dir: Path | None = None, **_: object
    ) -> str:
        """As there: files in `local_dir`, or links into the store of what was fetched."""
        self.asked.append(name)
        place = self.repository(name, repo_type)
        files = [path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()]
        fetched = local_dir or self.root / f"{repo_type}s--{name.replace('/', '--')}" / "snapshots" / ("0" * 40)
        for file in filter_repo_objects(files, allow_patterns=allow_patterns):
            target = fetched / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            if local_dir:
                shutil.copyfile(place / file, target)
            else:
                blob = fetched.parent.parent / "blobs" / sha256(file.encode()).hexdigest()
                blob.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(place / file, blob)
                target.symlink_to(blob)
        return str(fetched)


@pytest.fixture
def local_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalHub:
    """The hub, for this test a folder; and an empty cache of the user."""
    place = LocalHub(tmp_path / "hub")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(HfApi, "create_repo", lambda _, repo_id, **options: place.create_repo(repo_id, **options))
    monkeypatch.setattr(HfApi, "upload_folder", lambda _, **options: place.upload_folder(**options))
    monkeypatch.setattr(hub, "snapshot_download", place.snapshot_download)
    return place


@pytest.fixture(scope="session")
def engine() -> mmgrad.Engine:
    """The shipped model and gallery; MMGRAD_MODEL and MMGRAD_GALLERY name others, as they do for the app."""
    return mmgrad.load(os.environ.get("MMGRAD_MODEL") or None, os.environ.get("MMGRAD_GALLERY") or None)


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Photograph, ...]:
    """Smooth noise of its own for each of a third of the classes."""
    place = tmp_path_factory.mktemp("photographs")
    rng, rows = np.random.default_rng(1), [["file", "wnid"]]
    for one in classes()[::3]:
        pixels = cv2.resize(rng.integers(0, 256, (3, 3, 3), np.uint8), (72, 64), interpolation=cv2.INTER_CUBIC)
        Image.fromarray(pixels).save(place / f"{one.wnid}.png")
        rows.append([f"{one.wnid}.png", one.wnid])
    with (place / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return load_photographs(Path(place))


@pytest.fixture
def fashioniq_root(tmp_path: Path) -> Path:
    """FashionIQ in small: 14 dresses, 12 shirts in a folder of theirs, 13 toptees of which one is a dress too."""
    root = tmp_path / "fashion-iq"
    pools = {"dress": [f"D{i}" for i in range(14)], "shirt": [f"S{i}" for i in range(12)]}
    pools["toptee"] = ["D1", *(f"T{i}" for i in range(12))]
    numbers = {name: i for i, name in enumerate(dict.fromkeys(name for pool in pools.values() for name in pool))}
    for name, number in numbers.items():
        draw(root / "images" / (f"shirt/{name}.jpg" if name[0] == "S" else f"{name}.png"), number)
    for category, names in pools.items():
        asked = [
            {"target": names[-i - 1], "candidate": names[i // 2], "captions": [f" is {category} {i}.", "has, dots?"]}
            for i in range(6)
        ]
        secret = [{key: one[key] for key in ("candidate", "captions")} for one in asked]
        for split, entries in (("val", asked), ("test", secret)):
            write(root / "captions" / f"cap.{category}.{split}.json", entries)
            write(root / "image_splits" / f"split.{category}.{split}.json", names)
    return root


@pytest.fixture
def cirr_root(tmp_path: Path) -> Path:
    """CIRR in small: two image sets of six among 15 pictures, two of them in a folder of their own, as in training."""
    root = tmp_path / "cirr"
    for split, folder in (("val", "dev"), ("test1", "test1")):
        names = [f"{folder}-{i}-0-img0" for i in range(15)]
        files = {name: f"./{folder}/{'7/' if i > 12 else ''}{name}.png" for i, name in enumerate(names)}
        for number, file in enumerate(files.values()):
            draw(root / "img_raw" / file, number)
        entries: list[dict] = []
        for number in range(8):
            first = 6 * (number % 2)
            members = names[first : first + 6]
            one = {"pairid": 12060 + number, "reference": members[number // 2], "caption": f"text {number}"}
            one["img_set"] = {"id": first, "members": members, "reference_rank": 2}
            if split == "val":
                target = members[(number // 2 + 1) % 6]
                one |= {"target_hard": target, "target_soft": {target: 1.0, members[5]: -1.0}}
            entries.append(one)
        write(root / "captions" / f"cap.rc2.{split}.json", entries)
        write(root / "image_splits" / f"split.rc2.{split}.json", files)
    return root


@pytest.fixture
def circo_root(tmp_path: Path) -> Path:
    """CIRCO in small: 16 pictures of COCO, queries of one to four truths."""
    root = tmp_path / "CIRCO"
    coco = root / "COCO2017_unlabeled"
    ids = [243_611 - 17 * i for i in range(16)]
    images = [{"id": one, "file_name": f"{one:012}.jpg", "height": 16, "width": 16} for one in ids]
    for number, image in enumerate(images):
        draw(coco / "unlabeled2017" / str(image["file_name"]), number)
    write(coco / "annotations" / "image_info_unlabeled2017.json", {"info": {}, "images": images})
    for split in ("val", "test"):
        entries: list[dict] = []
        for number in range(7):
            one = {"reference_img_id": ids[number], "relative_caption": f"has {number}", "shared_concept": "a dog"}
            if split == "val":
                truths = ids[8 + number : 9 + number + number % 4]
                one |= {"target_img_id": truths[0], "gt_img_ids": truths, "semantic_aspects": ["cardinality"]}
            entries.append(one | {"id": number})
        write(root / "annotations" / f"{split}.json", entries)
    return root


def draw(path: Path, number: int) -> None:
    """A small picture of one grey, which tells its number: 5 times as bright."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), (5 * number,) * 3).save(path)


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))

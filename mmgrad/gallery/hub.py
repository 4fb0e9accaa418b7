"""Galleries as dataset repositories of the Hugging Face hub, in the ImageFolder layout that `datasets` reads too.

    README.md             the dataset card
    metadata.jsonl        file_name, and what is known of caption, license, link, title and author of each picture
    gallery.safetensors   the rows of the index, see `mmgrad.gallery.snapshot`
    ...                   the pictures, in their folders

What is fetched lies in the Hugging Face cache, as other datasets do; its index lies in the user's cache.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mmgrad.errors import GalleryError
from mmgrad.gallery.places import PUBLISHED
from mmgrad.gallery.snapshot import MadeWith, write_snapshot
from mmgrad.gallery.sources.metadata import FIELDS, METADATA
from mmgrad.gallery.sources.record import Record
from mmgrad.imaging.formats import HEIF_SUFFIXES, SUFFIXES
from mmgrad.utils import hub

if TYPE_CHECKING:  # huggingface_hub is imported where something is pushed: a start does without it
    from huggingface_hub import DatasetCard

    from mmgrad.gallery.gallery import Gallery

CARD = "README.md"
PICTURES = [f"*{suffix}" for each in sorted(SUFFIXES | HEIF_SUFFIXES) for suffix in (each, each.upper())]
FILES = [
    *(f"*{name}" for name in METADATA),
    *(f"*{name.capitalize()}" for name in METADATA),
    PUBLISHED,
    CARD,
    *PICTURES,
]
"""Patterns of what is fetched."""


def find(name: str | Path) -> Path:
    """The folder of a gallery: the one that is named, or this machine's copy of the repository owner/name.

    The copy is fetched where it is missing, and brought up to date where the hub can be reached.

    Raises GalleryError where there is no such repository, the hub cannot be reached and nothing was fetched before, or
    it holds no picture files.
    """
    folder = Path(name).expanduser()
    if not _is_hub_name(name):
        return folder  # one that is missing is told of where it is read
    folder = hub.fetch(str(name), FILES, GalleryError, "dataset")
    if not any(path.suffix.lower() in SUFFIXES | HEIF_SUFFIXES for path in folder.rglob("*")):
        raise GalleryError(
            f"The dataset '{name}' of the hub holds no picture files; give one in the ImageFolder layout."
        )
    return folder


def cache_key(name: str | Path, folder: Path) -> str | None:
    """What names a repository in the user's cache, whatever its revision; None for a gallery of this disk."""
    if _is_hub_name(name):
        return f"hub:{name}"
    repository = repository_name(folder)
    return f"hub:{repository}" if repository else None


def repository_name(folder: Path) -> str:
    """The owner/name of the repository that a folder of the Hugging Face cache is a copy of; "" for any other."""
    snapshots = folder.absolute().parent
    kind, _, name = snapshots.parent.name.partition("--")
    return name.replace("--", "/", 1) if snapshots.name == "snapshots" and kind == "datasets" else ""


def _is_hub_name(name: str | Path) -> bool:
    return not Path(name).expanduser().exists() and bool(hub.HUB_ID.fullmatch(str(name)))


def push(gallery: "Gallery", repo_id: str, private: bool | None = None, token: str | None = None) -> str:
    """Push a gallery's pictures and index to a dataset repository, made where it is missing; returns its address.

    Pictures that are there but no longer in the gallery are deleted there. The other arguments are those of
    `Gallery.push_to_hub`.
    """
    from huggingface_hub import HfApi

    with TemporaryDirectory(prefix="mmgrad-") as place:
        lay_out(Path(place), gallery)
        with hub.pushing(repo_id, GalleryError):
            api = HfApi(token=token)
            name = api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True).repo_id
            commit = api.upload_folder(
                repo_id=name,
                repo_type="dataset",
                folder_path=place,
                commit_message=f"Gallery of {len(gallery):,} pictures",
                delete_patterns=[*PICTURES, "gallery.json"],
            )
    return str(commit)


def lay_out(place: Path, gallery: "Gallery") -> None:
    """Write a gallery to an empty folder as a repository holds it; pictures are links to where they lie.

    Nothing but the pictures of the records is taken from the gallery's folder, and its README.md.
    """
    lines, linked = [], []
    for record in gallery.records:
        if ".." in PurePosixPath(record.id).parts:
            raise GalleryError(
                f"The gallery '{gallery.folder}' names a picture '{record.id}', which climbs out of a folder; list it "
                "without."
            )
        link = place / record.id
        link.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(record.path, Path):
            link.symlink_to(record.path.resolve())
        else:  # inside an archive
            link.write_bytes(record.path.read_bytes())
        fields = {key: getattr(record, key) for key in FIELDS}
        lines.append({"file_name": record.id} | {key: value for key, value in fields.items() if value is not None})
        linked.append(Record(record.id, link))
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (place / METADATA[0]).write_text(text, encoding="utf-8")
    own = gallery.folder / CARD
    card = str(_card(gallery.name, gallery.records, gallery.fingerprint)).encode()
    (place / CARD).write_bytes(own.read_bytes() if own.is_file() else card)
    if gallery.signatures is not None:  # else it was made by hand, and is indexed where it is pulled
        made_with = MadeWith(gallery.fingerprint, gallery.embeddings.shape[1])
        write_snapshot(place / PUBLISHED, made_with, gallery.to_snapshot(linked))


def _card(name: str, records: Sequence[Record], fingerprint: str) -> "DatasetCard":
    # Which files are data is said outright, lest the index be taken for some.
    endings = sorted({PurePosixPath(record.id).suffix for record in records})
    files = [METADATA[0], *(f"**/*{ending}" for ending in endings)]
    configs = [{"config_name": "default", "data_files": [{"split": "train", "path": files}]}]
    from huggingface_hub import DatasetCard, DatasetCardData

    data = DatasetCardData(tags=["mmgrad", "composed-image-retrieval"], configs=configs, pretty_name=name)
    licenses = Counter(record.license or "not stated" for record in records)
    stated = "; ".join(f"{license} ({count:,})" for license, count in licenses.most_common(20))
    return DatasetCard(
        f"""---
{data.to_yaml()}
---

# {name}

A gallery of {len(records):,} pictures for composed image retrieval with mmgrad, in the ImageFolder layout.

```python
import mmgrad

engine = mmgrad.load(gallery="owner/name")  # this repository
```

`gallery.safetensors` holds their embeddings by the model of fingerprint {fingerprint}; with another model they are
computed anew on first use.

Licenses of the pictures, by `metadata.jsonl`: {stated}.
"""
    )

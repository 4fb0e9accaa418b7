"""Galleries as dataset repositories of the Hugging Face hub, in the ImageFolder layout that `datasets` reads too.

    README.md             the dataset card
    metadata.jsonl        file_name, caption, licence and link of each picture
    gallery.safetensors   the embeddings and what made them, with gallery.json, see `mmgrad.gallery.store`
    ...                   the pictures, in their folders

What is fetched lies in the user's cache, one folder a gallery, and is a gallery like any other there.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import torch
from huggingface_hub import DatasetCard, DatasetCardData, HfApi

from mmgrad.errors import GalleryError
from mmgrad.gallery import store as gallery_files
from mmgrad.gallery.sources.folder import SUFFIXES, Record
from mmgrad.gallery.sources.metadata import METADATA
from mmgrad.gallery.store import MANIFEST, TENSOR, Manifest
from mmgrad.utils import hub

CARD = "README.md"
PICTURES = [f"*{suffix}" for each in sorted(SUFFIXES) for suffix in (each, each.upper())]
FILES = [*METADATA, TENSOR, MANIFEST, CARD, *PICTURES]
"""Patterns of what is fetched."""


def find(name: str | Path) -> Path:
    """The folder of a gallery: the one that is named, or this machine's copy of the repository owner/name.

    The copy is fetched where it is missing, and brought up to date where the hub can be reached.

    Raises GalleryError where there is no such repository, the hub cannot be reached and nothing was fetched before, or
    it holds no picture files.
    """
    folder = Path(name).expanduser()
    if folder.exists() or not hub.HUB_ID.fullmatch(str(name)):
        return folder  # one that is missing is told of where it is read
    place = gallery_files.cache_root() / "hub" / str(name)
    folder = hub.fetch(str(name), FILES, GalleryError, "dataset", local_dir=place)
    if not any(path.suffix.lower() in SUFFIXES for path in folder.rglob("*")):
        raise GalleryError(
            f"The dataset '{name}' of the hub holds no picture files; give one in the ImageFolder layout."
        )
    return folder


def push(
    folder: Path,
    records: Sequence[Record],
    embeddings: torch.Tensor,
    fingerprint: str,
    repo_id: str,
    private: bool | None = None,
    token: str | None = None,
) -> str:
    """Push a gallery's pictures and index to a dataset repository, made where it is missing; returns its address.

    Pictures that are there but no longer in the gallery are deleted there. The arguments are those of
    `mmgrad.gallery.gallery.Gallery` and of its `push_to_hub`.
    """
    with TemporaryDirectory(prefix="mmgrad-") as place:
        lay_out(Path(place), folder, records, embeddings, fingerprint)
        with hub.pushing(repo_id, GalleryError):
            api = HfApi(token=token)
            name = api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True).repo_id
            commit = api.upload_folder(
                repo_id=name,
                repo_type="dataset",
                folder_path=place,
                commit_message=f"Gallery of {len(records):,} pictures",
                delete_patterns=PICTURES,
            )
    return str(commit)


def lay_out(place: Path, folder: Path, records: Sequence[Record], embeddings: torch.Tensor, fingerprint: str) -> None:
    """Write a gallery to an empty folder as a repository holds it; pictures are links to where they lie.

    Nothing but the pictures of the records is taken from `folder`, and its README.md.
    """
    lines = []
    for record in records:
        if ".." in PurePosixPath(record.id).parts:
            raise GalleryError(
                f"The gallery '{folder}' names a picture '{record.id}', which climbs out of a folder; list it without."
            )
        link = place / record.id
        link.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(record.path, Path):
            link.symlink_to(record.path.resolve())
        else:  # inside an archive
            link.write_bytes(record.path.read_bytes())
        said = {"caption": record.caption, "licence": record.licence, "link": record.link}
        lines.append({"file_name": record.id} | {key: value for key, value in said.items() if value is not None})
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (place / METADATA[0]).write_text(text, encoding="utf-8")
    own = folder / CARD
    card = own.read_bytes() if own.is_file() else str(_card(folder.name, records, fingerprint)).encode()
    (place / CARD).write_bytes(card)
    linked = [Record(record.id, place / record.id) for record in records]
    manifest = Manifest.expected(linked, fingerprint, embeddings.shape[1])
    gallery_files.write(place, manifest, embeddings.detach().cpu())


def _card(name: str, records: Sequence[Record], fingerprint: str) -> DatasetCard:
    # Which files are data is said outright, lest the index be taken for some.
    endings = sorted({PurePosixPath(record.id).suffix for record in records})
    files = [METADATA[0], *(f"**/*{ending}" for ending in endings)]
    configs = [{"config_name": "default", "data_files": [{"split": "train", "path": files}]}]
    data = DatasetCardData(tags=["mmgrad", "composed-image-retrieval"], configs=configs, pretty_name=name)
    licences = Counter(record.licence or "not stated" for record in records)
    stated = "; ".join(f"{licence} ({count:,})" for licence, count in licences.most_common(20))
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

Licences of the pictures, by `metadata.jsonl`: {stated}.
"""
    )

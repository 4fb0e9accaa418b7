"""Galleries as dataset repositories: there and back, with nothing in between but folders."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import DatasetCard
from PIL import Image

from mmgrad.errors import GalleryError
from mmgrad.gallery.gallery import Gallery
from mmgrad.gallery.places import PUBLISHED


class MeanColor:
    """An embedder of three numbers that counts the pictures it was given."""

    dimension = 3

    def __init__(self, fingerprint: str = "mean color"):
        self.fingerprint = fingerprint
        self.seen = 0

    def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
        self.seen += len(images)
        means = torch.stack([torch.from_numpy(image.reshape(-1, 3).mean(axis=0)) for image in images]).float()
        return torch.nn.functional.normalize(means + 1, dim=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two listed pictures in folders of their own, one that is not listed, a broken one, and a private note."""
    place = tmp_path / "shelf"
    for number, name in enumerate(("a/red.png", "b/blue.webp", "b/unlisted.png")):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 24), (200 * (number == 0), 30, 200 * (number == 1))).save(place / name)
    (place / "b" / "torn.jpg").write_bytes(b"\xff\xd8 not a picture")
    (place / "notes.txt").write_text("private")
    lines = [
        {
            "file_name": "a/red.png",
            "caption": "“red” \u2028 ☀",
            "licence": "CC0-1.0",
            "link": "https://red",
            "note": "?",
        },
        {"file_name": "b/blue.webp"},
        {"file_name": "b/torn.jpg"},
    ]
    (place / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return place


def test_a_gallery_comes_back_the_same_and_needs_no_indexing(folder: Path, local_hub) -> None:
    pushed = Gallery.load(folder, MeanColor(), progress=False)
    assert pushed.push_to_hub("me/shelf") == "hub:me/shelf"
    again = MeanColor()
    pulled = Gallery.load("me/shelf", again, progress=False)
    assert again.seen == 0
    assert torch.equal(pulled.embeddings, pushed.embeddings)
    for one, other in zip(pulled.records, pushed.records, strict=True):
        assert (one.id, one.caption, one.license, one.link) == (other.id, other.caption, other.license, other.link)
        assert one.path.read_bytes() == other.path.read_bytes()
    assert pulled.name == "me/shelf"


def test_only_what_belongs_to_the_gallery_is_pushed(folder: Path, local_hub) -> None:
    Gallery.load(folder, MeanColor(), progress=False).push_to_hub("me/shelf")
    place = local_hub.repository("me/shelf", "dataset")
    files = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    assert files == {"a/red.png", "b/blue.webp", "b/unlisted.png", "metadata.jsonl", PUBLISHED, "README.md"}
    assert "note" not in (place / "metadata.jsonl").read_text()
    written = b"".join((place / name).read_bytes() for name in ("metadata.jsonl", PUBLISHED, "README.md"))
    assert str(folder).encode() not in written


def test_a_picture_that_was_taken_out_goes_there_too_and_a_card_of_ones_own_stays(folder: Path, local_hub) -> None:
    Gallery.load(folder, MeanColor(), progress=False).push_to_hub("me/shelf")
    for name in ("a/red.png", "b/unlisted.png"):
        (folder / name).unlink()
    (folder / "metadata.jsonl").write_text('{"file_name": "b/blue.webp"}\n')
    (folder / "README.md").write_text("---\nlicense: cc0-1.0\n---\nMine.\n")
    place = local_hub.repository("me/shelf", "dataset")
    (place / "LICENSE").write_text("kept")
    Gallery.load(folder, MeanColor(), progress=False).push_to_hub("me/shelf")
    assert not (place / "a" / "red.png").exists()
    assert (place / "LICENSE").read_text() == "kept"
    assert (place / "README.md").read_text().endswith("Mine.\n")
    assert [record.id for record in Gallery.load("me/shelf", MeanColor(), progress=False).records] == ["b/blue.webp"]


def test_another_model_indexes_what_was_pulled_once(folder: Path, local_hub) -> None:
    Gallery.load(folder, MeanColor(), progress=False).push_to_hub("me/shelf")
    other = MeanColor("another")
    Gallery.load("me/shelf", other, progress=False)
    assert other.seen == 3


def test_the_card_says_which_files_are_data_and_their_licences(folder: Path, local_hub) -> None:
    Gallery.load(folder, MeanColor(), progress=False).push_to_hub("me/shelf")
    card = DatasetCard.load(local_hub.repository("me/shelf", "dataset") / "README.md")
    (config,) = card.data.configs
    assert config["data_files"] == [{"split": "train", "path": ["metadata.jsonl", "**/*.png", "**/*.webp"]}]
    assert "CC0-1.0 (1)" in card.text
    assert "not stated (2)" in card.text


def test_a_dataset_without_pictures_is_told_of(local_hub) -> None:
    place = local_hub.repository("me/table", "dataset")
    place.mkdir(parents=True)
    (place / "data.parquet").write_bytes(b"PAR1")
    with pytest.raises(GalleryError, match="'me/table' of the hub holds no picture files"):
        Gallery.load("me/table", MeanColor(), progress=False)


def test_a_folder_that_is_there_is_never_asked_for(folder: Path, local_hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent.parent)
    name = f"{folder.parent.name}/{folder.name}"
    assert len(Gallery.load(name, MeanColor(), progress=False)) == 3
    assert local_hub.asked == []


def test_a_missing_folder_that_is_no_name_of_the_hub_is_never_asked_for(tmp_path: Path, local_hub) -> None:
    with pytest.raises(GalleryError, match="There is no gallery folder"):
        Gallery.load(tmp_path / "nothing", MeanColor(), progress=False)
    assert local_hub.asked == []


def test_a_path_that_climbs_within_the_gallery_names_the_picture_itself(folder: Path, local_hub) -> None:
    (folder / "metadata.jsonl").write_text('{"file_name": "a/../b/blue.webp", "caption": "x"}\n')
    gallery = Gallery.load(folder, MeanColor(), progress=False)
    assert gallery.records[gallery.positions["b/blue.webp"]].caption == "x"
    gallery.push_to_hub("me/shelf")


def test_what_was_fetched_stays_as_it_is_and_is_indexed_once_for_all_revisions(
    folder: Path, local_hub, tmp_path: Path
) -> None:
    Gallery.load(folder, MeanColor(), progress=False).push_to_hub("me/shelf")
    pulled = Gallery.load("me/shelf", MeanColor("another"), progress=False)
    assert not (pulled.folder / ".mmgrad").exists()
    later = pulled.folder.with_name("1" * 40)
    pulled.folder.rename(later)
    again = MeanColor("another")
    assert len(Gallery.load(later, again, progress=False)) == 3

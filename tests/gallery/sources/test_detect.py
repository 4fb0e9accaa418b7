import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from mmgrad.errors import GalleryError, InputError
from mmgrad.gallery.gallery import Gallery
from mmgrad.gallery.sources import zip_archive
from mmgrad.gallery.sources.detect import read_source
from mmgrad.imaging.io import load_image


class MeanColor:
    dimension = 4
    fingerprint = "mean color"

    def __init__(self) -> None:
        self.embedded = 0

    def encode_image(self, images: list[np.ndarray]) -> torch.Tensor:
        self.embedded += len(images)
        return F.normalize(torch.tensor(np.stack([[*image.mean(axis=(0, 1)), 50] for image in images])).float(), dim=1)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def picture(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (10 + number, 20, 3), np.uint8)


def png(number: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture(number)).save(file, "PNG")
    return file.getvalue()


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


# Zip archives


def test_a_zip_archive_is_a_gallery_like_the_folder_that_it_was_made_of(tmp_path: Path) -> None:
    files = {f"birds/{n}.png": png(n) for n in range(5)}
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    path = pack(
        tmp_path / "birds.zip", files | {"birds/.hidden.png": png(0), "__MACOSX/birds/._0.png": b"x", "a.txt": b""}
    )
    packed = Gallery.build(path, MeanColor(), progress=False)
    folder = Gallery.build(tmp_path / "birds", MeanColor(), progress=False)
    assert [record.id for record in packed.records] == list(files)
    assert torch.equal(packed.embeddings, folder.embeddings)
    assert list((tmp_path / "birds.zip.mmgrad").glob("*.safetensors"))
    assert np.array_equal(load_image(packed.records[3].path), picture(3))
    again = Gallery.load(path, model := MeanColor(), progress=False)
    assert model.embedded == 0
    assert again.records == packed.records


def test_a_picture_added_to_an_archive_is_the_only_one_embedded(tmp_path: Path) -> None:
    files = {f"{n}.png": png(n) for n in range(5)}
    Gallery.build(pack(tmp_path / "a.zip", files), MeanColor(), progress=False)
    pack(tmp_path / "a.zip", {"00.png": png(7)} | files)
    model = MeanColor()
    assert len(Gallery.load(tmp_path / "a.zip", model, progress=False)) == 6
    assert model.embedded == 1


@pytest.mark.parametrize("base", ["", "birds/"])
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_the_metadata_of_an_archive_says_what_its_pictures_are(tmp_path: Path, base: str, kind: str) -> None:
    lines = [{"file_name": "0.png", "text": "a, b", "license": "CC0-1.0", "url": "https://example.org"}]
    said = "\n".join(json.dumps(line) for line in lines)
    if kind == "csv":
        said = 'file_name,text,license,url\n0.png,"a, b",CC0-1.0,https://example.org\n'
    path = pack(
        tmp_path / "a.zip", {f"{base}0.png": png(0), f"{base}1.png": png(1), f"{base}metadata.{kind}": said.encode()}
    )
    record, unlisted = read_source(path).records
    assert (unlisted.id, unlisted.caption) == (f"{base}1.png", None)
    assert (record.id, record.caption) == (f"{base}0.png", "a, b")
    assert (record.license, record.link) == ("CC0-1.0", "https://example.org")


def test_what_is_dangerous_in_an_archive_is_listed_and_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_archive, "MAX_BYTES", 100_000)
    names = ["good.png", "../up.png", "/root.png", "C:/drive.png", "a\\..\\b.png", "bomb.png", "cut.png", "secret.png"]
    path = pack(tmp_path / "a.zip", {name: png(n) for n, name in enumerate(names)} | {"bomb.png": bytes(100_001)})
    data = bytearray(path.read_bytes())
    cut = data.index(b"cut.png") + 60
    data[cut] ^= 0xFF
    at = data.rindex(b"secret.png")
    data[at - 46 + 8] |= 1  # the flag of encryption in the directory
    path.write_bytes(bytes(data))
    gallery = Gallery.build(path, MeanColor(), progress=False)
    assert [record.id for record in gallery.records] == ["good.png"]
    why = dict(gallery.skipped)
    assert set(why) == {record.id for record in read_source(path).records} - {"good.png"}
    assert all("leads out of" in why[name] for name in ("../up.png", "/root.png", "C:/drive.png", "a\\..\\b.png"))
    assert "unpacks to 100,001 bytes" in why["bomb.png"]
    assert "damaged" in why["cut.png"]
    assert "encrypted" in why["secret.png"]


def test_a_picture_that_the_metadata_of_an_archive_lists_and_it_lacks_is_skipped(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"file_name": name}) + "\n" for name in ("0.png", "gone.png"))
    path = pack(tmp_path / "a.zip", {"0.png": png(0), "metadata.jsonl": lines.encode()})
    assert Gallery.build(path, MeanColor(), progress=False).skipped[0][0] == "gone.png"


def test_what_is_no_gallery_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK no")
    (tmp_path / "a.tar").write_bytes(b"x")
    for name, words in (("a.zip", "not a zip archive"), ("a.tar", "is no gallery"), ("none.zip", "no gallery folder")):
        with pytest.raises(GalleryError, match=words):
            read_source(tmp_path / name)
    with pytest.raises(GalleryError, match="holds no pictures"):
        read_source(pack(tmp_path / "b.zip", {"a.txt": b""}))
    with pytest.raises(GalleryError, match=r"no picture that can be read; the first, 'a.png': "):
        Gallery.build(pack(tmp_path / "c.zip", {"a.png": b"no"}), MeanColor(), progress=False)


# Datasets on the disk


def test_a_dataset_without_pyarrow_is_told_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "state.json").touch()
    with pytest.raises(GalleryError, match="pip install pyarrow"):
        read_source(tmp_path)


def rows(numbers: range) -> dict[str, list[Any]]:
    return {
        "image": [{"bytes": png(n), "path": f"{n}.png"} for n in numbers],
        "caption": [[f"picture {n}", "another"] for n in numbers],
        "license": ["CC0-1.0" for _ in numbers],
    }


def parquet(path: Path, numbers: range, column: str = "image", group: int = 2) -> Path:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    given = rows(numbers)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({column: given.pop("image"), **given}), path, row_group_size=group)
    return path


@pytest.mark.parametrize("column", ["image", "photo"])
def test_a_parquet_file_is_a_gallery(tmp_path: Path, column: str) -> None:
    path = parquet(tmp_path / "birds.parquet", range(5), column)
    built = Gallery.build(path, MeanColor(), progress=False)
    assert [record.id for record in built.records] == [f"{n:06}" for n in range(5)]
    for n in (4, 0, 3):
        assert np.array_equal(load_image(built.records[n].path), picture(n))
    assert (built.records[2].caption, built.records[2].license) == ("picture 2", "CC0-1.0")
    assert str(built.records[2].path) == f"{path}:2"
    again = Gallery.load(path, model := MeanColor(), progress=False)
    assert (model.embedded, again.records) == (0, built.records)
    parquet(path, range(-0, 7), column)
    assert len(Gallery.load(path, model, progress=False)) == 7
    assert model.embedded == 2


def test_a_folder_of_parquet_files_is_one_gallery_by_splits(tmp_path: Path) -> None:
    for shard in range(2):
        parquet(tmp_path / "data" / f"train-{shard:05}-of-00002.parquet", range(3 * shard, 3 * shard + 3))
    parquet(tmp_path / "data" / "test-00000-of-00001.parquet", range(6, 8))
    source = read_source(tmp_path)
    names = [*(f"data/test/{n:06}" for n in range(2)), *(f"data/train/{n:06}" for n in range(6))]
    assert [record.id for record in source.records] == names
    assert np.array_equal(load_image(source.records[7].path), picture(5))


def test_a_row_without_its_picture_is_skipped_and_never_followed(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    (tmp_path / "secret.png").write_bytes(png(0))
    cells = [{"bytes": png(1), "path": None}, {"bytes": None, "path": str(tmp_path / "secret.png")}, None]
    pq.write_table(pa.table({"image": cells}), tmp_path / "a.parquet")
    gallery = Gallery.build(tmp_path / "a.parquet", MeanColor(), progress=False)
    assert [name for name, _ in gallery.skipped] == ["000001", "000002"]
    assert "holds no picture" in gallery.skipped[0][1]


def test_a_dataset_without_pictures_or_damaged_is_refused(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"label": [1]}), tmp_path / "a.parquet")
    with pytest.raises(GalleryError, match=r"No column of 'a.parquet' holds pictures .* it has label"):
        read_source(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(GalleryError, match="damaged"):
        read_source(tmp_path / "b.parquet")


@pytest.mark.parametrize("several", [False, True])
def test_what_save_to_disk_wrote_is_a_gallery(tmp_path: Path, several: bool) -> None:
    datasets, pa = pytest.importorskip("datasets"), pytest.importorskip("pyarrow")
    features = datasets.Features({"photo": datasets.Image(), "caption": datasets.Value("string")})

    def split(numbers: list[int]) -> Any:
        photos = [{"bytes": png(n), "path": None} for n in numbers]
        columns = {"photo": photos, "caption": [f"picture {n}" for n in numbers]}
        table = datasets.table.InMemoryTable(pa.table(columns, schema=features.arrow_schema))
        return datasets.Dataset(table, fingerprint=f"of {numbers}")

    given = split([4, 2, 0])
    if several:
        given = datasets.DatasetDict({"train": given, "test": split([5, 6])})
    given.save_to_disk(str(tmp_path / "birds"))
    built = Gallery.build(tmp_path / "birds", MeanColor(), progress=False)
    names = (
        ["train/000000", "train/000001", "train/000002", "test/000000", "test/000001"]
        if several
        else ["000000", "000001", "000002"]
    )
    assert [record.id for record in built.records] == names
    assert np.array_equal(load_image(built.records[0].path), picture(4))
    assert built.records[1].caption == "picture 2"
    own = {path.name for path in (tmp_path / "birds").rglob("*") if path.suffix in (".sqlite", ".safetensors")}
    assert not own, "the dataset's own folder is left as it is"
    assert list((tmp_path / "birds.mmgrad").glob("*.safetensors"))
    Gallery.load(tmp_path / "birds", model := MeanColor(), progress=False)
    assert model.embedded == 0


def test_a_member_that_is_no_picture_is_called_by_its_name(tmp_path: Path) -> None:
    (record,) = read_source(pack(tmp_path / "a.zip", {"below/0.png": b"none of it"})).records
    with pytest.raises(InputError, match=r"'0\.png' is not a picture"):
        load_image(record.path)

import json
import os
import unicodedata
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from mmgrad.errors import GalleryError, InputError
from mmgrad.gallery.sources.folder import Record, list_folder, read_folder


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def write_metadata(folder: Path, *lines: object) -> None:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)
    (folder / "metadata.jsonl").write_text(text + "\n", encoding="utf-8")


def ids(folder: Path) -> list[str]:
    return [record.id for record in read_folder(folder)]


def test_without_metadata_every_picture_below_the_folder_is_a_record_in_order(tmp_path: Path) -> None:
    touch(tmp_path, "b.JPG", "a/z.png", "a/ü 1.webp", "notes.txt", "gallery.safetensors", "gallery.json", "README.md")
    assert ids(tmp_path) == ["a/z.png", "a/ü 1.webp", "b.JPG"]
    assert read_folder(tmp_path)[0] == Record(id="a/z.png", path=tmp_path / "a" / "z.png")
    assert list_folder(tmp_path).passed_over == ((".txt", 1),)


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", ".b.png", ".git/c.png", "._d.jpg", ".mmgrad/e.png")
    assert ids(tmp_path) == ["a.png"]


def test_rare_suffixes_are_pictures_and_a_file_without_one_is_known_by_its_content(tmp_path: Path) -> None:
    touch(tmp_path, "a.jfif", "b.jpe", "c.MPO", "text", "e.xyz", "f.xyz")
    file = BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    (tmp_path / "noext").write_bytes(file.getvalue())
    listing = list_folder(tmp_path)
    assert [record.id for record in listing.records] == ["a.jfif", "b.jpe", "c.MPO", "noext"]
    assert listing.describe_passed_over() == "3 other files were passed over: 2 .xyz, 1 without suffix"


def test_a_folder_of_other_files_only_says_which_they_are(tmp_path: Path) -> None:
    touch(tmp_path, "a.raw", "b.RAW")
    with pytest.raises(GalleryError, match=r"holds no pictures.* 2 other files were passed over: 2 \.raw"):
        read_folder(tmp_path)


def test_a_link_to_a_file_outside_is_passed_over_and_counted_and_one_within_is_followed(tmp_path: Path) -> None:
    touch(tmp_path, "outside/secret.png", "gallery/a.png")
    gallery = tmp_path / "gallery"
    (gallery / "leak.png").symlink_to(tmp_path / "outside" / "secret.png")
    (gallery / "b.png").symlink_to(gallery / "a.png")
    assert ids(gallery) == ["a.png", "b.png"]
    assert "1 links that lead out of the gallery" in list_folder(gallery).describe_passed_over()


def test_linked_folders_are_followed_once_and_never_in_circles(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere/c.png", "gallery/sub/a.png", "gallery/b.png")
    gallery = tmp_path / "gallery"
    (gallery / "album").symlink_to(tmp_path / "elsewhere")
    (gallery / "again").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(gallery)
    (gallery / "loop").symlink_to(gallery)
    (gallery / "up").symlink_to(tmp_path)
    (gallery / "down").symlink_to(gallery / "sub")
    (gallery / "self").symlink_to(gallery / "self")
    found = ids(gallery)
    assert [name for name in found if name.endswith("c.png")] in (["album/c.png"], ["again/c.png"])
    assert [name for name in found if not name.endswith("c.png")] == ["b.png", "sub/a.png"]


def test_the_links_of_the_hugging_face_cache_are_followed(tmp_path: Path) -> None:
    repository = tmp_path / "datasets--someone--pics"
    touch(repository, "blobs/0123", "blobs/4567")
    snapshot = repository / "snapshots" / "abc"
    (snapshot / "train").mkdir(parents=True)
    (snapshot / "train" / "a.png").symlink_to("../../../blobs/0123")
    (snapshot / "metadata.jsonl").symlink_to("../../blobs/4567")
    (repository / "blobs" / "4567").write_text('{"file_name": "train/a.png", "caption": "x"}')
    assert [(record.id, record.caption) for record in read_folder(snapshot)] == [("train/a.png", "x")]
    assert ids(snapshot / "train") == ["a.png"]


def test_a_link_that_leads_to_itself_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(GalleryError, match="leads nowhere"):
        read_folder(tmp_path / "loop")


def test_names_that_are_not_utf_8_get_an_id_that_is(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"M\xe4dchen.png")).write_bytes(b"x")
    (record,) = read_folder(tmp_path)
    assert json.dumps(record.id, ensure_ascii=False).encode("utf-8")
    assert record.id == "M\\xe4dchen.png"
    assert isinstance(record.path, Path)
    assert record.path.read_bytes() == b"x"


def test_metadata_describes_pictures_and_unlisted_ones_are_there_too(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "sub/b.png", "unlisted.png")
    write_metadata(
        tmp_path,
        {"file_name": "sub/b.png", "caption": "a\u2028b", "licence": "CC0-1.0", "link": "https://example.org"},
        "",
        {"file_name": "a.png", "license": "MIT", "width": 3, "title": "A", "author": "B"},
    )
    assert read_folder(tmp_path) == [
        Record(id="a.png", path=tmp_path / "a.png", license="MIT", title="A", author="B"),
        Record("sub/b.png", tmp_path / "sub" / "b.png", "a\u2028b", "CC0-1.0", "https://example.org"),
        Record("unlisted.png", tmp_path / "unlisted.png"),
    ]


def test_metadata_in_folders_describes_what_lies_beside_it(tmp_path: Path) -> None:
    touch(tmp_path, "train/a.png", "test/a.png", "test/deep/b.png")
    for name in ("train", "test"):
        write_metadata(tmp_path / name, {"file_name": "a.png", "caption": name})
    (tmp_path / "test" / "deep" / "Metadata.csv").write_text("file_name,caption\nb.png,deep\n")
    assert {record.id: record.caption for record in read_folder(tmp_path)} == {
        "train/a.png": "train",
        "test/a.png": "test",
        "test/deep/b.png": "deep",
    }


@pytest.mark.parametrize(
    "text",
    [
        "file_name,caption\na.png,x\n",
        "\ufefffile_name,caption\r\na.png,x\r\n",
        "file_name;caption\na.png;x\n",
        "file_name\tcaption\na.png\tx\n",
        "File_Name , Caption\na.png, x\n",
        '"file_name", "caption"\n"a.png", "x"\n',
        "filename,text\n./a.png,x\n",
        "file_name,caption\nA.PNG,x\n",
    ],
)
@pytest.mark.parametrize("name", ["metadata.csv", "METADATA.CSV"])
def test_tables_of_other_tools_are_read(tmp_path: Path, text: str, name: str) -> None:
    touch(tmp_path, "a.png")
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert read_folder(tmp_path) == [Record("a.png", tmp_path / "a.png", "x")]


def test_parquet_metadata_is_read(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    touch(tmp_path, "a.png")
    pq.write_table(pa.table({"file_name": ["a.png"], "caption": ["x"], "n": [1]}), tmp_path / "metadata.parquet")
    assert read_folder(tmp_path) == [Record("a.png", tmp_path / "a.png", "x")]


def test_names_written_by_other_systems_are_found(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Mädchen.jpg")
    touch(tmp_path, decomposed, "img/p0.jpg")
    write_metadata(
        tmp_path,
        {"file_name": unicodedata.normalize("NFC", "Mädchen.jpg"), "caption": "one"},
        {"file_name": "img\\P0.JPG", "caption": "two"},
    )
    assert {record.id: record.caption for record in read_folder(tmp_path)} == {decomposed: "one", "img/p0.jpg": "two"}


def test_a_picture_that_is_listed_twice_gets_both_captions(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    lines = [{"file_name": "a.png", "caption": caption} for caption in ("one", "two", "one")]
    write_metadata(tmp_path, *lines, {"file_name": "a.png", "license": "MIT"})
    assert read_folder(tmp_path) == [Record("a.png", tmp_path / "a.png", "one; two", "MIT")]


def test_a_listed_picture_that_is_missing_is_kept_for_the_reader_to_report(tmp_path: Path) -> None:
    write_metadata(tmp_path, {"file_name": "gone.png"})
    (record,) = read_folder(tmp_path)
    assert record.id == "gone.png"
    with pytest.raises(InputError, match=r"There is no 'gone\.png' in the gallery"):
        record.path.read_bytes()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{not json", "Line 2 .* is not JSON"),
        ({"caption": "a"}, "Line 2 .* no 'file_name'"),
        ([1, 2], "Line 2 .* no 'file_name'"),
        ({"file_name": ""}, "Line 2 .* no 'file_name'"),
        ({"file_name": 3}, "Line 2 .* no 'file_name'"),
        ({"file_name": "../outside/secret.png"}, "outside the gallery"),
        ({"file_name": "/etc/passwd"}, "outside the gallery"),
        ({"file_name": "C:/a.png"}, "outside the gallery"),
        ({"file_name": "sub\\..\\..\\secret.png"}, "outside the gallery"),
    ],
)
def test_broken_metadata_names_the_line(tmp_path: Path, line: object, words: str) -> None:
    touch(tmp_path, "outside/secret.png", "gallery/a.png")
    gallery = tmp_path / "gallery"
    write_metadata(gallery, {"file_name": "a.png"}, line)
    with pytest.raises(GalleryError, match=words):
        read_folder(gallery)


def test_metadata_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "metadata.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(GalleryError, match="UTF-8"):
        read_folder(tmp_path)


def test_a_missing_or_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="no gallery folder"):
        read_folder(tmp_path / "none")
    with pytest.raises(GalleryError, match="holds no pictures"):
        read_folder(tmp_path)
    touch(tmp_path, "a.png")
    with pytest.raises(GalleryError, match="no gallery folder"):
        read_folder(tmp_path / "a.png")


def test_captions_with_halves_of_characters_become_valid_text(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.png", "caption": "x \\ud800 y"}\n')
    assert read_folder(tmp_path)[0].caption == "x ? y"

import json
from pathlib import Path

import pytest

from mmgrad.errors import GalleryError
from mmgrad.gallery.sources.folder import Record, read_folder


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
    touch(tmp_path, "b.JPG", "a/z.png", "a/ü 1.webp", "notes.txt", "gallery.safetensors", "gallery.json", "c.heic")
    assert ids(tmp_path) == ["a/z.png", "a/ü 1.webp", "b.JPG"]
    assert read_folder(tmp_path)[0] == Record(id="a/z.png", path=tmp_path / "a" / "z.png")


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", ".b.png", ".git/c.png", "._d.jpg")
    assert ids(tmp_path) == ["a.png"]


def test_links_out_of_the_folder_are_passed_over_and_links_within_are_followed(tmp_path: Path) -> None:
    touch(tmp_path, "outside/secret.png", "gallery/a.png")
    gallery = tmp_path / "gallery"
    (gallery / "leak.png").symlink_to(tmp_path / "outside" / "secret.png")
    (gallery / "leak").symlink_to(tmp_path / "outside")
    (gallery / "loop").symlink_to(gallery)
    (gallery / "b.png").symlink_to(gallery / "a.png")
    assert ids(gallery) == ["a.png", "b.png"]


def test_metadata_chooses_the_pictures_and_describes_them(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "sub/b.png", "unlisted.png")
    write_metadata(
        tmp_path,
        {"file_name": "sub/b.png", "caption": "a\u2028b", "licence": "CC0-1.0", "link": "https://example.org"},
        "",
        {"file_name": "a.png", "license": "MIT", "width": 3},
    )
    assert read_folder(tmp_path) == [
        Record(id="a.png", path=tmp_path / "a.png", licence="MIT"),
        Record("sub/b.png", tmp_path / "sub" / "b.png", "a\u2028b", "CC0-1.0", "https://example.org"),
    ]


def test_a_listed_picture_that_is_missing_is_kept_for_the_reader_to_report(tmp_path: Path) -> None:
    write_metadata(tmp_path, {"file_name": "gone.png"})
    assert ids(tmp_path) == ["gone.png"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{not json", "Line 2 .* is not JSON"),
        ({"caption": "a"}, "Line 2 .* no 'file_name'"),
        ([1, 2], "Line 2 .* no 'file_name'"),
        ({"file_name": ""}, "Line 2 .* no 'file_name'"),
        ({"file_name": 3}, "Line 2 .* no 'file_name'"),
        ({"file_name": "./a.png"}, "a second time"),
        ({"file_name": "../outside/secret.png"}, "outside the gallery"),
        ({"file_name": "/etc/passwd"}, "outside the gallery"),
        ({"file_name": "leak.png"}, "outside the gallery"),
        ({"file_name": "leak/secret.png"}, "outside the gallery"),
    ],
)
def test_broken_metadata_names_the_line(tmp_path: Path, line: object, words: str) -> None:
    touch(tmp_path, "outside/secret.png", "gallery/a.png")
    gallery = tmp_path / "gallery"
    (gallery / "leak.png").symlink_to(tmp_path / "outside" / "secret.png")
    (gallery / "leak").symlink_to(tmp_path / "outside")
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

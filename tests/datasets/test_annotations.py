import re
from pathlib import Path

import pytest

from mmgrad.datasets.annotations import read_entries, read_entry, read_names
from mmgrad.errors import InputError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cap.json"


def test_fields_are_read_as_their_kinds(file: Path) -> None:
    file.write_text('\ufeff[{"a": "é", "n": 7, "t": ["x"], "i": [1, 2], "o": {"a": ""}}]', encoding="utf-8")
    (entry,) = read_entries(file)
    assert (entry.text("a"), entry.number("n"), entry.texts("t"), entry.numbers("i")) == ("é", 7, ("x",), (1, 2))
    assert entry.entry("o").text("a") == ""
    assert "n" in entry
    assert "m" not in entry


@pytest.mark.parametrize(
    ("read", "key"), [("text", "n"), ("number", "a"), ("number", "b"), ("texts", "i"), ("numbers", "t"), ("entry", "a")]
)
def test_a_field_of_another_kind_is_told_with_its_place(file: Path, read: str, key: str) -> None:
    file.write_text('[{}, {"a": "x", "n": 7, "b": true, "t": ["x"], "i": [1], "e": []}]')
    entry = read_entries(file)[1]
    with pytest.raises(InputError, match=rf"entry 1 of '.*cap.json' must have '{key}', .*download"):
        getattr(entry, read)(key)
    with pytest.raises(InputError, match="must have 'absent'"):
        getattr(entry, read)("absent")


@pytest.mark.parametrize("empty", ["texts", "numbers"])
def test_an_empty_list_is_refused(file: Path, empty: str) -> None:
    file.write_text('[{"e": []}]')
    with pytest.raises(InputError, match="must have 'e'"):
        getattr(read_entries(file)[0], empty)("e")


@pytest.mark.parametrize("content", [b"", b"[{", b"\xff\xfe\x00", b"[" * 100_000])
def test_what_is_not_json_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(f"'{file}' are not JSON")):
        read_entries(file)


@pytest.mark.parametrize("content", ["{}", "[]", "[1]", "null"])
def test_what_is_no_list_of_objects_is_refused(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises(InputError, match="list of JSON objects"):
        read_entries(file)


def test_what_is_no_object_is_refused(file: Path) -> None:
    file.write_text("[]")
    with pytest.raises(InputError, match="must be a JSON object"):
        read_entry(file)


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(InputError, match=re.escape(f"'{file}' cannot be read")):
        read_names(file)


def test_names_come_once_and_in_order(file: Path) -> None:
    file.write_text('["b", "a", "b"]')
    assert read_names(file) == ("b", "a")

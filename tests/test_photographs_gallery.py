"""The gallery of photographs: every picture is credited, licensed and stored as promised."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
GALLERY = ROOT / "examples" / "photographs"
TABLE = ROOT / "scripts" / "photographs.csv"
LICENSES = {
    "Public domain": "https://creativecommons.org/publicdomain/mark/1.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-2.0": "https://creativecommons.org/licenses/by/2.0/",
    "CC-BY-3.0": "https://creativecommons.org/licenses/by/3.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-3.0": "https://creativecommons.org/licenses/by-sa/3.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "BSD-2-Clause": "https://opensource.org/license/bsd-2-clause",
    "GPL-2.0-or-later": "https://www.gnu.org/licenses/old-licenses/gpl-2.0.html",
    "LGPL-2.1-or-later": "https://www.gnu.org/licenses/old-licenses/lgpl-2.1.html",
    "LGPL-3.0-only": "https://www.gnu.org/licenses/lgpl-3.0.html",
}
"""The licenses that allow to ship a changed picture, each with the address of its text."""


def rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def metadata() -> dict[str, dict[str, str]]:
    lines = (GALLERY / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    return {line["file_name"]: line for line in map(json.loads, lines)}


def test_table_metadata_and_folder_list_the_same_pictures() -> None:
    files = {path.relative_to(GALLERY).as_posix() for path in GALLERY.rglob("*.webp")}
    names = [row["file_name"] for row in rows()]
    assert len(names) == len(set(names)) >= 200
    assert set(names) == set(metadata()) == files


def test_every_picture_is_credited() -> None:
    lines = metadata()
    for row in rows():
        line = lines[row["file_name"]]
        for field in ("caption", "title", "author", "license"):
            assert row[field].strip() == row[field] == line[field] != "", (row["file_name"], field)
        assert line["link"] == row["source"], row["file_name"]
        assert row["source"].startswith("https://"), row["file_name"]


def test_every_license_is_an_allowed_one() -> None:
    for row in rows():
        assert LICENSES[row["license"]] == row["license_url"], row["file_name"]


def test_captions_are_one_sentence() -> None:
    for row in rows():
        caption = row["caption"]
        assert caption[0].isupper(), caption
        assert caption.endswith("."), caption
        assert caption.count(".") == 1, caption


@pytest.mark.parametrize("name", sorted(metadata()))
def test_picture_is_a_small_rgb_webp_without_metadata(name: str) -> None:
    with Image.open(GALLERY / name) as image:
        assert image.format == "WEBP"
        assert image.mode == "RGB"
        assert 128 <= max(image.size) <= 512
        assert not {"exif", "icc_profile", "xmp"} & image.info.keys()


def test_no_two_pictures_are_nearly_the_same() -> None:
    """Two pictures are copies if their gray values at 32 by 32 pixels correlate with more than 0.95."""
    names = sorted(metadata())
    small = []
    for name in names:
        with Image.open(GALLERY / name) as image:
            small.append(np.asarray(image.convert("L").resize((32, 32), Image.Resampling.LANCZOS), np.float64).ravel())
    correlation = np.corrcoef(np.stack(small)) - np.eye(len(names))
    first, second = np.unravel_index(correlation.argmax(), correlation.shape)
    assert correlation.max() < 0.95, (names[first], names[second])


def test_pages_are_those_that_the_script_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import build_photographs

    photographs = build_photographs.read_table()
    sources = (GALLERY / "SOURCES.md").read_text(encoding="utf-8")
    assert sources == build_photographs.sources_page(photographs)
    assert (GALLERY / "metadata.jsonl").read_text(encoding="utf-8") == build_photographs.metadata_lines(photographs)
    for photograph in photographs:
        assert f"| {photograph.file_name} | " in sources
    sys.modules.pop("build_photographs")


def test_notice_points_to_the_sources() -> None:
    assert "examples/photographs/SOURCES.md" in (ROOT / "NOTICE").read_text(encoding="utf-8")


def test_examples_ask_about_pictures_of_the_gallery() -> None:
    examples = json.loads((ROOT / "examples" / "photograph_examples.json").read_text(encoding="utf-8"))
    names = metadata()
    assert len(examples) >= 12
    assert len({example["id"] for example in examples}) == len(examples)
    for example in examples:
        assert example["image"].removeprefix("photographs/") in names
        assert example["text"]
        assert example["look_at"].endswith(".")

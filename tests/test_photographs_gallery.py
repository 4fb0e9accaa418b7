"""The gallery of photographs: every picture is credited, licensed and stored as promised."""

import csv
import dataclasses
import json
import sys
from collections.abc import Iterator
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


def edits() -> dict[str, dict[str, str]]:
    lines = (GALLERY / "edits.jsonl").read_text(encoding="utf-8").splitlines()
    return {line["file_name"]: line for line in map(json.loads, lines)}


def test_tables_metadata_and_folder_list_the_same_pictures() -> None:
    files = {path.relative_to(GALLERY).as_posix() for path in GALLERY.rglob("*.webp")}
    names = [row["file_name"] for row in rows()]
    assert len(names) == len(set(names)) >= 200
    assert set(names) | edits().keys() == set(metadata()) == files


def test_every_edit_names_photographs_whose_license_allows_it() -> None:
    licenses = {row["file_name"]: row["license"] for row in rows()}
    allowed = {"Public domain", "CC0-1.0", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-4.0", "BSD-2-Clause"}
    assert len(edits()) >= 500
    for name, edit in edits().items():
        assert edit["license"] == "CC-BY-SA-4.0", name
        assert edit["reference"] in licenses, name
        assert edit["sources"], name
        assert {licenses[source] for source in edit["sources"]} <= allowed, name
        assert edit["edit"] in {"add", "background", "move", "recolor", "remove", "replace", "resize"}, name
        assert edit["text"], name
        assert edit["caption"].endswith("."), name


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


def test_pictures_are_small_rgb_webp_files_without_metadata() -> None:
    for name in metadata():
        with Image.open(GALLERY / name) as image:
            assert image.format == "WEBP", name
            assert image.mode == "RGB", name
            assert 128 <= max(image.size) <= 512, name
            assert not {"exif", "icc_profile", "xmp"} & image.info.keys(), name


def test_no_two_photographs_are_nearly_the_same() -> None:
    """Two photographs are copies if their gray values at 32 by 32 pixels correlate with more than 0.95."""
    names = [row["file_name"] for row in rows()]
    small = []
    for name in names:
        with Image.open(GALLERY / name) as image:
            small.append(np.asarray(image.convert("L").resize((32, 32), Image.Resampling.LANCZOS), np.float64).ravel())
    correlation = np.corrcoef(np.stack(small)) - np.eye(len(names))
    first, second = np.unravel_index(correlation.argmax(), correlation.shape)
    assert correlation.max() < 0.95, (names[first], names[second])


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Makes the modules of the folder `scripts` importable for one test."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    yield
    for name in set(sys.modules) - before:
        if (ROOT / "scripts" / f"{name}.py").is_file():
            del sys.modules[name]


@pytest.mark.usefixtures("scripts")
def test_pages_are_those_that_the_script_writes() -> None:
    import build_photographs

    photographs = build_photographs.read_table()
    sources = (GALLERY / "SOURCES.md").read_text(encoding="utf-8")
    assert sources == build_photographs.sources_page(photographs)
    expected = build_photographs.metadata_lines(photographs, GALLERY)
    assert (GALLERY / "metadata.jsonl").read_text(encoding="utf-8") == expected
    for photograph in photographs:
        assert f"| {photograph.file_name} | " in sources


@pytest.mark.usefixtures("scripts")
def test_filled_hole_continues_a_plain_picture_and_leaves_the_rest_alone() -> None:
    from photoreal_inpainting import fill, fill_smoothly

    image = np.full((96, 128, 3), (40, 120, 200), np.uint8)
    image[60:] = (200, 180, 40)
    hole = np.zeros((96, 128), bool)
    hole[30:50, 50:80] = True
    marked = image.copy()
    marked[hole] = (255, 0, 0)
    for filled in (fill(marked, hole), fill_smoothly(marked, hole)):
        assert np.array_equal(filled[~hole], image[~hole])
        assert np.abs(filled[hole].astype(int) - image[hole]).max() <= 12


@pytest.mark.usefixtures("scripts")
def test_thing_laid_back_at_its_own_place_gives_the_picture_again() -> None:
    from photoreal_compositing import cut_out, lay

    image = np.zeros((80, 100, 3), np.uint8)
    image[..., 2] = np.arange(100)
    image[30:60, 20:50] = (220, 40, 10)
    alpha = np.zeros((80, 100), np.float32)
    alpha[30:60, 20:50] = 1
    cut, place = cut_out(image, alpha)
    blank = image.copy()
    blank[30:60, 20:50] = 0
    again, where = lay(blank, cut, place, "none")
    assert np.abs(again.astype(int) - image).max() <= 2
    assert np.abs(where - alpha).max() < 0.01
    moved, _ = lay(blank, cut, dataclasses.replace(place, x=place.x + 30), "none")
    assert np.abs(moved[30:60, 50:80].astype(int) - (220, 40, 10)).max() <= 2


def test_notice_points_to_the_sources() -> None:
    assert "examples/photographs/SOURCES.md" in (ROOT / "NOTICE").read_text(encoding="utf-8")


def test_examples_ask_about_pictures_of_the_gallery() -> None:
    listed = json.loads((ROOT / "examples" / "examples.json").read_text(encoding="utf-8"))
    examples = [example for example in listed if example["gallery"] == "photographs"]
    names = metadata()
    assert len(examples) >= 12
    assert len({example["id"] for example in examples}) == len(examples)
    for example in examples:
        assert example["image"].removeprefix("photographs/") in names
        assert example["text"]
        assert example["look_at"].endswith(".")

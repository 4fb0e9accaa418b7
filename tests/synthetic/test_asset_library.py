"""The atlas: the stored one is whole and usable, and a damaged one is refused with its reason."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmgrad.errors import InputError
from mmgrad.synthetic.asset_library import ASSETS, COLORS, load_asset_library


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with one cut-out and one background."""
    for name in ("cutouts", "backgrounds"):
        entry = json.loads((ASSETS / f"{name}.json").read_text(encoding="utf-8"))[0]
        (tmp_path / name).mkdir()
        shutil.copy(ASSETS / name / f"{entry['id']}.webp", tmp_path / name)
        (tmp_path / f"{name}.json").write_text(json.dumps([entry]), encoding="utf-8")
    return tmp_path


def rewrite(folder: Path, **changes: object) -> None:
    """Change fields of the only cut-out; None removes the field."""
    entry = json.loads((folder / "cutouts.json").read_text(encoding="utf-8"))[0] | changes
    kept = {key: value for key, value in entry.items() if value is not None}
    (folder / "cutouts.json").write_text(json.dumps([kept]), encoding="utf-8")


def test_the_stored_library_is_large_and_read_once() -> None:
    library = load_asset_library()
    assert len(library.cutouts) >= 300
    assert len({cutout.noun for cutout in library.cutouts}) >= 200
    assert len(library.backgrounds) >= 40
    assert load_asset_library() is library


def test_every_cutout_has_a_tight_and_varied_mask() -> None:
    for cutout in load_asset_library().cutouts:
        rgba = cutout.rgba()
        assert rgba.dtype == np.uint8
        assert rgba.shape[2] == 4
        assert 40 <= max(rgba.shape[:2]) <= 224, cutout.id
        alpha = rgba[..., 3]
        # The rim may be soft; 8 of 255 is the least that still counts as part of the object.
        assert min(alpha[0].max(), alpha[-1].max(), alpha[:, 0].max(), alpha[:, -1].max()) > 8, cutout.id
        assert 0.02 < (alpha > 127).mean() < 0.99, cutout.id


def test_every_background_is_large_enough_to_crop() -> None:
    for background in load_asset_library().backgrounds:
        rgb = background.rgb()
        assert rgb.dtype == np.uint8
        assert rgb.shape[2] == 3
        assert min(rgb.shape[:2]) >= 360, background.id


def test_words_are_lower_case_and_say_nothing_twice() -> None:
    for cutout in load_asset_library().cutouts:
        words = (cutout.noun, cutout.plural, *cutout.synonyms, cutout.category)
        assert all(word == word.lower().strip() for word in words), cutout.id
        assert cutout.noun not in cutout.synonyms, cutout.id
        assert len(set(cutout.synonyms)) == len(cutout.synonyms), cutout.id
        assert set(cutout.colors) <= set(COLORS)


def test_one_noun_has_one_plural_and_one_category() -> None:
    cutouts = load_asset_library().cutouts
    nouns = {cutout.noun for cutout in cutouts}
    assert len({(cutout.noun, cutout.plural, cutout.category) for cutout in cutouts}) == len(nouns)


def test_no_background_bears_the_name_of_an_object() -> None:
    library = load_asset_library()
    objects = {name for cutout in library.cutouts for name in (*cutout.names, cutout.plural)}
    clashes = {name for background in library.backgrounds for name in background.names} & objects
    assert not clashes


def test_color_words_follow_the_picture() -> None:
    colors = {cutout.id: cutout.colors for cutout in load_asset_library().cutouts}
    assert colors["tomato"][0] == "red"
    assert colors["lemon"][0] == "yellow"
    assert colors["crow"][0] == "black"


def test_pictures_are_kept_and_cannot_be_changed(small: Path) -> None:
    cutout = load_asset_library(small).cutouts[0]
    assert cutout.rgba() is cutout.rgba()
    with pytest.raises(ValueError, match="read-only"):
        cutout.rgba()[0, 0, 0] = 1


def test_every_picture_has_an_entry_and_a_license() -> None:
    library = load_asset_library()
    assert {path.stem for path in (ASSETS / "cutouts").iterdir()} == {cutout.id for cutout in library.cutouts}
    assert {path.stem for path in (ASSETS / "backgrounds").iterdir()} == {b.id for b in library.backgrounds}
    text = (ASSETS / "LICENSE.md").read_text(encoding="utf-8")
    assert all(item.license in text for item in (*library.cutouts, *library.backgrounds))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"noun": None}, "exactly the fields"),
        ({"extra": "x"}, "exactly the fields"),
        ({"noun": ""}, "'noun'"),
        ({"synonyms": "dog"}, "'synonyms'"),
        ({"colors": ["teal"]}, "teal"),
        ({"colors": []}, "colors"),
        ({"id": "nowhere"}, "nowhere"),
    ],
)
def test_a_damaged_entry_is_refused_with_its_reason(small: Path, changes: dict[str, object], reason: str) -> None:
    rewrite(small, **changes)
    with pytest.raises(InputError, match=reason):
        load_asset_library(small)


def test_a_repeated_id_is_refused(small: Path) -> None:
    entries = json.loads((small / "cutouts.json").read_text(encoding="utf-8"))
    (small / "cutouts.json").write_text(json.dumps(entries * 2), encoding="utf-8")
    with pytest.raises(InputError, match="repeats"):
        load_asset_library(small)


@pytest.mark.parametrize("content", [None, "{", "[]", "{}"])
def test_an_unreadable_table_is_refused(small: Path, content: str | None) -> None:
    path = small / "backgrounds.json"
    path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="rebuild"):
        load_asset_library(small)


def test_a_broken_picture_is_refused_when_it_is_asked_for(small: Path) -> None:
    background = load_asset_library(small).backgrounds[0]
    (small / "backgrounds" / f"{background.id}.webp").write_bytes(b"not a picture")
    with pytest.raises(InputError, match="cannot be read"):
        background.rgb()


def test_the_folder_may_be_given_and_is_not_mixed_with_the_stored_one(small: Path) -> None:
    cutout = load_asset_library(small).cutouts[0]
    Image.new("RGBA", (9, 7), (1, 2, 3, 255)).save(small / "cutouts" / f"{cutout.id}.webp", lossless=True)
    assert cutout.rgba().shape == (7, 9, 4)

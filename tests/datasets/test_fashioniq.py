import json
import shutil
from pathlib import Path

import pytest

from mmgrad.datasets.fashioniq import join_captions, read_fashioniq
from mmgrad.errors import InputError


def test_categories_are_searched_apart_in_galleries_of_their_split(fashioniq_root: Path) -> None:
    benchmark = read_fashioniq(fashioniq_root, "val")
    assert {category: len(names) for category, names in benchmark.pools.items()} == {
        "dress": 14,
        "shirt": 12,
        "toptee": 13,
    }
    assert len(benchmark.gallery) == 38  # one picture is in two categories
    assert [query.id for query in benchmark.queries][5:8] == ["dress-5", "shirt-0", "shirt-1"]
    query = benchmark.queries[7]
    assert (query.reference, query.truths, query.category) == ("S0", ("S10",), "shirt")
    assert query.text == "is shirt 1 and has, dots"
    assert query.subset == ()


def test_pictures_may_lie_in_a_folder_of_their_category_and_be_jpeg(fashioniq_root: Path) -> None:
    gallery = read_fashioniq(fashioniq_root).gallery
    assert gallery["S3"] == fashioniq_root / "images" / "shirt" / "S3.jpg"
    assert gallery["T3"] == fashioniq_root / "images" / "T3.png"
    assert all(path.is_file() for path in gallery.values())


def test_the_targets_of_the_test_split_are_hidden(fashioniq_root: Path) -> None:
    assert read_fashioniq(fashioniq_root, "test").hidden


@pytest.mark.parametrize(
    ("captions", "text"),
    [
        (("is red.", " has buttons"), "is red and has buttons"),
        (("is red", " ?"), "is red"),
        (("Is shorter, and red,", "long"), "Is shorter, and red and long"),
    ],
)
def test_captions_become_one_text(captions: tuple[str, str], text: str) -> None:
    assert join_captions(captions) == text


def test_missing_pictures_are_counted_and_the_first_is_named(fashioniq_root: Path) -> None:
    for name in ("D4.png", "T2.png"):
        (fashioniq_root / "images" / name).unlink()
    with pytest.raises(InputError, match=r"2 of 38 pictures of FashionIQ are missing, the first of them '.*D4.png'"):
        read_fashioniq(fashioniq_root)
    shutil.rmtree(fashioniq_root / "images")
    with pytest.raises(InputError, match="38 of 38 pictures"):
        read_fashioniq(fashioniq_root)


def test_a_missing_root_folder_or_file_is_named(fashioniq_root: Path) -> None:
    with pytest.raises(InputError, match=r"no folder '.*elsewhere'.*captions/ and image_splits/"):
        read_fashioniq(fashioniq_root / "elsewhere")
    (fashioniq_root / "captions" / "cap.shirt.val.json").unlink()
    with pytest.raises(InputError, match=r"cap\.shirt\.val\.json' cannot be read"):
        read_fashioniq(fashioniq_root)
    shutil.rmtree(fashioniq_root / "captions")
    with pytest.raises(InputError, match="has no 'captions' in it"):
        read_fashioniq(fashioniq_root)


def test_an_unknown_split_is_refused(fashioniq_root: Path) -> None:
    with pytest.raises(InputError, match="no split 'test1'; choose one of train, val, test"):
        read_fashioniq(fashioniq_root, "test1")


def test_a_validation_query_without_a_target_is_refused(fashioniq_root: Path) -> None:
    path = fashioniq_root / "captions" / "cap.dress.val.json"
    entries = json.loads(path.read_text())
    del entries[2]["target"]
    path.write_text(json.dumps(entries))
    with pytest.raises(InputError, match=r"entry 2 of '.*cap\.dress\.val\.json' must have 'target'"):
        read_fashioniq(fashioniq_root)

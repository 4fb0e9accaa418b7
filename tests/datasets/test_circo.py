from pathlib import Path

import pytest

from mmgrad.datasets.circo import read_circo
from mmgrad.errors import InputError


def test_a_query_has_all_its_truths_by_coco_id(circo_root: Path) -> None:
    benchmark = read_circo(circo_root)
    query = benchmark.queries[2]
    assert (query.id, query.reference, query.text) == ("2", "243577", "has 2")
    assert query.truths == ("243441", "243424", "243407")
    assert benchmark.gallery["243611"].name == "000000243611.jpg"
    assert len(benchmark.gallery) == 16


def test_the_truths_of_the_test_split_are_hidden(circo_root: Path) -> None:
    assert read_circo(circo_root, "test").hidden


def test_broken_roots_are_told(circo_root: Path) -> None:
    with pytest.raises(InputError, match="no split 'train'; choose one of val, test"):
        read_circo(circo_root, "train")
    with pytest.raises(InputError, match="annotations/ and COCO2017_unlabeled/"):
        read_circo(circo_root / "elsewhere")
    (circo_root / "COCO2017_unlabeled" / "unlabeled2017" / "000000243594.jpg").unlink()
    with pytest.raises(InputError, match=r"1 of 16 pictures of CIRCO are missing, .*000000243594\.jpg"):
        read_circo(circo_root)
    (circo_root / "COCO2017_unlabeled" / "annotations" / "image_info_unlabeled2017.json").write_text("{}")
    with pytest.raises(InputError, match=r"'images' of .* must be a list"):
        read_circo(circo_root)

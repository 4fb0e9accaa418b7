import shutil
from pathlib import Path

import pytest

from mmgrad.datasets.cirr import read_cirr
from mmgrad.errors import InputError


def test_a_query_has_its_pair_id_target_and_image_set(cirr_root: Path) -> None:
    benchmark = read_cirr(cirr_root)
    query = benchmark.queries[3]
    assert (query.id, query.reference, query.text) == ("12063", "dev-7-0-img0", "text 3")
    assert query.truths == ("dev-8-0-img0",)
    assert query.subset == tuple(f"dev-{i}-0-img0" for i in range(6, 12))
    assert list(benchmark.gallery) == [f"dev-{i}-0-img0" for i in range(15)]


def test_pictures_lie_below_img_raw_or_the_folder_itself(cirr_root: Path) -> None:
    assert read_cirr(cirr_root).gallery["dev-14-0-img0"].resolve() == (
        cirr_root / "img_raw" / "dev" / "7" / "dev-14-0-img0.png"
    )
    shutil.move(cirr_root / "img_raw" / "dev", cirr_root / "dev")
    assert read_cirr(cirr_root).gallery["dev-2-0-img0"] == cirr_root / "dev" / "dev-2-0-img0.png"


def test_annotations_may_lie_in_a_folder_beside_the_pictures(cirr_root: Path) -> None:
    (cirr_root / "cirr").mkdir()
    for part in ("captions", "image_splits"):
        shutil.move(cirr_root / part, cirr_root / "cirr" / part)
    shutil.move(cirr_root / "img_raw" / "dev", cirr_root / "dev")
    assert len(read_cirr(cirr_root).gallery) == 15


def test_the_targets_of_the_test_split_are_hidden(cirr_root: Path) -> None:
    benchmark = read_cirr(cirr_root, "test1")
    assert benchmark.hidden
    assert len(benchmark.queries[0].subset) == 6


def test_broken_roots_are_told(cirr_root: Path) -> None:
    with pytest.raises(InputError, match="no split 'test'; choose one of train, val, test1"):
        read_cirr(cirr_root, "test")
    with pytest.raises(InputError, match=r"split\.rc2\.train\.json' cannot be read"):
        read_cirr(cirr_root, "train")
    with pytest.raises(InputError, match="There is no folder"):
        read_cirr(cirr_root / "elsewhere")
    (cirr_root / "img_raw" / "dev" / "dev-3-0-img0.png").unlink()
    with pytest.raises(InputError, match=r"1 of 15 pictures of CIRR are missing, .*img_raw/dev/dev-3-0-img0\.png"):
        read_cirr(cirr_root)
    (cirr_root / "captions" / "cap.rc2.test1.json").write_text("<html>")
    with pytest.raises(InputError, match="are not JSON"):
        read_cirr(cirr_root, "test1")

"""The whole way on tiny copies of the benchmarks: a stub with embeddings set by hand, and a slow second reading."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mmgrad.encoders.base import TextTokens
from mmgrad.errors import InputError
from mmgrad.evaluation import Estimate, Results, evaluate_benchmark, markdown
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.models.model import Model

DIMENSION = 5


class StubEncoder:
    """A picture is the number that its gray tells; a text is a fixed random vector."""

    name, size, channels, grid, token_width, fingerprint = "stub", 16, 1, 1, DIMENSION, "0"
    device = torch.device("cpu")

    def prepare(self, images: Sequence[np.ndarray]) -> tuple[Tensor, list[Letterbox]]:
        boxes = [Letterbox.fit(16, 16, 16) for _ in images]
        return torch.tensor([image.mean() / 5 for image in images]).round().reshape(-1, 1, 1, 1), boxes

    def trunk(self, pixels: Tensor) -> Tensor:
        return pixels

    def to_grid(self, contributions: Tensor) -> Tensor:
        return contributions.sum(dim=1)

    def encode_text(self, texts: Sequence[str]) -> TextTokens:
        states = torch.stack([text_vector(text) for text in texts])[:, None]
        return TextTokens(states, torch.ones(len(texts), 1, dtype=torch.bool), ((),) * len(texts))


class StubComposer(nn.Module):
    """g is a fixed random vector of the picture's number; q is that plus the text's."""

    is_trained = True

    def encode_image(self, features: Tensor) -> Tensor:
        return torch.stack([image_vector(int(number)) for number in features[:, 0, 0, 0]])

    def encode_query(self, features: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        return functional.normalize(self.encode_image(features) + states[:, 0], dim=-1)


def image_vector(number: int) -> Tensor:
    return functional.normalize(torch.randn(DIMENSION, generator=torch.Generator().manual_seed(number)), dim=0)


def text_vector(text: str) -> Tensor:
    return torch.randn(DIMENSION, generator=torch.Generator().manual_seed(sum(text.encode()) + 1000))


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(StubEncoder(), StubComposer(), {"name": "stub"}, DIMENSION)  # type: ignore[arg-type]


def _order(reference: int, text: str | None, pool: Sequence[int], without: int | None = None) -> list[int]:
    """Numbers of the pictures, best first, by one product after another; no text is the image alone."""
    query = image_vector(reference) + (0 if text is None else text_vector(text))
    numbers = [number for number in pool if number != without]
    return sorted(numbers, key=lambda number: -sum(a * b for a, b in zip(query, image_vector(number), strict=True)))


def _recall(orders: list[list[int]], targets: list[int], k: int) -> float:
    return sum(target in order[:k] for order, target in zip(orders, targets, strict=True)) / len(targets)


def _value(
    results: Results, metric: str, method: str = "composed query", category: str = "all", kept: bool = True
) -> Estimate:
    condition = "reference in gallery" if kept else "reference excluded"
    return results.value("retrieval", metric, method=method, group=category, condition=condition)


def _json(root: Path, *parts: str) -> Any:
    return json.loads(root.joinpath(*parts).read_text())


def test_fashioniq_is_recall_in_each_category_and_their_average(model: Model, fashioniq_root: Path) -> None:
    results = evaluate_benchmark(model, "fashioniq", fashioniq_root, progress=False)
    names = {c: _json(fashioniq_root, "image_splits", f"split.{c}.val.json") for c in ("dress", "shirt", "toptee")}
    number = {name: i for i, name in enumerate(dict.fromkeys(name for own in names.values() for name in own))}
    expected: dict[bool, list[float]] = {True: [], False: []}
    for category, own in names.items():
        asked = _json(fashioniq_root, "captions", f"cap.{category}.val.json")
        pool, targets = [number[name] for name in own], [number[one["target"]] for one in asked]
        for kept in (True, False):
            orders = [
                _order(
                    number[one["candidate"]],
                    f"is {category} {i} and has, dots",
                    pool,
                    None if kept else number[one["candidate"]],
                )
                for i, one in enumerate(asked)
            ]
            expected[kept].append(_recall(orders, targets, 10))
            at_10, at_50, mean = (
                _value(results, metric, category=category, kept=kept).mean
                for metric in ("recall@10", "recall@50", "mean of recall@10, @50")
            )
            assert at_10 == pytest.approx(expected[kept][-1])
            assert at_50 == 1
            assert mean == pytest.approx((expected[kept][-1] + 1) / 2)
    assert 0 < np.mean(expected[True]) < 1  # the test can fail
    for kept in (True, False):
        average = _value(results, "recall@10", category="average", kept=kept)
        assert average.mean == pytest.approx(np.mean(expected[kept]))
        assert average.low <= average.mean <= average.high
        assert average.count == 18
    assert results.settings["published"] == "reference in gallery"
    text = markdown(results)
    assert "As published: reference in gallery" in text
    assert "14 (dress), 12 (shirt), 13 (toptee) pictures" in text
    assert "| composed query | average | 18 |" in text


def test_cirr_is_recall_without_the_reference_and_among_the_image_set(model: Model, cirr_root: Path) -> None:
    results = evaluate_benchmark(model, "cirr", cirr_root, progress=False)
    asked = _json(cirr_root, "captions", "cap.rc2.val.json")
    number = {name: i for i, name in enumerate(_json(cirr_root, "image_splits", "split.rc2.val.json"))}
    targets, references = ([number[one[key]] for one in asked] for key in ("target_hard", "reference"))
    for kept in (True, False):
        orders, alone, sets = [], [], []
        for one, reference in zip(asked, references, strict=True):
            without = None if kept else reference
            orders.append(_order(reference, one["caption"], range(15), without))
            alone.append(_order(reference, None, range(15), without))
            members = [number[name] for name in one["img_set"]["members"]]
            sets.append(_order(reference, one["caption"], members, reference))
        for k in (1, 5, 10, 50):
            assert _value(results, f"recall@{k}", kept=kept).mean == pytest.approx(_recall(orders, targets, k))
            image = _value(results, f"recall@{k}", "image only", kept=kept)
            assert image.mean == pytest.approx(_recall(alone, targets, k))
        for k in (1, 2, 3):
            assert _value(results, f"recall_subset@{k}", kept=kept).mean == pytest.approx(_recall(sets, targets, k))
        mean = (_recall(orders, targets, 5) + _recall(sets, targets, 1)) / 2
        assert _value(results, "mean of recall@5, recall_subset@1", kept=kept).mean == pytest.approx(mean)
        assert _value(results, "recall@5", kept=kept).count == 8
    assert _value(results, "recall@1").mean < _value(results, "recall@10", kept=False).mean
    assert _value(results, "recall@1", "image only").mean == 0  # the reference itself comes first
    assert results.settings["published"] == "reference excluded"
    text = markdown(results)
    assert text.index("### As published: reference excluded") < text.index("### reference in gallery")
    assert "R_subset@1" in text
    assert "category" not in text


def test_circo_is_mean_average_precision_over_all_truths(model: Model, circo_root: Path) -> None:
    results = evaluate_benchmark(model, "circo", circo_root, progress=False)
    images = _json(circo_root, "COCO2017_unlabeled", "annotations", "image_info_unlabeled2017.json")["images"]
    number = {image["id"]: i for i, image in enumerate(images)}
    for kept in (True, False):
        for k in (5, 10, 25, 50):
            precisions = []
            for one in _json(circo_root, "annotations", "val.json"):
                reference = number[one["reference_img_id"]]
                order = _order(reference, one["relative_caption"], range(16), None if kept else reference)[:k]
                truths = {number[image] for image in one["gt_img_ids"]}
                hits = [truths.issuperset([image]) for image in order]
                total = sum(sum(hits[: i + 1]) / (i + 1) for i, hit in enumerate(hits) if hit)
                precisions.append(total / min(k, len(truths)))
            assert _value(results, f"map@{k}", kept=kept).mean == pytest.approx(np.mean(precisions))
    assert results.settings["published"] == "reference in gallery"
    assert "mAP@25" in markdown(results)


def test_the_text_alone_takes_no_notice_of_the_reference(model: Model, cirr_root: Path) -> None:
    path = cirr_root / "captions" / "cap.rc2.val.json"
    before = _value(evaluate_benchmark(model, "cirr", cirr_root, progress=False), "recall@5", "text only")
    entries = _json(path)
    for one in entries:  # another reference of the same set, the same target
        one["reference"] = one["img_set"]["members"][5]
    path.write_text(json.dumps(entries))
    after = _value(evaluate_benchmark(model, "cirr", cirr_root, progress=False), "recall@5", "text only")
    assert after == before


def test_cirr_test_files_are_as_its_server_takes_them(model: Model, cirr_root: Path, tmp_path: Path) -> None:
    results = evaluate_benchmark(model, "cirr", cirr_root, "test1", tmp_path / "a" / "b", progress=False)
    recall, subset = (json.loads(Path(path).read_text()) for path in results.settings["submission"])
    asked = _json(cirr_root, "captions", "cap.rc2.test1.json")
    names = list(_json(cirr_root, "image_splits", "split.rc2.test1.json"))
    for content, metric in ((recall, "recall"), (subset, "recall_subset")):
        assert (content.pop("version"), content.pop("metric")) == ("rc2", metric)
        assert list(content) == [str(one["pairid"]) for one in asked]
    for one in asked:
        reference, members = names.index(one["reference"]), [names.index(name) for name in one["img_set"]["members"]]
        assert recall[str(one["pairid"])] == [names[i] for i in _order(reference, one["caption"], range(15), reference)]
        assert subset[str(one["pairid"])] == [
            names[i] for i in _order(reference, one["caption"], members, reference)[:3]
        ]
    assert results.table.empty
    text = markdown(results)
    assert "cirr.test1.recall_subset.json" in text
    assert "| query |" not in text


def test_circo_test_file_is_as_its_server_takes_it(model: Model, circo_root: Path, tmp_path: Path) -> None:
    results = evaluate_benchmark(model, "circo", circo_root, "test", tmp_path / "out", progress=False)
    (content,) = (json.loads(Path(path).read_text()) for path in results.settings["submission"])
    ids = [243_611 - 17 * i for i in range(16)]
    assert list(content) == [str(i) for i in range(7)]
    for number, found in enumerate(content.values()):
        assert found == [ids[i] for i in _order(number, f"has {number}", range(16))]


def test_a_split_with_truths_can_be_judged_and_submitted_at_once(
    model: Model, circo_root: Path, tmp_path: Path
) -> None:
    results = evaluate_benchmark(model, "circo", circo_root, "val", tmp_path / "out", progress=False)
    assert not results.table.empty
    assert Path(results.settings["submission"][0]).name == "circo.val.json"


def test_what_cannot_be_is_refused_before_anything_is_embedded(
    model: Model, fashioniq_root: Path, cirr_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Model, "features", None)
    with pytest.raises(InputError, match="no benchmark 'coco'; choose one of fashioniq, cirr, circo"):
        evaluate_benchmark(model, "coco", tmp_path)
    with pytest.raises(InputError, match="'test1' are secret; give a folder for the files of its server"):
        evaluate_benchmark(model, "cirr", cirr_root, "test1")
    with pytest.raises(InputError, match="'test' are secret; choose 'val'"):
        evaluate_benchmark(model, "fashioniq", fashioniq_root, "test")
    with pytest.raises(InputError, match="FashionIQ has no server"):
        evaluate_benchmark(model, "fashioniq", fashioniq_root, "test", tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made a folder"):
        evaluate_benchmark(model, "cirr", cirr_root, "val", tmp_path / "file")


def test_a_picture_that_cannot_be_read_is_named(model: Model, cirr_root: Path) -> None:
    (cirr_root / "img_raw" / "dev" / "dev-4-0-img0.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(InputError, match=r"dev-4-0-img0\.png"):
        evaluate_benchmark(model, "cirr", cirr_root, progress=False)

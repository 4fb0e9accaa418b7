"""Metrics on photographs, with a search that is always right and one that always gives the reference back."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.encoders.base import TextTokens
from mmgrad.errors import InputError
from mmgrad.evaluation import evaluate_photographs, markdown
from mmgrad.evaluation.protocols.photograph_queries import crops, different, mosaics
from mmgrad.evaluation.protocols.photographs import GALLERY, _fillers, _peak_and_energy, _retrieval
from mmgrad.evaluation.table import Results
from mmgrad.lexicon.imagenet import classes, is_called, noun
from mmgrad.models.composer import Composer
from mmgrad.synthetic.photo_boxes import load_boxes, off_center
from mmgrad.synthetic.photo_families import Photograph, is_for_validation


@pytest.fixture(scope="module")
def pool(photographs: tuple[Photograph, ...]) -> list[Photograph]:
    return [photo for photo in photographs if is_for_validation(photo.wnid)]


def test_a_mosaic_names_one_of_its_photographs_and_changes_only_that(pool: list[Photograph]) -> None:
    for one in mosaics(pool, 24, seed=0):
        assert one.removed_mask.mean() == 0.25
        changed = (one.reference != one.target).any(axis=2)
        assert changed[one.removed_mask].mean() > 0.9
        assert not changed[~one.removed_mask].any()
        assert (one.added_mask is None) == (one.edit == "remove")
        assert one.text.startswith(f"{one.edit} ")


def test_photographs_of_one_mosaic_are_told_apart_by_their_names(pool: list[Photograph]) -> None:
    for seed in range(20):
        chosen = different(pool, 5, np.random.default_rng(seed))
        words = [classes()[photo.index].names[0] for photo in chosen]
        assert [sum(is_called(photo.index, word) for photo in chosen) for word in words] == [1] * 5


def test_a_map_that_sees_nothing_has_a_quarter_of_its_energy_in_a_quarter(encoder, composer, photographs) -> None:
    results = evaluate_photographs(encoder, {"tiny": composer}, photographs, count=20)
    keys = {"group": "all", "side": "reference", "condition": "mosaics"}
    for method in ("center", "uniform"):
        assert results.value("focus", "energy", method=method, **keys).mean == pytest.approx(0.25, abs=0.005)
        # The center touches all four photographs, and a flat map points at nothing.
        assert results.value("focus", "pointing_0px", method=method, **keys).mean == 0
    used = len([photo for photo in photographs if is_for_validation(photo.wnid)])
    assert results.settings["photographs"] == results.settings["classes"] == used
    text = markdown(results)
    assert "| MMGrad |" in text
    assert "nan" not in text


def test_a_crop_shows_the_thing_off_centre_and_knows_where(pool: list[Photograph]) -> None:
    """The thing is a bright square in the middle of a dark picture."""
    photo = pool[0]
    picture = np.zeros((60, 80, 3), np.uint8)
    picture[24:36, 32:48] = 255
    crop, inside = off_center(picture, ((0.4, 0.4, 0.6, 0.6),), 224)  # type: ignore[misc]
    assert max(crop.shape[:2]) == 224
    assert inside.shape == crop.shape[:2]
    assert crop[inside].mean() > 230
    assert crop[~inside].mean() < 25
    assert not inside[inside.shape[0] // 2, inside.shape[1] // 2]
    assert off_center(picture, ((0.05, 0.05, 0.95, 0.95),), 224) is None  # it fills every crop
    boxes = {one.path.name: ((0.4, 0.4, 0.6, 0.6),) for one in pool[:9]}
    asked = list(crops(pool, boxes, seed=0))
    assert {one.edit for one in asked} == {"remove", "replace"}
    assert len(asked) <= 18
    assert list(crops(pool, {"other.png": boxes[photo.path.name]}, seed=0)) == []


def test_the_peak_of_a_map_is_on_the_thing_or_not() -> None:
    values, region = np.zeros((8, 8), np.float32), np.zeros((16, 16), bool)  # of another resolution
    region[:8, :8] = True
    values[1, 1], values[6, 6] = 3.0, 1.0
    assert _peak_and_energy(values, region) == (1.0, pytest.approx(0.75))
    assert _peak_and_energy(values, ~region) == (0.0, pytest.approx(0.25))
    assert np.isnan(_peak_and_energy(values, None)).all()


def test_crops_are_judged_where_boxes_are_given(encoder, composer: Composer, photographs, pool) -> None:
    boxes = {one.path.name: ((0.4, 0.4, 0.6, 0.6),) for one in pool[:9]}
    results = evaluate_photographs(encoder, {"tiny": composer}, photographs, 4, boxes=boxes)
    keys = {"method": "MMGrad", "condition": "crops"}
    whole = results.value("focus", "pointing_0px", group="all", side="reference", **keys).count
    replaced = results.value("focus", "pointing_0px", group="replace", side="target", **keys).count
    assert whole == results.settings["crops"] == 2 * replaced
    assert "### Crops, replace: the target map" in markdown(results)
    with pytest.raises(InputError, match="No box"):
        evaluate_photographs(encoder, {"tiny": composer}, photographs, 4, boxes={"other.png": ((0.0, 0.0, 0.5, 0.5),)})


@pytest.mark.parametrize("rows", ["file,left\na.png,3", "file,left,top,right,bottom\na.png,1,2,x,4", "", None])
def test_boxes_that_are_none_are_one_sentence(tmp_path: Path, rows: str | None) -> None:
    if rows is not None:
        (tmp_path / "boxes.csv").write_text(rows)
    with pytest.raises(InputError, match=r"boxes\.csv"):
        load_boxes(tmp_path / "boxes.csv")


def test_boxes_are_shares_of_the_picture(tmp_path: Path) -> None:
    table = "file,left,top,right,bottom\na.png,10,20,30,40\na.png,50,0,100,100\nb.png,0,0,50,50\n"
    (tmp_path / "boxes.csv").write_text(table)
    found = load_boxes(tmp_path / "boxes.csv")
    assert found == {"a.png": ((0.1, 0.2, 0.3, 0.4), (0.5, 0.0, 1.0, 1.0)), "b.png": ((0.0, 0.0, 0.5, 0.5),)}
    (tmp_path / "boxes.csv").write_text(table + "c.png,60,0,40,10\n")
    with pytest.raises(InputError, match="Line 5"):
        load_boxes(tmp_path / "boxes.csv")


def test_a_larger_gallery_is_filled_with_one_photograph_each_of_other_classes(encoder, composer, photographs) -> None:
    twice = (*photographs, *photographs[:100])
    chosen = _fillers(twice, 150, seed=0)
    assert len({photo.index for photo in chosen}) == len(chosen) == 150
    assert not any(is_for_validation(photo.wnid) for photo in chosen)
    assert len(_fillers(photographs[:20], 150, seed=0)) == len(
        [photo for photo in photographs[:20] if not is_for_validation(photo.wnid)]
    )
    assert _fillers(photographs, -5, seed=0) == []
    results = evaluate_photographs(encoder, {"tiny": composer}, photographs, 4)
    sizes = results.select("retrieval", metric="recall@1")["condition"]
    assert sizes.tolist() == [str(results.settings["photographs"]), str(GALLERY)]


def test_too_few_classes_are_one_sentence(encoder, composer: Composer, photographs) -> None:
    with pytest.raises(InputError, match="more classes"):
        evaluate_photographs(encoder, {"tiny": composer}, photographs[:20], 4)


def test_the_same_seed_asks_the_same(encoder, composer: Composer, photographs) -> None:
    first, second = (evaluate_photographs(encoder, {"tiny": composer}, photographs, 8, seed=3) for _ in range(2))
    assert first.settings == second.settings
    pd.testing.assert_frame_equal(first.table, second.table, check_exact=True)


def test_recall_is_one_for_a_search_that_knows_and_none_for_one_that_stays(
    encoder, photographs, pool, monkeypatch
) -> None:
    looks = {photo.index: encoder.trunk(encoder.prepare([photo.rgb()])[0]) for photo in pool}

    def image(features: Tensor) -> Tensor:
        return functional.normalize(features.flatten(1) - 0.5, dim=-1)

    def encode_text(texts: list[str]) -> TextTokens:
        named = [text.split(" with ")[1] for text in texts]
        rows = [next(p.index for p in pool if noun(classes()[p.index].names[0]).indefinite == word) for word in named]
        states = torch.cat([image(looks[row]) for row in rows])[:, None]
        return TextTokens(states, torch.ones(len(texts), 1, dtype=torch.bool), ((),) * len(texts))

    knows = SimpleNamespace(encode_image=image, encode_query=lambda features, states, mask: states[:, 0])
    stays = SimpleNamespace(encode_image=image, encode_query=lambda features, states, mask: image(features))
    monkeypatch.setattr(encoder, "encode_text", encode_text)
    models, others = {"knows": knows, "stays": stays}, [photo for photo in photographs if photo not in pool][:40]
    found = Results.of({}, _retrieval(encoder, models, pool, 0, others))  # type: ignore[arg-type]
    assert found.select(model="knows", metric="recall@1")["mean"].tolist() == [1, 1]  # in both galleries
    assert found.select(model="stays", metric="recall@1")["mean"].tolist() == [0, 0]

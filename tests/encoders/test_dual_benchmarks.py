"""Benchmarks with a real, if tiny and random, CLIP: its own text embedding is what "text only" searches with."""

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from mmgrad.datasets.cirr import read_cirr
from mmgrad.evaluation.protocols.benchmark_queries import compose, embed_gallery
from mmgrad.evaluation.protocols.benchmarks import evaluate_benchmark
from mmgrad.imaging.io import load_image
from mmgrad.models.model import Model, load_model
from mmgrad.models.zero_shot import BALANCE, DualComposer


@pytest.fixture(scope="module")
def model(folders: dict[str, Path]) -> Model:
    return load_model(folders["clip"], "cpu", "sum")


def test_queries_are_those_of_one_at_a_time(model: Model, cirr_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmgrad.evaluation.protocols.benchmark_queries.BATCH", 3)
    benchmark = read_cirr(cirr_root)
    images = embed_gallery(model, list(benchmark.gallery.values()), progress=False)
    composed, texts = compose(model, benchmark, progress=False)
    assert isinstance(model.composer, DualComposer)
    for i, query in enumerate(benchmark.queries):
        g = model.encode_image([load_image(benchmark.gallery[query.reference])])[0]
        t = functional.normalize(model.encode_text(query.text).states[0, 0], dim=-1)
        torch.testing.assert_close(images[list(benchmark.gallery).index(query.reference)], g, atol=1e-5, rtol=0)
        torch.testing.assert_close(texts[i], t, atol=1e-5, rtol=0)
        torch.testing.assert_close(
            composed[i], functional.normalize((1 - BALANCE) * g + BALANCE * t, dim=-1), atol=1e-5, rtol=0
        )


@pytest.mark.parametrize("name", ["fashioniq", "cirr", "circo"])
def test_each_benchmark_is_judged(model: Model, name: str, request: pytest.FixtureRequest) -> None:
    results = evaluate_benchmark(model, name, request.getfixturevalue(f"{name}_root"), progress=False)
    assert results.settings["models"] == [model.name]
    assert set(results.table["method"]) == {"composed query", "image only", "text only"}
    assert results.table["mean"].between(0, 1).all()

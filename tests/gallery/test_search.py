"""Exact search in a gallery, of either precision and on a device, against a full sort."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmgrad.errors import GalleryError, InputError
from mmgrad.gallery import search
from mmgrad.gallery.gallery import Gallery, Record, SearchResult


def made_of(embeddings: torch.Tensor) -> Gallery:
    records = tuple(Record(id=f"{row}.png", path=Path(f"{row}.png")) for row in range(len(embeddings)))
    return Gallery(Path("made"), records, embeddings, fingerprint="x")


def random_gallery(count: int, dimension: int = 8, seed: int = 0) -> Gallery:
    return made_of(F.normalize(torch.randn(count, dimension, generator=torch.Generator().manual_seed(seed)), dim=1))


@pytest.mark.parametrize("rows", [7, 100, 65_536])
@pytest.mark.parametrize("k", [1, 12, 100])
def test_search_agrees_with_a_full_sort_in_blocks_of_any_size(
    monkeypatch: pytest.MonkeyPatch, rows: int, k: int
) -> None:
    monkeypatch.setattr(search, "MAX_SCORES", rows)
    stored = random_gallery(100)
    queries = random_gallery(10, seed=1).embeddings
    result = stored.search(queries, k)
    oracle = (queries.numpy() @ stored.embeddings.numpy().T).argsort(axis=1)[:, ::-1][:, :k]
    assert np.array_equal(result.indices.numpy(), oracle)
    assert torch.allclose(result.scores, (queries @ stored.embeddings.T).gather(1, result.indices), atol=1e-6)


@pytest.mark.parametrize("rows", [4, 65_536])
def test_equal_scores_keep_the_order_of_the_gallery(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(search, "MAX_SCORES", rows)
    # Scores of 1, 0.6 and 0 by turns, exact in float32: the choice among equals is what is tested.
    turn = torch.tensor([[0.6, 0.8], [1.0, 0.0], [0.0, 1.0]])
    stored = made_of(turn.repeat(7, 1))
    query = torch.tensor([[1.0, 0.0]])
    best, middle = list(range(1, 21, 3)), list(range(0, 21, 3))
    for k in (1, 3, 7, 10, 14):
        assert stored.search(query, k).indices[0].tolist() == (best + middle)[:k]


@pytest.mark.parametrize("rows", [3, 65_536])
def test_excluded_pictures_are_not_found_and_the_others_move_up(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(search, "MAX_SCORES", rows)
    stored = random_gallery(20)
    queries = random_gallery(5, seed=1).embeddings
    everything = stored.search(queries, 20).indices
    exclude = ["3.png", "11.png", "3.png", "unknown.png"]
    result = stored.search(queries, 18, exclude)
    for row, all_of_row in zip(result.indices.tolist(), everything.tolist(), strict=True):
        assert row == [index for index in all_of_row if index not in (3, 11)]
    with pytest.raises(InputError, match="from 1 to 18"):
        stored.search(queries, 19, exclude)


@pytest.mark.parametrize("k", [0, -1, 21, 1_000_000, 2.0, "3", None, True])
def test_k_out_of_range_is_refused_with_the_range(k: object) -> None:
    with pytest.raises(InputError, match="from 1 to 20"):
        random_gallery(20).search(random_gallery(1).embeddings, k)  # type: ignore[arg-type]


def test_queries_of_another_model_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        random_gallery(20).search(torch.ones(1, 9), 1)
    with pytest.raises(ValueError, match="do not fit"):
        random_gallery(20).search(torch.ones(8), 1)
    with pytest.raises(ValueError, match="finite"):
        random_gallery(20).search(torch.full((1, 8), torch.nan), 1)


def test_no_queries_give_no_results() -> None:
    assert random_gallery(20).search(torch.empty(0, 8), 5).indices.shape == (0, 5)


def test_a_search_changes_nothing_of_the_gallery_or_the_queries() -> None:
    stored = random_gallery(20)
    queries = random_gallery(3, seed=1).embeddings.requires_grad_()
    before, asked = stored.embeddings.clone(), queries.detach().clone()
    result = stored.search(queries, 5, exclude=["1.png"])
    assert torch.equal(stored.embeddings, before)
    assert torch.equal(queries.detach(), asked)
    assert not result.scores.requires_grad


@pytest.mark.parametrize(
    ("scores", "indices", "words"),
    [
        ([[0.1, 0.2]], [[0, 1]], "must not rise"),
        ([[0.2, 0.1]], [[1, 1]], "twice"),
        ([[0.2, 0.1]], [[1, -1]], "row numbers"),
        ([[0.2, 0.1]], [[1.0, 2.0]], "row numbers"),
        ([[0.2, 0.1]], [[1]], r"must both be \[Q, k\]"),
        ([0.2, 0.1], [1, 0], r"must both be \[Q, k\]"),
        ([[0.2, float("nan")]], [[0, 1]], "finite"),
        ([[0.2, float("-inf")]], [[0, 1]], "finite"),
    ],
)
def test_a_result_refuses_what_no_search_gives(scores: list, indices: list, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SearchResult(torch.tensor(scores), torch.tensor(indices))


def test_a_gallery_moves_to_a_device_as_a_new_value() -> None:
    stored = random_gallery(3)
    moved = stored.to("cpu")
    assert moved.records == stored.records
    assert replace(moved, fingerprint="y").fingerprint == "y"


def nearest_by_sorting(embeddings: torch.Tensor, queries: torch.Tensor, k: int, excluded: list[int]) -> torch.Tensor:
    """The rows that a stable sort of all products in double precision gives."""
    scores = queries.double() @ embeddings.double().T
    scores[:, excluded] = -torch.inf
    return scores.sort(dim=1, descending=True, stable=True).indices[:, :k]


HALF = [torch.float16, torch.bfloat16]


@pytest.mark.parametrize("dtype", HALF)
def test_half_precision_takes_half_the_memory_and_moves_no_score_by_more_than_it_says(dtype: torch.dtype) -> None:
    stored, queries = random_gallery(500), random_gallery(20, seed=1).embeddings
    half = stored.to("cpu", dtype)
    assert half.embeddings.nbytes * 2 == stored.embeddings.nbytes
    found = half.search(queries, 500)
    exact = (queries.double() @ stored.embeddings.double().T).gather(1, found.indices)
    assert found.scores.dtype == torch.float32
    assert (found.scores - exact).abs().max() <= torch.finfo(dtype).eps / 2
    rounded = queries.double() @ half.embeddings.double().T
    assert torch.allclose(found.scores.double(), rounded.sort(dim=1, descending=True).values, atol=1e-6)


@pytest.mark.parametrize("limit", [300, 5_000, 2**26])
@pytest.mark.parametrize("dtype", HALF)
def test_half_precision_finds_what_a_sort_in_double_precision_finds(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, limit: int
) -> None:
    """Rows crowd around a direction, so that half-precision products alone confuse thousands of them."""
    monkeypatch.setattr(search, "MAX_SCORES", limit)
    generator = torch.Generator().manual_seed(0)
    center = torch.randn(1, 64, generator=generator)
    crowd = F.normalize(center + 0.05 * torch.randn(3_000, 64, generator=generator), dim=1).to(dtype)
    queries = F.normalize(center + 0.05 * torch.randn(7, 64, generator=generator), dim=1)
    rounded = (queries.to(dtype) @ crowd.T).float().sort(dim=1, descending=True, stable=True).indices[:, :20]
    excluded = nearest_by_sorting(crowd, queries, 3, []).flatten().unique().tolist()
    scores = queries.double() @ crowd.double().T
    for hidden in ([], excluded):
        best = scores.gather(1, nearest_by_sorting(crowd, queries, 20, hidden))
        assert (scores.gather(1, rounded) - best).abs().max() > 1e-4
        found = search.top_k_search(crowd, queries, 20, hidden)
        assert not set(hidden) & set(found.indices.flatten().tolist())
        assert torch.allclose(found.scores.double(), best, atol=1e-6, rtol=0)
        assert torch.allclose(scores.gather(1, found.indices), best, atol=1e-6, rtol=0)  # equal to the last bits


@pytest.mark.parametrize("dtype", HALF)
def test_a_proved_shortlist_needs_no_second_pass(monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype) -> None:
    stored = random_gallery(20_000, dimension=256).to("cpu", dtype)
    queries = random_gallery(3, dimension=256, seed=1).embeddings
    expected = nearest_by_sorting(stored.embeddings, queries, 12, [])
    monkeypatch.setattr(search, "_search_single", None)
    assert torch.equal(stored.search(queries, 12).indices, expected)


@pytest.mark.parametrize("dtype", HALF)
def test_a_device_that_rounds_worse_than_the_bound_changes_no_result(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype
) -> None:
    stored = random_gallery(2_000, dimension=32).to("cpu", dtype)
    queries = random_gallery(3, dimension=32, seed=1).embeddings
    shortlist = search._shortlist

    def careless(*given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        values, rows = shortlist(*given)
        return values - 0.2, rows.roll(7, dims=1)

    monkeypatch.setattr(search, "_shortlist", careless)
    assert torch.equal(stored.search(queries, 12).indices, nearest_by_sorting(stored.embeddings, queries, 12, []))


@pytest.mark.parametrize("dtype", HALF)
def test_equal_rows_of_half_precision_keep_the_order_of_the_gallery(dtype: torch.dtype) -> None:
    turn = torch.tensor([[0.6, 0.8], [1.0, 0.0], [0.0, 1.0]])
    stored = made_of(turn.repeat(700, 1)).to("cpu", dtype)
    assert stored.search(torch.tensor([[1.0, 0.0]]), 800).indices[0, :700].tolist() == list(range(1, 2100, 3))
    assert stored.search(torch.tensor([[1.0, 0.0]]), 800).indices[0, 700:].tolist() == list(range(0, 300, 3))


def test_the_half_precision_of_a_device_is_one_that_a_gallery_can_be_kept_in() -> None:
    half = random_gallery(3).to("cpu", search.half_dtype("cpu"))
    assert half.embeddings.element_size() == 2
    assert search.half_dtype("cuda") == torch.float16


def test_rows_of_another_precision_are_refused() -> None:
    with pytest.raises(GalleryError, match="not float32, float16 or bfloat16"):
        random_gallery(3).to("cpu", torch.float64)

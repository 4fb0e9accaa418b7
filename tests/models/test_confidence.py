"""The confidence in a first result against regressions and searches written out slowly."""

import pytest
import torch
from torch.nn import functional

from mmgrad.models.confidence import CLUES, EVERY, Confidence, Trials, clues_of, fit, trials

TRUE = Confidence((4.0, 9.0, -3.0), -2.0)


@pytest.fixture
def drawn() -> Trials:
    """Many searches whose outcomes are drawn with known chances."""
    generator = torch.Generator().manual_seed(0)
    clues = torch.rand(20_000, 3, generator=generator) * torch.tensor([1.0, 0.3, 0.6])
    right = torch.rand(len(clues), generator=generator) < TRUE(clues)
    return Trials(clues, right, torch.zeros(len(clues), dtype=torch.int64))


def test_the_regression_finds_the_chances_that_the_outcomes_were_drawn_with(drawn: Trials) -> None:
    found = fit(drawn)
    assert found.weights == pytest.approx(TRUE.weights, abs=0.6)
    assert float((found(drawn.clues) - TRUE(drawn.clues)).abs().max()) < 0.03


def test_clues_that_tell_all_apart_give_finite_weights() -> None:
    clues = torch.tensor([[0.9, 0.2, 0.1], [0.8, 0.3, 0.2], [0.1, 0.0, 0.1], [0.2, 0.01, 0.3]])
    found = fit(Trials(clues, torch.tensor([True, True, False, False]), torch.zeros(4, dtype=torch.int64)))
    assert all(abs(weight) < 1e3 for weight in (*found.weights, found.bias))
    assert (found(clues) > 0.5).tolist() == [True, True, False, False]


def test_a_card_keeps_a_confidence() -> None:
    assert Confidence.from_card({"confidence": TRUE.to_card()}) == TRUE
    assert set(TRUE.to_card()) == {*CLUES, "bias"}
    assert Confidence.from_card({}) is None


def test_trials_are_what_searching_one_by_one_finds() -> None:
    generator = torch.Generator().manual_seed(1)
    images, queries, foreign = (
        functional.normalize(torch.randn(n, 5, generator=generator), dim=1) for n in (30, 41, 41)
    )
    reference, target = (torch.randint(0, 30, (41,), generator=generator) for _ in range(2))
    queries[::2] = images[target[::2]]  # some find what they look for
    found = trials(queries, foreign, images, reference, target)
    for i in range(41):
        kind = {1: 1, 3: 2}.get(i % EVERY, 0)
        query = foreign[i] if kind == 2 else queries[i]
        scores = {n: float(query @ images[n]) for n in range(30) if not (kind == 1 and n == target[i])}
        first, second = sorted(scores, key=lambda n: -scores[n])[:2]
        moved = 1 - float(query @ images[reference[i]])
        expected = [scores[first], scores[first] - scores[second], moved]
        assert found.clues[i].tolist() == pytest.approx(expected, abs=1e-5)
        assert bool(found.right[i]) == (kind == 0 and first == int(target[i]))
        assert int(found.kind[i]) == kind


def test_a_gallery_of_one_picture_has_no_lead() -> None:
    one = torch.ones(1, 1)
    assert clues_of(one, one, one).tolist() == [[1.0, 0.0, 0.0]]

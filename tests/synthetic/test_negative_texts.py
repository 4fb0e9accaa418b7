"""Texts that ask for nothing: many, and none of those that are tested with."""

import numpy as np

from mmgrad.evaluation.metrics import abstention as refusal
from mmgrad.synthetic.negative_texts import SENTENCES, unrelated


def test_they_are_many_and_never_those_of_the_evaluation() -> None:
    rng = np.random.default_rng(0)
    texts = {unrelated(rng).lower() for _ in range(500)}
    assert len(texts) > 250
    assert all(text.strip() for text in texts)
    judged = {sentence.lower() for sentence in refusal.SENTENCES}
    assert not judged & (texts | {sentence.lower() for sentence in SENTENCES})


def test_they_depend_on_the_generator_alone() -> None:
    one, other = ([unrelated(np.random.default_rng(3)) for _ in range(5)] for _ in range(2))
    assert one == other

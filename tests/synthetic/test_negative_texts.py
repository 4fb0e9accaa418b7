"""Texts that ask for nothing: many, and none of those that are tested with."""

import numpy as np

from mmgrad.synthetic.negative_texts import negative_sentences, negative_text


def test_they_are_many_and_never_those_of_the_evaluation() -> None:
    rng = np.random.default_rng(0)
    texts = {negative_text(rng).lower() for _ in range(500)}
    assert len(texts) > 250
    assert all(text.strip() for text in texts)
    assert len(negative_sentences("train")) == 48
    assert len(negative_sentences("test")) == 24
    judged = {sentence.lower() for sentence in negative_sentences("test")}
    assert not judged & (texts | {sentence.lower() for sentence in negative_sentences("train")})


def test_they_depend_on_the_generator_alone() -> None:
    one, other = ([negative_text(np.random.default_rng(3)) for _ in range(5)] for _ in range(2))
    assert one == other

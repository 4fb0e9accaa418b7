"""The weight of a text in a query; queries of a model."""

import numpy as np
import pytest
import torch

from mmgrad import Engine, InputError
from mmgrad.models.query import interpolate_query


@pytest.mark.parametrize("text_weight", [0.0, 0.3, 1.0, 1.7, 2.0])
def test_the_weight_scales_the_change_before_the_length_is_taken_away(text_weight: float) -> None:
    reference, query = (torch.nn.functional.normalize(torch.randn(3, 5), dim=-1) for _ in range(2))
    for start, end, found in zip(reference, query, interpolate_query(reference, query, text_weight), strict=True):
        moved = start.numpy() + text_weight * (end.numpy() - start.numpy())
        assert found.numpy() == pytest.approx(moved / np.linalg.norm(moved), abs=1e-6)


def test_a_model_encodes_queries_one_by_one_or_together(engine: Engine) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (40, 30 + 5 * k, 3), np.uint8) for k in range(3)]
    texts = ["remove the dog", "make it blue", "put it on a beach"]
    together = engine.model.encode_query(pictures, texts)
    assert together.shape == (3, engine.model.dimension)
    assert together.norm(dim=-1).numpy() == pytest.approx(1, abs=1e-5)
    for row, picture, text in zip(together, pictures, texts, strict=True):
        tokens = engine.model.encode_text(text)
        with torch.no_grad():
            features, _ = engine.model.features([picture])
            alone = engine.model.composer.encode_query(features, tokens.states, tokens.mask)[0]
        assert float(row @ alone) > 0.999  # batches round otherwise
    assert engine.model.encode_query(pictures[0], texts).shape == (3, engine.model.dimension)
    assert engine.model.encode_query([], []).shape == (0, engine.model.dimension)


def test_other_numbers_of_texts_get_one_sentence(engine: Engine) -> None:
    pictures = [np.zeros((20, 20, 3), np.uint8)] * 3
    with pytest.raises(InputError, match="3 images and 2 texts"):
        engine.model.encode_query(pictures, ["a", "b"])

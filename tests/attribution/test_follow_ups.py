"""Text-agnostic Grad-CAM of the shipped model, and what an explanation keeps for follow-up questions."""

import pickle

import numpy as np
import pytest
import torch
from torch import Tensor

from mmgrad import Engine, Explanation, InputError


def gradcam(engine: Engine, features: Tensor, other: Tensor, step: float = 0.05) -> Tensor:
    """Grad-CAM of <g(I), other> with the gradient of each channel by central differences: [7, 7]."""
    channels = features.shape[1]
    slopes = torch.zeros(channels)
    with torch.no_grad():
        for part in torch.arange(channels).split(144):
            bump = torch.zeros(len(part), channels, 1, 1)
            bump[torch.arange(len(part)), part] = step
            ahead, behind = (engine.model.composer.encode_image(features + sign * bump) @ other for sign in (1, -1))
            slopes[part] = (ahead - behind) / (2 * step)  # the sum of the gradient over positions
    return (slopes[:, None, None] / features[0, 0].numel() * features[0]).sum(dim=0)


def test_text_agnostic_maps_weight_channels_by_the_gradient_of_the_similarity(
    engine: Engine, answer: Explanation, position_sums
) -> None:
    reference, targets = answer.text_agnostic_gradcam()
    own, _ = engine.model.features([answer.image])
    first, _ = engine.model.features([answer.hits[0].image])
    third, _ = engine.model.features([answer.hits[2].image])  # the second is the reference: no gradient at all
    g_own, g_first = engine.model.encode_image([answer.image, answer.hits[0].image])
    for shown, features, other in ((reference, own, g_first), (targets[0], first, g_own), (targets[2], third, g_own)):
        expected = gradcam(engine, features, other)
        found = position_sums(shown)
        assert float(expected.abs().max()) > 0
        assert torch.allclose(found, expected, atol=5e-2 * float(expected.abs().max()))


def test_text_agnostic_maps_do_not_depend_on_the_text(engine: Engine, answer: Explanation) -> None:
    ids = [hit.id for hit in answer.hits[:2]]
    one, two = (engine.text_agnostic_gradcam(answer.image, text, ids) for text in (answer.text, "put it on a beach"))
    assert np.array_equal(one[0].values, two[0].values)
    assert all(np.array_equal(a.values, b.values) for a, b in zip(one[1], two[1], strict=True))


def test_the_memory_that_follow_ups_keep_is_told(answer: Explanation) -> None:
    query, found = answer.follow_ups.query, answer.follow_ups.found  # type: ignore[union-attr]
    assert answer.follow_ups.nbytes == 4 * (query.features.numel() + found.features.numel())  # type: ignore[union-attr]
    assert answer.follow_ups.nbytes < 2_000_000  # type: ignore[union-attr]


@pytest.mark.parametrize("make", [Explanation.detached, lambda one: pickle.loads(pickle.dumps(one))])
def test_an_explanation_without_its_engine_answers_no_follow_up_and_says_so(answer: Explanation, make) -> None:
    apart = make(answer)
    assert apart.to_dict() == answer.to_dict()
    for ask in (
        lambda: apart.contrast(1, 2),
        lambda: apart.verify(1),
        apart.per_result_attribution,
        apart.text_agnostic_gradcam,
    ):
        with pytest.raises(InputError, match="ask the engine"):
            ask()


def test_follow_ups_work_in_inference_mode(answer: Explanation) -> None:
    expected = answer.contrast(1, 2)
    with torch.inference_mode():
        found = answer.contrast(1, 2)
        answer.per_result_attribution()
    assert np.array_equal(found.reference.values, expected.reference.values)

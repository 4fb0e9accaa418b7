"""Maps without our own gradients: occlusion, and the methods of captum, each against the other's account."""

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient, Occlusion

from mmgrad.encoders.base import Encoder
from mmgrad.evaluation.explainers.captum_explainers import captum_explainers
from mmgrad.evaluation.explainers.explainers import match_gradient
from mmgrad.evaluation.explainers.occlusion import PATCH, STRIDE, occlusion, occlusion_map
from mmgrad.evaluation.queries import Queries, encode_images, encode_queries, score_function
from mmgrad.models.composer import Composer


@pytest.fixture(scope="module")
def queries(encoder: Encoder) -> Queries:
    pictures = np.random.default_rng(0).integers(0, 256, (4, 224, 150, 3), np.uint8)
    pictures[:, 60:120, 30:90] = np.random.default_rng(1).integers(0, 256, (4, 1, 1, 3))
    reference, target = encode_images(encoder, pictures[:2]), encode_images(encoder, pictures[2:])
    return encode_queries(encoder, reference, target, ["make it red", "remove the dog"])


def test_a_score_of_one_patch_falls_only_where_that_patch_is_covered() -> None:
    pixels, covered = torch.ones(3, 64, 64), torch.zeros(3, 64, 64)
    found = occlusion_map(lambda x: x[:, 0, 16:32, 32:48].mean(dim=(1, 2)), pixels, covered, patch=16, stride=16)
    expected = torch.zeros(4, 4)
    expected[1, 2] = 1
    assert torch.equal(found, expected)


def test_a_stride_that_does_not_divide_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="divide"):
        occlusion_map(lambda x: x.mean(dim=(1, 2, 3)), torch.ones(3, 50, 50), torch.zeros(3, 50, 50))


@pytest.mark.parametrize("side", ["reference", "target"])
def test_occlusion_agrees_with_that_of_captum(
    side: str, encoder: Encoder, composer: Composer, queries: Queries
) -> None:
    found = occlusion(encoder, composer, queries)[side]  # type: ignore[index]
    seen, view = score_function(encoder, composer, queries, side, 1), queries.images(side)  # type: ignore[arg-type]
    pixels, covered = view.pixels[1:2], view.blurred[1:2]
    shape = (3, PATCH, PATCH)
    expected = Occlusion(lambda x: seen.embed(x) @ seen.other).attribute(pixels, shape, (3, STRIDE, STRIDE), covered)
    cells = expected[0, 0, STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE]
    peak = float(cells.abs().max())
    assert peak > 1e-5  # of scores near 1: the rounding of float32 is a hundredth of it
    assert found[1] == pytest.approx(cells.numpy(), abs=0.05 * peak)


def test_the_match_gradient_agrees_with_captums_input_times_gradient(
    encoder: Encoder, composer: Composer, queries: Queries
) -> None:
    found = match_gradient(encoder, composer, queries)
    g_target = composer.encode_image(queries.target.features)

    def matching(features: torch.Tensor) -> torch.Tensor:
        return (composer.encode_query(features, queries.states, queries.mask) * g_target).sum(dim=-1)

    leaf = queries.reference.features.clone().requires_grad_()
    expected = InputXGradient(matching).attribute(leaf).detach().sum(dim=1)
    assert found["reference"] == pytest.approx(expected.numpy(), abs=1e-5)


def test_integrated_gradients_add_up_to_what_the_picture_adds_to_the_match(
    encoder: Encoder, composer: Composer, queries: Queries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmgrad.evaluation.explainers.captum_explainers.STEPS", 64)
    (make,) = captum_explainers().values()
    maps = make(encoder, composer, queries)
    grey = encode_images(encoder, [np.full((224, 224, 3), (124, 116, 104), np.uint8)]).features.expand(2, -1, -1, -1)
    with torch.no_grad():
        g, g_grey = composer.encode_image(queries.target.features), composer.encode_image(grey)
        q = composer.encode_query(queries.reference.features, queries.states, queries.mask)
        q_grey = composer.encode_query(grey, queries.states, queries.mask)
    assert maps["reference"].sum((1, 2)) == pytest.approx(((q - q_grey) * g).sum(-1).numpy(), abs=2e-3)
    assert maps["target"].sum((1, 2)) == pytest.approx(((g - g_grey) * q).sum(-1).numpy(), abs=2e-3)

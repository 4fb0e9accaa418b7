"""Fits the classifier that tells single-object photographs, on such, on mosaics of them and on composed scenes.

The classifier is part of `mmgrad.models.prototype_head`.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmgrad.encoders.base import Encoder
from mmgrad.models.composer import Composer
from mmgrad.models.logistic import fit_logistic
from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.synthetic.families import make_family
from mmgrad.synthetic.mosaics import PhotoCrop, grid
from mmgrad.synthetic.photo_folder import Photograph, is_for_validation

FAMILIES = 210  # of composed scenes, one scene of each
MOSAICS = 90
NEGATIVE_WEIGHT = 2.0
"""Weight of the class of other images; it is worse to take a scene for a single-object photograph than the reverse."""
SIDE = 224
PENALTY = 1e-4  # of the squares of the weights
BLOCK = 32  # images


def fit_single_object(composer: Composer, photographs: Sequence[Photograph], encoder: Encoder) -> None:
    """Fit the single-object classifier of a composer's prototype head, in place, by logistic regression.

    Photographs of the validation classes are left out. Without photographs, or without a prototype head, nothing is
    done.
    """
    photographs = [photo for photo in photographs if not is_for_validation(photo.wnid)]
    if composer.prototype_head is None or not photographs:
        return
    single = _prototype_embeddings(composer, [photo.rgb() for photo in photographs], encoder)
    other = _prototype_embeddings(composer, [*_mosaics(photographs), *_scenes()], encoder)
    positive = torch.cat([single.new_ones(len(single)), single.new_zeros(len(other))])
    weights = (positive / len(single) + (1 - positive) * NEGATIVE_WEIGHT / len(other)) / (1 + NEGATIVE_WEIGHT)
    weight, bias = fit_logistic(torch.cat([single, other]), positive, weights, PENALTY)
    layer = composer.prototype_head.single_object
    layer.weight.copy_(weight[None])
    layer.bias.copy_(bias)


@torch.no_grad()
def _prototype_embeddings(composer: Composer, images: Sequence[np.ndarray], encoder: Encoder) -> Tensor:
    """The prototype embeddings of images without their padding, [N, DIRECTIONS]."""
    parts = (encoder.prepare(images[i : i + BLOCK])[0] for i in range(0, len(images), BLOCK))
    return torch.cat([composer.prototype_embedding(encoder.trunk(pixels))[:, :-1] for pixels in parts])


def _mosaics(photographs: Sequence[Photograph]) -> list[np.ndarray]:
    rng, canvas, library = np.random.default_rng(0), grid(2, 2), load_asset_library()
    chosen = rng.integers(len(photographs), size=(MOSAICS, 4)).tolist()
    return [canvas.draw(tuple(PhotoCrop.plain(photographs[i]) for i in four), library, SIDE) for four in chosen]


def _scenes() -> list[np.ndarray]:
    return [make_family(load_asset_library(), "train", number).scenes[0] for number in range(FAMILIES)]

"""Which pictures are photographs of one thing, learnt from such, from mosaics of them and from composed scenes; see
`mmgrad.models.prototype_head`."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.encoders.base import Encoder
from mmgrad.models.composer import Composer
from mmgrad.synthetic.asset_library import load_atlas
from mmgrad.synthetic.families import make_family
from mmgrad.synthetic.mosaics import Shot, grid
from mmgrad.synthetic.photo_folder import Photograph, is_for_validation

FAMILIES = 210  # of composed scenes, one scene of each
MOSAICS = 90
ODDS = 2.0
"""What all other pictures weigh against all photographs of one thing: it is worse to take a scene for one."""
SIDE = 224
PENALTY = 1e-4  # of the squares of the weights
BLOCK = 32  # pictures


def fit_single_object(composer: Composer, photographs: Sequence[Photograph], encoder: Encoder) -> None:
    """Fit what tells photographs of one thing by how they look, by logistic regression.

    Only photographs of classes that are not kept for validation are looked at. Without any, or without a named look,
    nothing is done.
    """
    photographs = [photo for photo in photographs if not is_for_validation(photo.wnid)]
    if composer.prototype_head is None or not photographs:
        return
    single = _looks(composer, [photo.rgb() for photo in photographs], encoder)
    other = _looks(composer, [*_mosaics(photographs), *_scenes()], encoder)
    looks = torch.cat([single, other])
    wanted = torch.cat([single.new_ones(len(single), 1), single.new_zeros(len(other), 1)])
    weight = (wanted / len(single) + (1 - wanted) * ODDS / len(other)) / (1 + ODDS)
    layer = composer.prototype_head.single_object.requires_grad_(True)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        missed = functional.binary_cross_entropy_with_logits(layer(looks), wanted, weight, reduction="sum")
        value: Tensor = missed + PENALTY * layer.weight.square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(loss)
    layer.requires_grad_(False)


@torch.no_grad()
def _looks(composer: Composer, pictures: Sequence[np.ndarray], encoder: Encoder) -> Tensor:
    """How pictures look on the whole, [N, DIRECTIONS]."""
    parts = (encoder.prepare(pictures[i : i + BLOCK])[0] for i in range(0, len(pictures), BLOCK))
    return torch.cat([composer.prototype_embedding(encoder.trunk(pixels))[:, :-1] for pixels in parts])


def _mosaics(photographs: Sequence[Photograph]) -> list[np.ndarray]:
    rng, board, atlas = np.random.default_rng(0), grid(2, 2), load_atlas()
    chosen = rng.integers(len(photographs), size=(MOSAICS, 4)).tolist()
    return [board.draw(tuple(Shot.plain(photographs[i]) for i in four), atlas, SIDE) for four in chosen]


def _scenes() -> list[np.ndarray]:
    return [make_family(load_atlas(), "train", number).scenes[0] for number in range(FAMILIES)]

"""What tells photographs of one thing, as it is fitted and as it is shipped."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mmgrad.encoders.compact import CompactEncoder
from mmgrad.imaging.io import load_image
from mmgrad.models.composer import Composer
from mmgrad.models.model import Model, load_model
from mmgrad.models.prototype_head import INIT_BIAS
from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.synthetic.families import make_family
from mmgrad.synthetic.photo_folder import Photograph, is_for_validation
from mmgrad.training import fit_single_object as one_thing
from mmgrad.training.fit_single_object import fit_single_object


def _single(model: Model | Composer, encoder: CompactEncoder, pictures: list[np.ndarray]) -> torch.Tensor:
    composer = model.composer if isinstance(model, Model) else model
    assert isinstance(composer, Composer)
    assert composer.prototype_head is not None
    with torch.no_grad():
        looks = composer.prototype_embedding(encoder.trunk(encoder.prepare(pictures)[0]))[:, :-1]
        return composer.prototype_head.single_object(looks)[:, 0].sigmoid()


def test_it_is_learnt_from_photographs_and_told_apart_from_scenes(
    photographs: tuple[Photograph, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_thing, "FAMILIES", 12)
    monkeypatch.setattr(one_thing, "MOSAICS", 8)
    encoder = CompactEncoder()
    torch.manual_seed(0)
    size = encoder.channels, encoder.token_width, encoder.grid, encoder.prototype_dim
    composer = Composer(*size, width=16, heads=2, layers=1)
    assert composer.prototype_head is not None
    composer.prototype_head.axes.copy_(torch.linalg.svd(encoder.prototype_rows(), full_matrices=False).Vh[:255])
    photographs = photographs[::8]
    fit_single_object(composer, (), encoder)
    assert float(composer.prototype_head.single_object.bias) == INIT_BIAS
    fit_single_object(composer, photographs, encoder)
    assert not any(parameter.requires_grad for parameter in composer.prototype_head.parameters())
    kept = [photo for photo in photographs if not is_for_validation(photo.wnid)]
    assert len(kept) < len(photographs)
    single = _single(composer, encoder, [photo.rgb() for photo in photographs])
    other = _single(composer, encoder, list(make_family(load_asset_library(), "train", 0).scenes))
    assert float(single.min()) > float(other.max())


def test_the_shipped_one_tells_a_photograph_from_scenes_it_has_not_seen() -> None:
    model = load_model("compact", "cpu")
    assert isinstance(model.encoder, CompactEncoder)
    photos = sorted(Path("examples/photos").glob("*.webp"))
    assert photos
    single = _single(model, model.encoder, [load_image(path) for path in photos])
    scenes = [make_family(load_asset_library(), "test", number).scenes[0] for number in range(12)]
    other = _single(model, model.encoder, scenes)
    assert float(single.mean()) > 0.5 > 0.35 > float(other.mean())

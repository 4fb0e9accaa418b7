"""Dual encoders beside transformers' own calls, and where their maps lie."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer, PreTrainedModel

from mmgrad.attribution.gradients import AttributionModel, target_map
from mmgrad.encoders.dual_encoder import LEADING, DualEncoder, align
from mmgrad.encoders.vision_tower import pack, unpack
from mmgrad.models.zero_shot import DualComposer, weighted_sum
from mmgrad.results import AttentionMap

NAMES = ("clip", "siglip", "siglip2")
SHAPES = ((60, 120), (120, 60), (90, 90), (61, 97))
TEXTS = ("Replace the dog's hat with a red car.", "a cat instead of the dog", "bigger", "")


@pytest.fixture(scope="module")
def encoders(folders: dict[str, Path]) -> dict[str, DualEncoder]:
    return {name: DualEncoder(folder) for name, folder in folders.items()}


@pytest.fixture(scope="module", params=NAMES)
def encoder(encoders: dict[str, DualEncoder], request: pytest.FixtureRequest) -> DualEncoder:
    return encoders[request.param]


@pytest.fixture(scope="module")
def theirs(encoder: DualEncoder, folders: dict[str, Path]) -> PreTrainedModel:
    """The same model, loaded by transformers alone."""
    return AutoModel.from_pretrained(folders[encoder.model.config.model_type]).eval()


def picture(height: int = 50, width: int = 80, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def their_inputs(encoder: DualEncoder, folder: Path, pictures: list[np.ndarray]) -> dict[str, torch.Tensor]:
    """Letterboxed pictures through the model's own image processor, nothing resized or cut."""
    _, boxes = encoder.prepare(pictures)
    squares = [box.apply(each) for box, each in zip(boxes, pictures, strict=True)]
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    inputs = dict(processor(squares, do_resize=False, do_center_crop=False, return_tensors="pt"))
    return inputs if "spatial_shapes" in inputs else inputs | {"interpolate_pos_encoding": True}


def test_g_equals_the_image_features_of_transformers(encoder, theirs, folders):
    pictures = [picture(seed=0), picture(80, 50, seed=1)]
    inputs = their_inputs(encoder, folders[theirs.config.model_type], pictures)
    with torch.no_grad():
        expected = theirs.get_image_features(**inputs).pooler_output
        found = encoder.head(encoder.trunk(encoder.prepare(pictures)[0]))
    assert torch.allclose(found, expected, atol=1e-5)
    composer = DualComposer(encoder.head, weighted_sum)
    g = composer.encode_image(encoder.trunk(encoder.prepare(pictures)[0]))
    assert torch.allclose(g, functional.normalize(expected, dim=-1), atol=1e-5)


def test_a_rim_that_patches_leave_is_seen_by_neither(encoders, folders):
    encoder, model = encoders["siglip"], AutoModel.from_pretrained(folders["siglip"])
    whole = model.config.vision_config.image_size
    pixels, _ = encoder.prepare([picture()])
    rim = torch.full((1, 3, whole, whole), 9.0)
    rim[:, :, : encoder.size, : encoder.size] = pixels
    with torch.no_grad():
        assert encoder.size < whole
        assert torch.allclose(
            encoder.head(encoder.trunk(pixels)), model.get_image_features(rim).pooler_output, atol=1e-5
        )


def test_the_text_feature_equals_that_of_transformers(encoder, theirs, folders):
    family = theirs.config.model_type
    tokenizer = AutoTokenizer.from_pretrained(folders[family])
    texts = list(TEXTS) if family == "clip" else [text.lower() for text in TEXTS]
    length = theirs.config.text_config.max_position_embeddings
    inputs = tokenizer(texts, padding="max_length", truncation=True, max_length=length, return_tensors="pt")
    with torch.no_grad():
        expected = theirs.get_text_features(**inputs).pooler_output
    assert torch.allclose(encoder.encode_text(TEXTS).states[:, 0], expected, atol=1e-5)


def test_what_a_text_names_is_encoded_beside_it(encoder):
    tokens = encoder.encode_text(TEXTS)
    phrases = encoder.encode_text(["a cat", "the dog"]).states[:, 0]
    assert tokens.mask[:, :LEADING].tolist() == [[True] * 3, [True] * 3, [True, False, False], [True, False, False]]
    assert torch.allclose(tokens.states[1, 1:LEADING], phrases, atol=1e-5)


def test_words_are_whole_words_of_the_text_and_know_their_tokens(encoder):
    text = "Put a Red car, instead of the dog's, über there"
    tokens = encoder.encode_text([text])
    words = tokens.words[0]
    assert [word.text for word in words][:5] == ["Put", "a", "Red", "car", "instead"]
    assert all(text[word.start : word.end] == word.text for word in words)
    places = [place for word in words for place in word.tokens]
    assert min(places) >= LEADING
    assert bool(tokens.mask[0, places].all())


def test_a_padded_batch_encodes_like_each_text_alone(encoder):
    together = encoder.encode_text(TEXTS).states[:, 0]
    alone = torch.cat([encoder.encode_text([text]).states[:, 0] for text in TEXTS])
    assert torch.allclose(together, alone, atol=1e-5)


def test_the_gradient_at_the_seam_is_that_inside_transformers(encoder, theirs, folders):
    """Oracle: the states that their own forward pass normalises last, caught on the way and differentiated there."""
    family, pictures = theirs.config.model_type, [picture(seed=3)]
    vision, caught = theirs.vision_model, []
    seam = vision.encoder.layers[-1].layer_norm1 if family == "clip" else vision.post_layernorm

    def catch(module: torch.nn.Module, inputs: tuple, output: torch.Tensor) -> torch.Tensor:
        caught.append(output.detach().requires_grad_())
        return caught[0]

    handle = seam.register_forward_hook(catch)
    g = functional.normalize(
        theirs.get_image_features(**their_inputs(encoder, folders[family], pictures)).pooler_output
    )
    handle.remove()
    change = torch.randn(g.shape, generator=torch.Generator().manual_seed(1))
    gradient = torch.autograd.grad((g * change).sum(), caught[0])[0]
    places = (gradient * caught[0]).sum(dim=-1)[0, -(encoder.grid**2) :].reshape(encoder.grid, encoder.grid)
    features = encoder.trunk(encoder.prepare(pictures)[0])
    mine = target_map(AttributionModel(DualComposer(encoder.head, weighted_sum), encoder.to_grid), features, change)[0]
    assert float(places.abs().max()) > 1e-3
    assert torch.allclose(mine, places, atol=1e-5)


def test_feature_maps_are_as_announced_and_carry_no_gradient(encoder):
    features = encoder.trunk(encoder.prepare([picture(), picture()])[0])
    assert features.shape == (2, encoder.channels, encoder.grid, encoder.grid)
    assert features.dtype == torch.float32
    assert not features.requires_grad
    assert not any(parameter.requires_grad for parameter in encoder.model.parameters())


@pytest.mark.parametrize("prefix", [0, 1, 5])
def test_any_count_of_prefix_tokens_travels_with_the_patches(prefix):
    patches, rest = torch.randn(2, 9, 4), torch.randn(2, prefix, 4)
    features = pack(patches, rest, 3)
    assert features.shape == (2, 4 * (1 + prefix), 3, 3)
    assert torch.equal(features[1, :4, 2, 1], patches[1, 7])
    assert all(torch.equal(one, other) for one, other in zip(unpack(features, 4), (patches, rest), strict=True))


def test_a_trunk_in_half_precision_keeps_maps_and_gradients_in_float32(folders, encoder):
    half = DualEncoder(folders[encoder.model.config.model_type], dtype=torch.bfloat16)
    pixels, _ = encoder.prepare([picture()])
    features = half.trunk(pixels)
    change = torch.randn(1, half.dimension)
    maps = target_map(AttributionModel(DualComposer(half.head, weighted_sum), half.to_grid), features, change)
    assert (features.dtype, maps.dtype) == (torch.float32, torch.float32)
    assert {parameter.dtype for parameter in half.head.parameters()} == {torch.float32}
    agreement = functional.cosine_similarity(half.head(features), encoder.head(encoder.trunk(pixels)))
    assert float(agreement) > 0.99  # bfloat16 keeps 8 bits
    assert half.fingerprint == encoder.fingerprint


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_a_feature_at_a_patch_comes_back_at_its_pixels(encoder, height, width):
    """Every patch in turn holds the only feature: the map's peak is at its centre, to half a patch."""
    composer = DualComposer(encoder.head, weighted_sum)
    _, (box,) = encoder.prepare([np.zeros((height, width, 3), np.uint8)])
    patch = encoder.size / encoder.grid
    change = torch.randn(1, encoder.dimension, generator=torch.Generator().manual_seed(2))
    for row, column in product(range(encoder.grid), repeat=2):
        x, y = box.to_original(((column + 0.5) * patch - 0.5, (row + 0.5) * patch - 0.5))
        if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
            continue
        features = torch.zeros(1, encoder.channels, encoder.grid, encoder.grid)
        features[0, : encoder.tower.width, row, column] = torch.linspace(-1, 2, encoder.tower.width)
        values = target_map(AttributionModel(composer, encoder.to_grid), features, change)[0]
        found = AttentionMap(values.abs().numpy(), box, 0.0).peak_xy
        assert found is not None
        assert abs(found[0] - x) <= 0.5 * patch * width / box.inner_width
        assert abs(found[1] - y) <= 0.5 * patch * height / box.inner_height


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_what_is_painted_in_a_picture_changes_the_features_there(encoder, height, width):
    """The whole way: a square painted on a picture, through letterbox and trunk, and back to the picture's pixels."""
    plain = np.full((height, width, 3), 120, np.uint8)
    side = max(height, width) / encoder.grid  # a patch, in pixels of the picture
    for share_x, share_y in ((0.2, 0.5), (0.5, 0.3), (0.8, 0.7)):
        painted, x, y = plain.copy(), share_x * width, share_y * height
        top, left = round(max(0, y - side / 2)), round(max(0, x - side / 2))
        painted[top : round(y + side / 2), left : round(x + side / 2)] = (250, 9, 9)
        pixels, (box, _) = encoder.prepare([painted, plain])
        features = encoder.trunk(pixels)[:, : encoder.tower.width]
        moved = (features[0] - features[1]).norm(dim=0).numpy()
        found = AttentionMap(moved, box, 0.0).peak_xy
        assert found is not None
        # The square may lie across two patches, and a patch at the rim has its peak at the very rim.
        assert abs(found[0] - x) <= side + 1
        assert abs(found[1] - y) <= side + 1


def test_the_fingerprint_tells_image_towers_apart(folders, encoders, tmp_path):
    assert len({encoder.fingerprint for encoder in encoders.values()}) == 3
    model = AutoModel.from_pretrained(folders["clip"])
    for part, same in ((model.text_model, True), (model.visual_projection, False)):
        next(part.parameters()).data.add_(0.01)
        folder = tmp_path / type(part).__name__
        for source in (AutoTokenizer, AutoImageProcessor):
            source.from_pretrained(folders["clip"]).save_pretrained(folder)
        model.save_pretrained(folder)
        assert (DualEncoder(folder).fingerprint == encoders["clip"].fingerprint) is same


@pytest.mark.parametrize(
    ("text", "pieces", "expected"),
    [
        ("The Dog's car", ["", "▁the", "▁dog", "s", "▁car", ""], ["", "The", "Dog", "s", "car", ""]),
        ("a, b", ["▁a", ",", "▁", "b"], ["a", ",", "", "b"]),
        ("über", ["▁", "ü", "ber"], ["", "ü", "ber"]),
        ("", ["", ""], ["", ""]),
    ],
)
def test_pieces_find_their_characters_where_a_tokenizer_does_not_tell(text, pieces, expected):
    assert [text[start:end] for start, end in align(text, pieces)] == expected


def test_a_tokenizer_without_offsets_gives_the_same_words(encoders, monkeypatch):
    encoder = encoders["siglip"]
    told = encoder.encode_text(["A red Cat, please"])
    monkeypatch.setattr(type(encoder.tokenizer), "is_fast", False)
    found = encoder.encode_text(["A red Cat, please"])
    for one, other in zip(found.words[0], told.words[0], strict=True):
        assert (one.text, one.start, one.end) == (other.text, other.start, other.end)
        assert set(one.tokens) <= set(other.tokens)  # a tokenizer may count the space before a word as part of it
        assert one.tokens
    assert torch.equal(found.states, told.states)

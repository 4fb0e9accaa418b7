"""The head against slower accounts of the same: its pooling, its use of looks, and its reach."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.models.composer import DIMENSION, Composer, Pool
from mmgrad.models.prototype_head import DIRECTIONS, INIT_BIAS, MAX_WEIGHT, WIDTH


@pytest.fixture
def composer() -> Composer:
    torch.manual_seed(0)
    made = Composer(9, 7, 3, prototype_dim=4, width=16, heads=2, layers=2, num_pools=3)
    for parameter in made.parameters():  # some layers begin at zero: a text would change nothing
        parameter.data += 0.3 * torch.randn_like(parameter)
    assert made.prototype_head is not None
    made.prototype_head.axes.copy_(torch.linalg.qr(torch.randn(DIRECTIONS, 4))[0])
    made.prototype_head.branch_weight.fill_(0.3)
    return made.eval().requires_grad_(False)


def given(count: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(count, 9, 3, 3, generator=generator)
    states = torch.randn(count, 5, 7, generator=generator)
    mask = torch.tensor([True, True, True, True, False]).expand(count, -1)
    return features, states, mask


def test_a_view_is_the_weighted_mean_of_the_values_of_all_positions() -> None:
    torch.manual_seed(0)
    pool, x = Pool(16, 3, 4), torch.randn(2, 9, 16)
    y = pool.norm(x)
    weights, values = pool.attn_logits(y).softmax(dim=1), pool.value(y).unflatten(-1, (3, 4))  # (2, 9, 3), (2, 9, 3, 4)
    views = torch.zeros(2, 3, 4)
    for position in range(9):
        views += weights[:, position, :, None] * values[:, position]
    assert torch.allclose(pool(x), functional.normalize(pool.out(views.flatten(1)), dim=-1), atol=1e-6)


def test_embeddings_are_of_length_one(composer: Composer) -> None:
    features, states, mask = given()
    composer.edit_scale.fill_(0.7)
    assert composer.encode_image(features).shape == (2, composer.dimension) == (2, DIMENSION + WIDTH)
    query, start, image = (
        composer.encode_query(features, states, mask),
        composer.encode_reference(features),
        composer.encode_image(features),
    )
    for embedding in (query, start, image):
        assert torch.allclose(embedding.norm(dim=-1), torch.ones(2), atol=1e-6)
        assert torch.allclose(embedding[:, :DIMENSION].norm(dim=-1), torch.full((2,), 0.7**0.5), atol=1e-6)
    assert float((start[:, DIMENSION:] * image[:, DIMENSION:]).abs().max()) == 0


def test_the_named_look_is_that_of_the_words_that_come(composer: Composer) -> None:
    """Two words of which the network takes the second for what comes; a picture that shows the one or the other."""
    named = composer.prototype_head
    assert named is not None
    named.hidden.weight.zero_()
    named.hidden.weight[0, 0] = 1.0
    named.hidden.bias.zero_()
    named.out.weight.zero_()
    named.out.weight[0, 0], named.out.bias[0] = 20.0, -10.0
    states = torch.zeros(1, 2, 7)
    states[0, 1, 0] = 3.0  # the network's sign
    states[0, 0, 3], states[0, 1, 4] = 10.0, 10.0  # looks are channels 3 to 6
    mask = torch.ones(1, 2, dtype=torch.bool)
    pictures = torch.zeros(2, 9, 3, 3)
    pictures[0, 5, 1, 1] = pictures[1, 6, 2, 0] = 4.0  # looks are channels 5 to 8
    query = composer.encode_query(pictures[:1], states, mask)
    shown = composer.encode_image(pictures)
    scores = query[:, DIMENSION:] @ shown[:, DIMENSION:].T
    assert torch.allclose(scores, torch.tensor([[0.0, 0.3]]), atol=1e-4)
    other = composer.encode_query(pictures[1:], states, mask)  # of another picture: the look is of the text alone
    assert torch.equal(query[:, DIMENSION:], other[:, DIMENSION:])
    silent = composer.encode_query(pictures, states.expand(2, -1, -1), ~mask.expand(2, -1))[:, DIMENSION:]
    assert torch.allclose(silent, composer.encode_reference(pictures)[:, DIMENSION:], atol=1e-3)


def test_a_search_from_a_picture_of_one_thing_goes_by_what_comes_the_more(composer: Composer) -> None:
    """Pictures that are more and more surely of one thing; the gallery's share stays what it is."""
    named = composer.prototype_head
    assert named is not None
    named.axes.zero_()
    named.axes[:4] = torch.eye(4)
    named.single_object.weight.data.zero_()
    named.single_object.weight.data[0, 0], named.single_object.bias.data[:] = 40.0, 0.0
    cosines = torch.tensor([-1.0, -0.02, 0.0, 0.02, 1.0])
    features = given(5)[0]
    features[:, 5] = cosines[:, None, None]  # looks are channels 5 to 8
    features[:, 6] = (1 - cosines.square()).sqrt()[:, None, None]
    features[:, 7:] = 0
    texts = [part.repeat(5, *(1,) * (part.ndim - 1)) for part in (given(1)[1], given(1)[2])]
    expected = 0.3 + (MAX_WEIGHT - 0.3) * (40 * cosines).sigmoid()
    for embedding in (composer.encode_query(features, *texts), composer.encode_reference(features)):
        assert torch.allclose(embedding.norm(dim=-1), torch.ones(5), atol=1e-6)
        assert torch.allclose(embedding[:, DIMENSION:].square().sum(dim=-1), expected, atol=1e-3)
    assert torch.allclose(composer.encode_image(features)[:, DIMENSION:].square().sum(dim=-1), torch.full((5,), 0.3))
    named.single_object.weight.data.zero_()
    named.single_object.bias.data.fill_(INIT_BIAS)  # nothing is known of photographs
    assert torch.allclose(
        composer.encode_query(features, *texts)[:, DIMENSION:].square().sum(dim=-1), torch.full((5,), 0.3)
    )
    named.single_object.bias.data.fill_(-INIT_BIAS)
    named.branch_weight.fill_(0.0)  # no named look at all
    assert not composer.encode_query(features, *texts)[:, DIMENSION:].any()


def test_without_looks_there_is_no_named_look() -> None:
    composer = Composer(9, 7, 3, width=16, heads=2, layers=1, num_pools=3)
    assert composer.prototype_head is None
    assert composer.encode_image(given()[0]).shape == (2, composer.dimension) == (2, DIMENSION)


def test_a_token_that_is_masked_changes_nothing(composer: Composer) -> None:
    features, states, mask = given()
    other = states.clone()
    other[:, 4] += 5
    assert torch.allclose(
        composer.encode_query(features, states, mask), composer.encode_query(features, other, mask), atol=1e-6
    )


def test_the_reach_is_the_share_of_the_way_to_the_edited_embedding(composer: Composer) -> None:
    features, states, mask = given()

    def edited() -> Tensor:
        return composer.encode_query(features, states, mask)[:, :DIMENSION]

    before, far = composer.encode_reference(features)[:, :DIMENSION], edited()
    composer.edit_scale.fill_(0.0)
    assert torch.allclose(edited(), before, atol=1e-6)
    composer.edit_scale.fill_(0.5)
    half = 0.7**0.5 * functional.normalize(before + far, dim=-1)
    assert torch.allclose(edited(), half, atol=1e-6)


def test_a_position_attends_to_the_word_whose_look_it_shows() -> None:
    """A head of one layer in which nothing but the looks tells the words apart."""
    torch.manual_seed(0)
    composer = Composer(9, 7, 3, prototype_dim=4, width=16, heads=2, layers=1, num_pools=3).eval().requires_grad_(False)
    layer = composer.layers[0]
    layer.prior_scale.fill_(50.0)
    layer.to_text.out.weight.copy_(torch.eye(16))
    features = torch.zeros(1, 9, 3, 3)
    features[0, 5, 0, 0] = features[0, 7, 2, 1] = 1.0  # looks are channels 5 to 8
    states = torch.zeros(1, 2, 7)
    states[0, 0, :3], states[0, 1, :3] = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([-3.0, 1.0, 0.5])
    states[0, 0, 3], states[0, 1, 5] = 10.0, 10.0
    x, mask = composer.positions(features), torch.ones(1, 2, dtype=torch.bool)
    got = composer.edit(x, features, states, mask) - x
    alone = [composer.edit(x, features, states[:, i : i + 1], mask[:, :1]) - x for i in range(2)]
    assert torch.allclose(got[0, 0], alone[0][0, 0], atol=1e-3)
    assert torch.allclose(got[0, 7], alone[1][0, 7], atol=1e-3)
    assert not torch.allclose(alone[0][0, 0], alone[1][0, 0], atol=1e-2)

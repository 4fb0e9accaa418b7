"""The network that tells which words name what comes, as it is fitted and as it is shipped."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmgrad.encoders.compact import CompactEncoder
from mmgrad.lexicon.nouns import Name
from mmgrad.models.composer import DIMENSION, Composer
from mmgrad.models.model import load_model
from mmgrad.synthetic import phrases
from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.training import fit_prototype_head as naming

OTHERS = ("cat", "guitar", "hot air balloon", "duck", "chair")


@pytest.fixture(scope="module")
def encoder() -> CompactEncoder:
    return CompactEncoder()


@pytest.fixture(scope="module")
def composer(encoder: CompactEncoder) -> Composer:
    rng = np.random.default_rng(0)
    seen = sorted({cutout.noun for cutout in load_asset_library().cutouts} - set(OTHERS))
    rows = []
    for _ in range(1500):
        kind = ("replace", "remove", "add", "recolor")[int(rng.integers(4))]
        old, new = (seen[int(i)] for i in rng.choice(len(seen), 2, replace=False))
        slots = phrases.thing_slots(Name(old), Name(new)) | {"color": "blue", "colored": "blue", "a_colored": "blue"}
        text = phrases.render(kind, slots, rng, single=False).text
        rows.append({"text": text, "edit": kind, "added": new if kind in ("replace", "add") else None})
    torch.manual_seed(0)
    size = encoder.channels, encoder.token_width, encoder.grid, encoder.prototype_dim
    made = Composer(*size, width=16, heads=2, layers=1)
    naming.fit_prototype_head(made, SimpleNamespace(info=rows), encoder)  # type: ignore[arg-type]
    return made.eval()


def test_the_directions_are_orthonormal_and_nothing_is_left_to_learn(composer: Composer) -> None:
    assert composer.prototype_head is not None
    axes = composer.prototype_head.axes
    assert torch.allclose(axes @ axes.T, torch.eye(len(axes)), atol=1e-4)
    assert not any(parameter.requires_grad for parameter in composer.prototype_head.parameters())
    assert 0 < float(composer.prototype_head.branch_weight) < 1


FORMS = ("replace the {old} with a {new}", "swap the {old} for a {new}", "{new} instead of {old}")


@pytest.mark.parametrize("form", FORMS)
def test_the_shipped_network_tells_what_comes_from_what_goes(form: str) -> None:
    model = load_model("compact", "cpu")
    assert isinstance(model.composer, Composer)
    named, right = model.composer.prototype_head, []
    assert named is not None
    for old in OTHERS:
        for new in OTHERS:
            if old == new:
                continue
            tokens = model.encode_text(form.format(old=old, new=new))
            chance = named.target_noun_logits(
                tokens.states[..., : model.encoder.token_width - model.composer.prototype_dim]
            )[0]
            words = {word.text: float(chance[list(word.tokens)].mean()) for word in tokens.words[0]}
            right.append(words[new.split()[-1]] > words[old.split()[-1]])
    assert np.mean(right) >= 0.85


def test_a_text_of_which_nothing_comes_has_hardly_a_look(encoder: CompactEncoder, composer: Composer) -> None:
    features = torch.zeros(1, encoder.channels, encoder.grid, encoder.grid)

    def length(text: str) -> float:
        tokens = encoder.encode_text([text])
        return float(composer.encode_query(features, tokens.states, tokens.mask)[0, DIMENSION:-1].norm())

    assert length("remove the cat") < 0.35 * length("add a cat")

"""Texts that name nothing in a picture, and what a pass makes of them."""

import numpy as np

from mmgrad.attribution.gradients import AttributionModel, reference_map
from mmgrad.encoders.base import Encoder
from mmgrad.evaluation import families
from mmgrad.evaluation.metrics.abstention import FOREIGN, NONSENSE, foreign_partners, nonsense
from mmgrad.evaluation.runner import run
from mmgrad.models.composer import Composer
from mmgrad.synthetic.asset_library import load_asset_library


def test_a_partner_is_of_another_family_and_names_nothing_that_is_there() -> None:
    families = [0, 0, 1, 2]
    nouns = [("dog",), ("car",), ("red apple",), ("cat", "tree")]
    captions = ["a dog and a tree", "a dog", "a cat", "an apple and a car"]
    assert foreign_partners(families, nouns, captions) == [2, 2, 0, 0]
    assert foreign_partners([0, 1], [("dog",), ("cat",)], ["a cat", "a horse"]) == [None, 0]
    assert foreign_partners([0, 0], [("dog",), ("cat",)], ["a horse", "a cow"]) == [None, None]


def test_no_sentence_of_nonsense_names_a_thing_of_the_library() -> None:
    library = load_asset_library()
    names = {name for cutout in library.cutouts for name in cutout.names}
    names |= {name for background in library.backgrounds for name in background.names}
    said = {word for sentence in nonsense(24) for word in sentence.lower().split()}
    assert not names & said


def test_nonsense_begins_again_after_the_last_sentence() -> None:
    assert nonsense(3, start=23) == [*nonsense(1, start=23), *nonsense(2)]


def test_a_run_keeps_the_evidence_of_nonsense(encoder: Encoder, composer: Composer) -> None:
    data = run(encoder, {"a": composer}, "test", 3, maps=4, workers=0, progress=False)
    assert len(data.negatives[NONSENSE]["a"]) == len(data.negatives[FOREIGN]["a"]) == 4
    row = int(data.reference[data.sides["reference"].query[0]])
    scenes = [scene for n in range(3) for scene in families.make_family(load_asset_library(), "test", n).scenes]
    features = encoder.trunk(encoder.prepare([scenes[row]])[0])
    tokens = encoder.encode_text([nonsense(1)[0]])
    alone = reference_map(AttributionModel(composer, encoder.to_grid), features, tokens)
    expected = float(alone.clamp_min(0).sum())
    assert np.isclose(data.negatives[NONSENSE]["a"][0], expected, rtol=1e-3)

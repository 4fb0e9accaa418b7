import re

import numpy as np
import pytest

from mmgrad.evaluation import families
from mmgrad.evaluation.metrics.paraphrase import paraphrase
from mmgrad.evaluation.runner import OBJECT_EDITS
from mmgrad.synthetic.asset_library import load_asset_library


def test_the_same_change_is_said_in_other_words_with_the_same_nouns() -> None:
    said = 0
    for index in range(9):
        family = families.make_family(load_asset_library(), "test", index)
        for triplet in family.triplets:
            if triplet.edit not in OBJECT_EDITS:
                continue
            scene = family.layouts[triplet.reference]
            text = paraphrase(triplet, scene, np.random.default_rng(said))
            assert text.lower() != triplet.text.lower()
            assert not re.search(r"[{}]", text)
            change = triplet.changes[0]
            if change.new_word:
                assert change.new_word.split()[-1] in text.lower()
            color = change.item.recolor if change.item and triplet.edit in ("add", "recolor", "replace") else None
            if color:
                assert color in text.lower()
            if change.old_word and len(scene.items) > 1 and triplet.edit != "add":
                assert change.old_word.split()[-1].lower() in text.lower()
            said += 1
    assert said > 30


def test_the_seed_decides_the_sentence() -> None:
    family = families.make_family(load_asset_library(), "test", 0)
    triplet = next(triplet for triplet in family.triplets if triplet.edit in OBJECT_EDITS)
    scene = family.layouts[triplet.reference]
    texts = [paraphrase(triplet, scene, np.random.default_rng(seed)) for seed in (1, 1, *range(2, 8))]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 3


def test_a_background_is_not_said_again() -> None:
    for index in range(9):
        family = families.make_family(load_asset_library(), "test", index)
        for triplet in family.triplets:
            if triplet.edit in ("background", "combined"):
                with pytest.raises(ValueError, match="single change of an object"):
                    paraphrase(triplet, family.layouts[triplet.reference], np.random.default_rng(0))
                return
    pytest.fail("no such triplet")

"""Cut-outs that are kept for the test split, chosen by a stable hash of their ids."""

import hashlib
from functools import lru_cache

from mmgrad.synthetic.asset_library import AssetLibrary


def held_out(library: AssetLibrary) -> frozenset[str]:
    """Ids of the cut-outs that are kept for the test split."""
    return _held_out(tuple((cutout.id, cutout.noun, cutout.category) for cutout in library.cutouts))


@lru_cache(maxsize=4)
def _held_out(pairs: tuple[tuple[str, str, str], ...]) -> frozenset[str]:
    nouns = [noun for _, noun, _ in pairs]
    categories = [category for _, _, category in pairs]
    kept: set[str] = set()
    for identity, noun, category in pairs:
        number = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:6], "big") / 2**48
        several = nouns.count(noun) > 1
        share = 0.3 if several else 0.1 if categories.count(category) >= 8 else 0.0
        if number < share:
            kept.add(identity)
    return frozenset(kept)

"""Negative texts: everyday sentences and nonsense that ask for no change of any picture."""

from functools import lru_cache
from pathlib import Path

import numpy as np

_FOLDER = Path(__file__).parent / "assets" / "negative_texts"
_ONSETS = "b bl ch d dr f fl g gr h j k kr l m n p pr qu r s sk sn st t tr v w y z zw"
_CORES = "a e i o u oo ee ai ou"
_ENDS = "b ck d g l lm m mp n nk p r sh st t x zz"
_KEYS = "abcdefghijklmnopqrstuvwxyz"


@lru_cache(maxsize=2)
def negative_sentences(split: str) -> tuple[str, ...]:
    """The everyday sentences of `assets/negative_texts`: "train" or "test", which share none."""
    return tuple((_FOLDER / f"{split}.txt").read_text(encoding="utf-8").splitlines())


def negative_text(rng: np.random.Generator) -> str:
    """A random text for training: an everyday sentence, made-up words, a request of made-up words, or random keys."""
    sentences = negative_sentences("train")
    kind = rng.random()
    if kind < 0.45:
        text = sentences[int(rng.integers(len(sentences)))]
    elif kind < 0.7:
        text = " ".join(_made_up(rng) for _ in range(int(rng.integers(1, 6))))
    elif kind < 0.85:
        text = f"{_made_up(rng)} the {_made_up(rng)} {('with a', 'to the', 'on the', 'for the')[int(rng.integers(4))]} "
        text += _made_up(rng)
    else:
        words = (rng.integers(len(_KEYS), size=int(rng.integers(2, 9))) for _ in range(int(rng.integers(1, 5))))
        text = " ".join("".join(_KEYS[int(key)] for key in word) for word in words)
    return text.capitalize() if rng.random() < 0.4 else text


def _made_up(rng: np.random.Generator) -> str:
    def one(parts: str) -> str:
        return parts.split()[int(rng.integers(parts.count(" ") + 1))]

    syllables = int(rng.integers(1, 4))
    return "".join(one(_ONSETS) + one(_CORES) + (one(_ENDS) if rng.random() < 0.9 else "") for _ in range(syllables))

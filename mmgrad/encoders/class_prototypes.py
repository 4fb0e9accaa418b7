"""Prototypes of words: rows of the image encoder's own classifier, found by the names of the classes.

A row of the classifier is a direction of the image features: its product with them is the evidence that its class is
there. A name of one of the 1,000 classes, or of a group of classes ("dog"), therefore maps a word to features, and
nothing has to be learned. Other words get the prototypes of the names that mean nearly the same.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor
from torch.nn import functional

from mmgrad.encoders.base import Word
from mmgrad.lexicon import imagenet
from mmgrad.lexicon.nouns import COLOR_WORDS

FILE = Path(__file__).resolve().parent.parent / "lexicon" / "assets" / "names.safetensors"
"""Sentence embeddings of all names, float16. Computing them takes seconds; `scripts/build_name_embeddings.py` does."""

MIN_COSINE = 0.72
"""Cosine from which a word counts as close in meaning to a name: "puppy" to "dog", but not "grass"."""

TEMPERATURE = 0.05
MAX_WORDS = 4  # of a name
MAX_REMEMBERED = 100_000  # words
_NOT_THINGS = COLOR_WORDS | {"one", "thing", "photo", "picture", "image", "instead"}

EmbedTexts = Callable[[Sequence[str]], Tensor]  # texts -> sentence embeddings [B, D], L2-normalized


class ClassPrototypes:
    """Prototypes [C] of length 1, by word.

    Args:
        classifier: its weights [1000, C]; everything else is on its device.
        embed: sentence embeddings, for words that are not names.
    """

    def __init__(self, classifier: Tensor, embed: EmbedTexts):
        rows = classifier - classifier.mean(dim=0)  # what all classes share distinguishes none
        self.rows = torch.stack(
            [functional.normalize(rows[list(group)].mean(dim=0), dim=0) for group in names().values()]
        )
        self.numbers = {name: number for number, name in enumerate(names())}
        self.embed = embed
        self.embeddings = _embeddings(embed).to(classifier.device)
        self._near: dict[str, Tensor | None] = {}  # of words that are not names

    def find(self, texts: Sequence[Sequence[Word]]) -> list[list[tuple[Word, Tensor]]]:
        """For each text, given by its words, the words that have a prototype, each with its prototype.

        Names of several words take precedence over names of one.
        """
        lowered = {word.text.lower() for words in texts for word in words}
        self._learn([word for word in lowered if self._of_name(word) is None])
        return [self._find(words) for words in texts]

    def nearest(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """Prototypes for words by their sentence embeddings [B, D], as means over the names that are close in meaning.

        Returns whether any name is close enough [B] bool, and the prototypes [B, C] of length 1, zero where none is.
        """
        cosine = embeddings @ self.embeddings.T  # (B, N)
        weights = ((cosine - cosine.amax(dim=1, keepdim=True)) / TEMPERATURE).exp() * (cosine >= MIN_COSINE)
        return weights.any(dim=1), torch.stack([functional.normalize(row @ self.rows, dim=0) for row in weights])

    def _find(self, words: Sequence[Word]) -> list[tuple[Word, Tensor]]:
        lowered = [word.text.lower() for word in words]
        found: list[tuple[Word, Tensor]] = []
        start = 0
        while start < len(words):
            for count in range(min(MAX_WORDS, len(words) - start), 0, -1):
                name = " ".join(lowered[start : start + count])
                prototype = self._of_name(name)
                if prototype is None and count == 1:
                    prototype = self._near[name]
                if prototype is not None:
                    found += [(word, prototype) for word in words[start : start + count]]
                    break
            start += count
        return found

    def _of_name(self, words: str) -> Tensor | None:
        for name in (words, *_singular(words)):
            if name in self.numbers:
                return self.rows[self.numbers[name]]
        return None

    def _learn(self, words: Sequence[str]) -> None:
        """Compute and remember the prototypes of words that are not names."""
        if len(self._near) > MAX_REMEMBERED:
            self._near.clear()
        new = sorted({word for word in words if word not in self._near})
        things = [word for word in new if len(word) > 2 and word not in _NOT_THINGS]
        self._near |= dict.fromkeys(new)
        if not things:
            return
        found, vectors = self.nearest(self.embed(things))
        for word, known, vector in zip(things, found.tolist(), vectors, strict=True):
            if known:
                self._near[word] = vector


@lru_cache(maxsize=1)
def names() -> dict[str, tuple[int, ...]]:
    """All names of classes and of groups of classes, in lower case and a fixed order, each with its classifier rows."""
    found: dict[str, list[int]] = {}
    for one in imagenet.classes():
        for word in one.words:
            rows = found.setdefault(word.lower(), [])
            if one.index not in rows:
                rows.append(one.index)
    return {name: tuple(found[name]) for name in sorted(found)}


def names_digest() -> str:
    """SHA-256 of the names, which `FILE` keeps with its embeddings."""
    return hashlib.sha256("\n".join(names()).encode()).hexdigest()


def _singular(word: str) -> tuple[str, ...]:
    """What the word may be the plural of."""
    if word.endswith("ies"):
        return (word[:-3] + "y",)
    if word.endswith("ves"):
        return (word[:-3] + "f", word[:-3] + "fe")
    return (word[:-1], word[:-2]) if word.endswith("s") else ()


def _embeddings(embed: EmbedTexts) -> Tensor:
    """The embeddings of all names [N, D] float32: those of `FILE`, or new ones where it is of other names."""
    if FILE.is_file():
        with safe_open(FILE, framework="pt") as file:
            if file.metadata()["names"] == names_digest():
                return functional.normalize(file.get_tensor("embeddings").float(), dim=-1)
    return embed(list(names()))

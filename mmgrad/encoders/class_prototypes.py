"""What the words of a text look like: rows of the image encoder's own classifier, found by the names of their classes.

A row of the classifier is a direction of the image features: its product with them is the evidence that its class is
there. So a name that people use for one of the 1,000 classes, or for a group of them ("dog"), ties the word to
features with nothing learnt. Other words are answered with the names that mean nearly the same.
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
"""Sentence embeddings of all names, float16; `scripts/build_name_embeddings.py` computes them."""

NEAR = 0.72
"""Cosine from which another word is taken to mean nearly the same as a name: "puppy" and "dog", not "grass"."""

TEMPERATURE = 0.05
LONGEST = 4  # words of a name
MOST = 100_000  # words that are remembered
_NO_THINGS = COLOR_WORDS | {"one", "thing", "photo", "picture", "image", "instead"}

Embed = Callable[[Sequence[str]], Tensor]  # texts -> sentence embeddings [B, D], L2-normalised


class ClassPrototypes:
    """Prototypes of words by name.

    Args:
        classifier: its weights [1000, C].
        embed: sentence embeddings, for words that are no name.
    """

    def __init__(self, classifier: Tensor, embed: Embed):
        rows = classifier - classifier.mean(dim=0)  # what all classes share tells none from another
        self.rows = torch.stack(
            [functional.normalize(rows[list(group)].mean(dim=0), dim=0) for group in names().values()]
        )
        self.numbers = {name: number for number, name in enumerate(names())}
        self.embed = embed
        self.embeddings = _embeddings(embed).to(classifier.device)
        self._near: dict[str, Tensor | None] = {}  # of words that are no name

    def find(self, texts: Sequence[Sequence[Word]]) -> list[list[tuple[Word, Tensor]]]:
        """For each text, given by its words, those that have a look, each with that look [C] of length 1.

        Names of several words come before those of one.
        """
        said = {word.text.lower() for words in texts for word in words}
        self._learn([word for word in said if self._named(word) is None])
        return [self._find(words) for words in texts]

    def _find(self, words: Sequence[Word]) -> list[tuple[Word, Tensor]]:
        said = [word.text.lower() for word in words]
        found: list[tuple[Word, Tensor]] = []
        at = 0
        while at < len(words):
            for count in range(min(LONGEST, len(words) - at), 0, -1):
                name = " ".join(said[at : at + count])
                look = self._named(name)
                if look is None and count == 1:
                    look = self._near[name]
                if look is not None:
                    found += [(word, look) for word in words[at : at + count]]
                    break
            at += count
        return found

    def _named(self, said: str) -> Tensor | None:
        for name in (said, *_singular(said)):
            if name in self.numbers:
                return self.rows[self.numbers[name]]
        return None

    def _learn(self, words: Sequence[str]) -> None:
        """Find out, for words that are no name, the looks of the names that mean nearly the same, by their nearness."""
        if len(self._near) > MOST:
            self._near.clear()
        new = sorted({word for word in words if word not in self._near})
        asked = [word for word in new if len(word) > 2 and word not in _NO_THINGS]
        self._near |= dict.fromkeys(new)
        if not asked:
            return
        found, vectors = self.nearest(self.embed(asked))
        for word, known, vector in zip(asked, found.tolist(), vectors, strict=True):
            if known:
                self._near[word] = vector

    def nearest(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """Prototypes for words by their sentence embeddings [B, D], as means over the names that are close in meaning.

        Returns whether any name is close enough [B] bool, and the prototypes [B, C] of length 1, zero where none is.
        """
        cosine = embeddings @ self.embeddings.T  # (B, N)
        weights = ((cosine - cosine.amax(dim=1, keepdim=True)) / TEMPERATURE).exp() * (cosine >= NEAR)
        return weights.any(dim=1), torch.stack([functional.normalize(row @ self.rows, dim=0) for row in weights])


@lru_cache(maxsize=1)
def names() -> dict[str, tuple[int, ...]]:
    """All names and wider words of the classes, in lower case and a fixed order, each with the rows it stands for."""
    found: dict[str, list[int]] = {}
    for one in imagenet.classes():
        for word in one.words:
            rows = found.setdefault(word.lower(), [])
            if one.index not in rows:
                rows.append(one.index)
    return {name: tuple(found[name]) for name in sorted(found)}


def _singular(word: str) -> tuple[str, ...]:
    """What the word may be the plural of."""
    if word.endswith("ies"):
        return (word[:-3] + "y",)
    if word.endswith("ves"):
        return (word[:-3] + "f", word[:-3] + "fe")
    return (word[:-1], word[:-2]) if word.endswith("s") else ()


def names_digest() -> str:
    """SHA-256 of all names, which `FILE` holds too."""
    return hashlib.sha256("\n".join(names()).encode()).hexdigest()


def _embeddings(embed: Embed) -> Tensor:
    """The embeddings of all names [N, D] float32: those of the file, or made anew where it is of other names."""
    if FILE.is_file():
        with safe_open(FILE, framework="pt") as file:
            if file.metadata()["names"] == names_digest():
                return functional.normalize(file.get_tensor("embeddings").float(), dim=-1)
    return embed(list(names()))

"""Nouns as sentences use them: articles, plurals, adjectives, and the words for colors."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

OBJECT_NOUNS = Path(__file__).parent / "assets" / "object_nouns.txt"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MASS_NOUNS = _words(
    "grass sand snow water fire smoke rain ice gold hay wheat bread cheese broccoli celery garlic lettuce spinach corn "
    "popcorn coral seaweed bamboo ivy confetti lavender thyme basil parsley ginger milk butter coffee tea cattle paper "
    "rice meat foliage salt sugar"
)
"""Uncountable nouns: they take no indefinite article."""

PROPER_NOUNS = _words("mercury venus mars jupiter saturn uranus neptune pluto santa")
"""Names: they take no article."""

UNIQUE_NOUNS = _words("sun moon earth")
"""Nouns of things that exist once: they take the definite article only."""

COLOR_WORDS = _words("red orange yellow green blue purple pink brown black white grey gray")

PAINT_WORDS = COLOR_WORDS | _words("beige turquoise silver golden colorful colourful")
"""Adjectives that say a color."""

_SOUNDS_LIKE_CONSONANT = re.compile(r"(uni([^nmd]|$)|use|usu|ufo|euro|ewe|eucal|ukulele|one\b|once|utensil|urin|uk\b)")
_SILENT_H = ("hour", "honest", "heir", "honour", "honor")


@dataclass(frozen=True, slots=True)
class Name:
    """A noun phrase: the noun, whether it is a plural, and an adjective before it."""

    word: str
    plural: bool = False
    adjective: str = ""

    @property
    def bare(self) -> str:
        """The noun with its adjective: "red car". A color replaces the color word of the noun: a "red apple" that is
        painted blue is a "blue apple"."""
        first, _, rest = self.word.partition(" ")
        painted = self.adjective in COLOR_WORDS and first in PAINT_WORDS and rest and rest != "slice"
        return f"{self.adjective} {rest if painted else self.word}".strip()

    @property
    def definite(self) -> str:
        """With the definite article: "the red car"; a proper noun has none."""
        return self.bare if self.bare.lower() in PROPER_NOUNS else f"the {self.bare}"

    @property
    def indefinite(self) -> str:
        """With the indefinite article, or without one for plurals and mass nouns: "a red car", "an apple", "grapes"."""
        if self.bare.lower() in PROPER_NOUNS | UNIQUE_NOUNS:
            return self.definite
        return self.bare if self.plural or head(self.word) in MASS_NOUNS else f"{article(self.bare)} {self.bare}"


def article(word: str) -> str:
    """ "a" or "an", by the sound of the word that follows."""
    lower = word.lower()
    if lower.startswith(_SILENT_H) or re.match(r"x-?ray", lower):
        return "an"
    return "an" if lower[0] in "aeiou" and not _SOUNDS_LIKE_CONSONANT.match(lower) else "a"


def is_plural(word: str) -> bool:
    """Whether a noun is a plural by its ending: "grapes" and "pliers", not "bus", "iris", "rhinoceros" or "Mars"."""
    last = head(word).lower()
    return last.endswith("s") and not last.endswith(("ss", "us", "is", "os", "as")) and last not in PROPER_NOUNS


def head(word: str) -> str:
    """The head noun of a name: "ear" of "ear of corn", "wall" of "white wall and wooden floor"."""
    return re.split(r" (?:of|at|over|in|by|with|and|on) ", word)[0].split()[-1]


@lru_cache(maxsize=1)
def object_nouns() -> frozenset[str]:
    """Singular and plural nouns of the objects that edit scenes show, in lower case."""
    return frozenset(OBJECT_NOUNS.read_text(encoding="utf-8").splitlines())

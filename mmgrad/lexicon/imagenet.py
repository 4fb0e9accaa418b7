"""The 1,000 ImageNet classes in the order of the classifier's rows: their everyday names, and which look alike.

The names are in `assets/imagenet.json`, which `scripts/build_imagenet_names.py` builds from WordNet. The lookalikes are
in `assets/lookalikes.txt`.
"""

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from mmgrad.lexicon.nouns import Name, is_plural

_ASSETS = Path(__file__).parent / "assets"
TABLE = _ASSETS / "imagenet.json"
LOOKALIKES = _ASSETS / "lookalikes.txt"

_SINGULAR = frozenset({"triceratops", "Great Pyrenees", "Bouvier des Flandres", "daddy longlegs"})
"""Singular names that end like plurals."""

_UNCOUNTED = frozenset(
    {
        "chain mail", "face powder", "hair spray", "lotion", "perfume", "sunscreen", "velvet", "wool", "guacamole",
        "consomme", "mashed potato", "carbonara", "chocolate sauce", "chocolate syrup", "dough", "red wine",
        "espresso", "eggnog", "rapeseed", "food", "ice cream", "toilet tissue", "fungus", "soup", "sauce",
    }
)  # fmt: skip
"""Uncountable names, in addition to `nouns.MASS_NOUNS`."""


@dataclass(frozen=True)
class ImageNetClass:
    """One class.

    Attributes:
        index: row of the classifier, 0 to 999.
        wnid: WordNet id.
        names: everyday names, the most usual first.
        hypernyms: wider everyday words ("dog", "animal"), the narrowest first; may be empty.
    """

    index: int
    wnid: str
    names: tuple[str, ...]
    hypernyms: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Names and hypernyms."""
        return (*self.names, *self.hypernyms)


@lru_cache(maxsize=1)
def classes() -> tuple[ImageNetClass, ...]:
    """All classes, in the order of the classifier's rows."""
    rows = json.loads(TABLE.read_text(encoding="utf-8"))["classes"]
    return tuple(
        ImageNetClass(index, row["wnid"], tuple(row["names"]), tuple(row["hypernyms"]))
        for index, row in enumerate(rows)
    )


def words_for(index: int) -> tuple[str, ...]:
    """Names and hypernyms of the class in this row of the classifier."""
    return classes()[index].words


@lru_cache(maxsize=1)
def rows_of_wnids() -> dict[str, int]:
    """The classifier's row of each WordNet id."""
    return {one.wnid: one.index for one in classes()}


@cache
def is_called(index: int, word: str) -> bool:
    """Whether people could call the class by the word, alone or as the end of a name ("bag" for a plastic bag)."""
    said = word.lower()
    return any(said == known.lower() or known.lower().endswith(f" {said}") for known in words_for(index))


def look_alike(one: int, other: int) -> bool:
    """Whether two classes are the same, or are easily confused in a small photograph."""
    return one == other or other in _lookalikes().get(one, frozenset())


def noun(word: str) -> Name:
    """A class name as a noun phrase, with its grammar."""
    plural = is_plural(word) and word not in _SINGULAR
    return (_Uncounted if word in _UNCOUNTED else Name)(word, plural)


class _Uncounted(Name):
    @property
    def indefinite(self) -> str:
        return self.bare


@lru_cache(maxsize=1)
def _lookalikes() -> dict[int, frozenset[int]]:
    """For each row that has lookalikes, the rows of its group."""
    lines = (line.partition("#")[0].split() for line in LOOKALIKES.read_text(encoding="utf-8").splitlines())
    groups = [frozenset(map(int, line)) for line in lines if line]
    return {row: group for group in groups for row in group}

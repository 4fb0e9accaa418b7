"""The 1,000 ImageNet classes in the order of the classifier's rows: what people call them, and which are alike.

The table is `assets/imagenet.json`; `scripts/build_imagenet_names.py` rebuilds it from WordNet.
"""

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from mmgrad.lexicon import phrases
from mmgrad.lexicon.phrases import Name

TABLE = Path(__file__).parent / "assets" / "imagenet.json"

_ALIKE = (
    (409, 892), (414, 636), (421, 716, 912), (425, 449), (431, 516, 520), (435, 876), (436, 656),
    (441, 572), (440, 907), (453, 624, 454), (460, 525, 718, 536), (463, 653, 756, 427), (469, 567, 909, 544),
    (478, 519, 492), (482, 485, 848, 754), (494, 577), (504, 968, 967, 505), (508, 878, 810),
    (527, 664, 782, 673, 851, 598, 548, 916), (620, 681), (533, 434, 591, 700), (557, 733), (592, 662),
    (605, 590, 487), (608, 721), (610, 841), (618, 910, 813), (638, 639, 445), (640, 455), (657, 744),
    (659, 809, 925, 926), (689, 655, 601), (728, 692), (738, 883), (759, 732), (760, 894), (806, 496),
    (836, 837), (846, 619), (831, 532), (896, 804), (987, 998), (992, 997, 947), (923, 924, 935, 964, 962),
    (939, 943), (970, 980, 979), (972, 976), (975, 978, 977, 973), (101, 385, 386), (269, 270), (248, 249, 250),
    (157, 156), (240, 241, 239, 238), (265, 266, 267), (196, 197, 198), (179, 180), (185, 186), (201, 187),
    (36, 35, 37), (26, 27, 28), (30, 32), (72, 73, 74), (110, 111), (122, 123, 124), (118, 119), (54, 58, 60, 52),
    (55, 46), (281, 282, 285), (330, 331), (341, 342), (348, 349), (351, 352, 353), (356, 357, 358, 359), (80, 83),
    (82, 86, 85), (140, 141, 142), (50, 49), (33, 34), (2, 3), (147, 148), (166, 167, 162), (171, 172), (217, 218),
    (242, 243), (222, 257), (263, 264), (279, 258), (278, 280), (319, 320), (367, 366), (369, 368), (325, 324),
    (418, 563), (423, 559), (451, 906), (489, 904), (568, 869), (578, 982), (595, 856, 866), (612, 690, 603),
    (675, 867, 734), (780, 871, 914, 484), (829, 874), (930, 931),
)  # fmt: skip
"""Rows that a person cannot well tell apart in a small photograph, or that show each other (a mug, its espresso)."""

_SINGULAR = frozenset({"triceratops", "Great Pyrenees", "Bouvier des Flandres", "daddy longlegs"})
"""Names that end like plurals and are none."""

_UNCOUNTED = frozenset(
    {
        "chain mail", "face powder", "hair spray", "lotion", "perfume", "sunscreen", "velvet", "wool", "guacamole",
        "consomme", "mashed potato", "carbonara", "chocolate sauce", "chocolate syrup", "dough", "red wine",
        "espresso", "eggnog", "rapeseed", "food", "ice cream", "toilet tissue", "fungus", "soup", "sauce",
    }
)  # fmt: skip
"""Names that take no article, beside those of `phrases.MASS`."""


@dataclass(frozen=True)
class ImageNetClass:
    """One class: its row in the classifier (0 to 999), its WordNet id, its `names` (the most usual first) and its
    `hypernyms`, wider everyday words ("dog", "animal"; the narrowest first, possibly none)."""

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


@lru_cache(maxsize=1)
def ambiguous_names() -> dict[str, tuple[int, ...]]:
    """Names that two classes share, in lower case, with their rows: a "crane" is a bird (134) or a machine (517)."""
    found: dict[str, list[int]] = {}
    for one in classes():
        for name in one.names:
            found.setdefault(name.lower(), []).append(one.index)
    return {name: tuple(rows) for name, rows in found.items() if len(rows) > 1}


@cache
def fits(word: str, index: int) -> bool:
    """Whether a person could call the class by the word, alone or as the end of a name ("bag": a plastic bag)."""
    said = word.lower()
    return any(said == known.lower() or known.lower().endswith(f" {said}") for known in words_for(index))


def alike(one: int, other: int) -> bool:
    """Whether two classes are easily taken for each other in a small photograph, or are the same."""
    return one == other or other in _LOOKALIKES.get(one, frozenset())


def name(word: str) -> Name:
    """The word as a sentence says it, with its grammar."""
    plural = phrases.is_plural(word) and word not in _SINGULAR
    return (_Uncounted if word in _UNCOUNTED else Name)(word, plural)


class _Uncounted(Name):
    @property
    def indefinite(self) -> str:
        return self.bare


_LOOKALIKES = {row: frozenset(group) for group in _ALIKE for row in group}

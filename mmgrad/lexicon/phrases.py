"""Sentences that ask for a change of a picture: patterns (`mmgrad.synthetic.templates`) filled, with their small
grammar."""

import re
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from mmgrad.synthetic.templates import EVERY, JOINTS, PATTERNS, TRAIN, Pattern


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MASS = _words(
    "grass sand snow water fire smoke rain ice gold hay wheat bread cheese broccoli celery garlic lettuce spinach corn "
    "popcorn coral seaweed bamboo ivy confetti lavender thyme basil parsley ginger milk butter coffee tea cattle paper "
    "rice meat foliage salt sugar"
)
"""Nouns of things that take no article."""

_GROUND = MASS | _words(
    "space wood stone asphalt gravel concrete fog moss lava leather soil mud marble brick farmland woodland cloth "
    "fabric sandstone plaster clover straw gingham wallpaper tile cotton linen wool denim dirt parquet metal "
    "steel tweed plaid brickwork stonework pavement cobblestone timber velvet silk roughcast sunset sunrise dawn "
    "dusk night ground"
)
_PROPER = _words("mercury venus mars jupiter saturn uranus neptune pluto santa")
_ONLY_ONE = _words("sun moon earth")

COLOUR_WORDS = _words("red orange yellow green blue purple pink brown black white grey gray")

_PAINT = COLOUR_WORDS | _words("beige turquoise silver golden colorful colourful")

_SOUNDS_LIKE_CONSONANT = re.compile(r"(uni([^nmd]|$)|use|usu|ufo|euro|ewe|eucal|ukulele|one\b|once|utensil|urin|uk\b)")
_SILENT_H = ("hour", "honest", "heir", "honour", "honor")

_IN_FRONT = _words("wall walls fence wallpaper curtain curtains door hedge window brickwork bricks brick")
_AT = _words("night sunset sunrise dawn dusk sea lake lakeside seaside seashore shore stream")
_IN = _words(
    "forest woods jungle garden park peaks city town desert field meadow valley kitchen room library space fog rain "
    "countryside snowstorm mountains hills canyon cave village harbour sea"
)
_THE = _words("seaside seashore sea ocean moon desert countryside jungle woods mountains hills ground dark")


@dataclass(frozen=True, slots=True)
class Name:
    """A noun as a sentence says it: the word, whether it is a plural, and an adjective before it."""

    word: str
    plural: bool = False
    adjective: str = ""

    @property
    def bare(self) -> str:
        """The noun with its adjective: "red car". A colour takes the place of one in the noun: a "red apple", painted
        blue, is a "blue apple"."""
        first, _, rest = self.word.partition(" ")
        painted = self.adjective in COLOUR_WORDS and first in _PAINT and rest and rest != "slice"
        return f"{self.adjective} {rest if painted else self.word}".strip()

    @property
    def definite(self) -> str:
        """With the definite article: "the red car"; a proper name has none."""
        return self.bare if self.bare.lower() in _PROPER else f"the {self.bare}"

    @property
    def indefinite(self) -> str:
        """With the indefinite article, or none for plurals and masses: "a red car", "an apple", "grapes"."""
        if self.bare.lower() in _PROPER | _ONLY_ONE:
            return self.definite
        return self.bare if self.plural or _head(self.word) in MASS else f"{article(self.bare)} {self.bare}"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, the id of its pattern (two, joined, for a combined change), and the split that this is kept for."""

    text: str
    pattern: str
    of: str


def article(word: str) -> str:
    """ "a" or "an", by the sound of the word that follows."""
    lower = word.lower()
    if lower.startswith(_SILENT_H) or re.match(r"x-?ray", lower):
        return "an"
    return "an" if lower[0] in "aeiou" and not _SOUNDS_LIKE_CONSONANT.match(lower) else "a"


def is_plural(word: str) -> bool:
    """Whether a noun is a plural by its ending: "grapes" and "pliers", not "bus", "iris", "rhinoceros" or "Mars"."""
    head = _head(word).lower()
    return head.endswith("s") and not head.endswith(("ss", "us", "is", "os", "as")) and head not in _PROPER


def can_be_painted(word: str) -> bool:
    """Whether a colour can be put before the noun: "car", not "red apple", "orange", "moon" or "Mars"."""
    words = set(word.lower().split())
    return not words & (_PAINT | _ONLY_ONE) and not words <= _PROPER


def can_name_backdrop(word: str) -> bool:
    """Whether a name of a background reads well in the patterns: "plain red", not "red background" or "underwater"."""
    first, last = word.split()[0], word.split()[-1]
    return last != "background" and first not in ("under", "in", "on", "at", "underwater")


def backdrop_slots(word: str) -> dict[str, str]:
    """The slots of a background's name: {bg} "beach", {a_bg} "a beach", {on_bg} "on a beach"."""
    if word == "underwater":
        return {"bg": word, "a_bg": "an underwater scene", "on_bg": word}
    head = _head(word)
    longer = " " in word and head != word.split()[-1]  # "sunset over the sea"
    if word in _THE or word.startswith("sea "):
        noun = f"the {word}"
    elif word.startswith("plain ") or is_plural(word) or head in COLOUR_WORDS or (head in _GROUND and not longer):
        noun = word
    else:
        noun = word if head in MASS else f"{article(word)} {word}"
    if head in _IN_FRONT:
        preposition = "in front of"
    elif "sky" in word.split() or head in ("stars", "clouds"):
        preposition = "under"
    else:
        preposition = "at" if head in _AT else "in" if head in _IN else "on"
    return {"bg": word, "a_bg": noun, "on_bg": f"{preposition} {noun}"}


def _head(word: str) -> str:
    """The noun that a name is about: "ear" of "ear of corn", "wall" of "white wall and wooden floor"."""
    return re.split(r" (?:of|at|over|in|by|with|and|on) ", word)[0].split()[-1]


def place_slots(name: str, anchor: Name | None, rng: np.random.Generator) -> dict[str, str]:
    """The slots of a place: {place} where a thing is ("on the left"), {to_place} where it goes ("to the left")."""
    pairs = _PLACES[name]
    at, to = pairs[int(rng.integers(len(pairs)))].split("|")
    words = anchor.definite if anchor is not None else ""
    return {"place": at.format(anchor=words), "to_place": to.format(anchor=words)}


def thing_slots(old: Name | None, new: Name | None) -> dict[str, str]:
    """The slots of the thing there ({old}, {the_old}, {a_old}, {is_old}, {it}) and of the new one ({new}, {a_new})."""
    slots: dict[str, str] = {}
    if old is not None:
        slots |= {"old": old.bare, "the_old": old.definite, "a_old": old.indefinite}
        slots |= {"is_old": "are" if old.plural else "is", "it": "them" if old.plural else "it"}
        slots |= {"verb_s": "" if old.plural else "s", "verb_es": "" if old.plural else "es"}
    if new is not None:
        slots |= {"new": new.bare, "a_new": new.indefinite}
    return slots


def say(
    kind: str, slots: dict[str, str], rng: np.random.Generator, single: bool, of: Collection[str] = (EVERY,)
) -> Sentence:
    """One sentence of a kind of `PATTERNS`.

    `single` allows "it"; `of` says whose patterns may be used: those of every split, those kept for one, or both.
    """
    return _said(_choose(PATTERNS[kind], rng, single, of), slots, rng, of)


def say_one_of(
    known: tuple[Pattern, ...], slots: dict[str, str], rng: np.random.Generator, of: Collection[str] = (EVERY,)
) -> Sentence:
    """One sentence of patterns that `wordings` made; `of` as in `say`."""
    return _said(_choose(known, rng, True, of), slots, rng, of)


def say_both(
    first: tuple[str, dict[str, str]],
    second: tuple[str, dict[str, str]],
    rng: np.random.Generator,
    of: Collection[str] = (EVERY,),
) -> Sentence:
    """Two changes, each (kind, slots), in one sentence; `of` as in `say`, but what is kept for validation or test is
    how they are joined."""
    said = [EVERY, *({TRAIN} & set(of))]
    clauses = [_choose(PATTERNS[kind], rng, False, said, imperative=True) for kind, _ in (first, second)]
    joint = _choose(JOINTS, rng, True, of)
    texts = [clause.template.format(**slots) for clause, (_, slots) in zip(clauses, (first, second), strict=True)]
    text = joint.template.format(first=texts[0], second=texts[1])
    return Sentence(
        _finish(text, joint.imperative, rng, TRAIN in of),
        f"{joint.id}({clauses[0].id},{clauses[1].id})",
        joint.of,
    )


def _said(pattern: Pattern, slots: dict[str, str], rng: np.random.Generator, of: Collection[str]) -> Sentence:
    clause = pattern.template.format(**slots)
    return Sentence(_finish(clause, pattern.imperative, rng, TRAIN in of), pattern.id, pattern.of)


def listing(names: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _choose(
    known: tuple[Pattern, ...],
    rng: np.random.Generator,
    single: bool,
    of: Collection[str],
    imperative: bool = False,
) -> Pattern:
    fitting = [
        pattern
        for pattern in known
        if pattern.of in of and (single or not pattern.single) and (pattern.imperative or not imperative)
    ]
    return fitting[int(rng.integers(len(fitting)))]


def _finish(clause: str, imperative: bool, rng: np.random.Generator, freely: bool) -> str:
    """Politeness, capitals and the final mark."""
    text, question = clause, clause.endswith("?")
    if imperative and rng.random() < 0.3:
        frames = _FRAMES + _FREE_FRAMES if freely else _FRAMES
        frame = frames[int(rng.integers(len(frames)))]
        text, question = frame.format(clause), frame.endswith("?")
    style = rng.random()
    if style < 0.45:
        text = text[0].upper() + text[1:]
        if not question and rng.random() < 0.6:
            text += "."
    elif style < 0.49:
        text = text.upper()
    elif question and style < 0.6:
        text = text[:-1]
    return text


_FRAMES = (
    "please {}",
    "{} please",
    "{}, please",
    "could you {}?",
    "can you {}?",
    "can you please {}?",
    "I want you to {}",
    "I would like you to {}",
    "would you {}?",
    "now {}",
    "just {}",
    "you should {}",
)
_FREE_FRAMES = (
    "let's {}",
    "hey, {}",
    "ok, {}",
    "go ahead and {}",
    "try to {}",
    "kindly {}",
    "{} for me",
    "{}, thanks",
    "next, {}",
    "I'd like to {}",
    "we need to {}",
    "is it possible to {}?",
    "will you {}?",
    "show me what happens if you {}",
    "the same picture, but {}",
    "my wish: {}",
)
_PLACES: dict[str, tuple[str, ...]] = {
    "left": ("on the left|to the left", "on the left side|to the left side", "at the left|to the left edge"),
    "right": ("on the right|to the right", "on the right side|to the right side", "at the right|to the right edge"),
    "top": ("at the top|to the top", "up at the top|up to the top", "in the upper part|to the upper part"),
    "bottom": (
        "at the bottom|to the bottom",
        "down at the bottom|down to the bottom",
        "in the lower part|to the lower part",
    ),
    "middle": ("in the middle|to the middle", "in the centre|to the centre", "in the center|to the center"),
    "top left": (
        "in the top left corner|to the top left corner",
        "in the upper left|to the upper left",
        "at the top left|to the top left",
    ),
    "top right": (
        "in the top right corner|to the top right corner",
        "in the upper right|to the upper right",
        "at the top right|to the top right",
    ),
    "bottom left": (
        "in the bottom left corner|to the bottom left corner",
        "in the lower left|to the lower left",
        "at the bottom left|to the bottom left",
    ),
    "bottom right": (
        "in the bottom right corner|to the bottom right corner",
        "in the lower right|to the lower right",
        "at the bottom right|to the bottom right",
    ),
    "left of": (
        "to the left of {anchor}|to the left of {anchor}",
        "left of {anchor}|left of {anchor}",
        "on the left of {anchor}|to the left side of {anchor}",
    ),
    "right of": (
        "to the right of {anchor}|to the right of {anchor}",
        "right of {anchor}|right of {anchor}",
        "on the right of {anchor}|to the right side of {anchor}",
    ),
    "above": ("above {anchor}|above {anchor}", "over {anchor}|over {anchor}"),
    "below": ("below {anchor}|below {anchor}", "under {anchor}|under {anchor}", "beneath {anchor}|beneath {anchor}"),
    "next to": ("next to {anchor}|next to {anchor}", "beside {anchor}|beside {anchor}", "by {anchor}|next to {anchor}"),
}

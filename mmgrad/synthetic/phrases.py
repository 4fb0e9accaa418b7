"""Sentences that ask for a change of a picture, made from the templates of `mmgrad.synthetic.templates`."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from mmgrad.lexicon.nouns import (
    COLOR_WORDS,
    MASS_NOUNS,
    PAINT_WORDS,
    PROPER_NOUNS,
    UNIQUE_NOUNS,
    Name,
    article,
    head,
    is_plural,
)
from mmgrad.synthetic.templates import CONJUNCTIONS, EVERY, TEMPLATES, TRAIN, Template


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GROUND = MASS_NOUNS | _words(
    "space wood stone asphalt gravel concrete fog moss lava leather soil mud marble brick farmland woodland cloth "
    "fabric sandstone plaster clover straw gingham wallpaper tile cotton linen wool denim dirt parquet metal "
    "steel tweed plaid brickwork stonework pavement cobblestone timber velvet silk roughcast sunset sunrise dawn "
    "dusk night ground"
)
_IN_FRONT = _words("wall walls fence wallpaper curtain curtains door hedge window brickwork bricks brick")
_AT = _words("night sunset sunrise dawn dusk sea lake lakeside seaside seashore shore stream")
_IN = _words(
    "forest woods jungle garden park peaks city town desert field meadow valley kitchen room library space fog rain "
    "countryside snowstorm mountains hills canyon cave village harbour sea"
)
_THE = _words("seaside seashore sea ocean moon desert countryside jungle woods mountains hills ground dark")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence.

    Attributes:
        text: the sentence.
        template: id of its template; for a combined change, the ids of all three templates.
        of: the split that the template is kept for, or EVERY.
    """

    text: str
    template: str
    of: str


def can_be_painted(word: str) -> bool:
    """Whether a color can be put before the noun: "car", not "red apple", "orange", "moon" or "Mars"."""
    words = set(word.lower().split())
    return not words & (PAINT_WORDS | UNIQUE_NOUNS) and not words <= PROPER_NOUNS


def can_name_backdrop(word: str) -> bool:
    """Whether a background's name reads well in the templates: "plain red", not "red background" or "underwater"."""
    first, last = word.split()[0], word.split()[-1]
    return last != "background" and first not in ("under", "in", "on", "at", "underwater")


def backdrop_slots(word: str) -> dict[str, str]:
    """Slots for a background: {bg} "beach", {a_bg} "a beach", {on_bg} "on a beach"."""
    if word == "underwater":
        return {"bg": word, "a_bg": "an underwater scene", "on_bg": word}
    noun_head = head(word)
    longer = " " in word and noun_head != word.split()[-1]  # "sunset over the sea"
    if word in _THE or word.startswith("sea "):
        noun = f"the {word}"
    elif (
        word.startswith("plain ")
        or is_plural(word)
        or noun_head in COLOR_WORDS
        or (noun_head in _GROUND and not longer)
    ):
        noun = word
    else:
        noun = word if noun_head in MASS_NOUNS else f"{article(word)} {word}"
    if noun_head in _IN_FRONT:
        preposition = "in front of"
    elif "sky" in word.split() or noun_head in ("stars", "clouds"):
        preposition = "under"
    else:
        preposition = "at" if noun_head in _AT else "in" if noun_head in _IN else "on"
    return {"bg": word, "a_bg": noun, "on_bg": f"{preposition} {noun}"}


def place_slots(name: str, anchor: Name | None, rng: np.random.Generator) -> dict[str, str]:
    """Slots for a place: {place} "on the left", {to_place} "to the left"."""
    pairs = _PLACES[name]
    at, to = pairs[int(rng.integers(len(pairs)))].split("|")
    words = anchor.definite if anchor is not None else ""
    return {"place": at.format(anchor=words), "to_place": to.format(anchor=words)}


def thing_slots(old: Name | None, new: Name | None) -> dict[str, str]:
    """Slots for the present object ({old}, {the_old}, {a_old}, {is_old}, {it}) and for the new one ({new}, {a_new})."""
    slots: dict[str, str] = {}
    if old is not None:
        slots |= {"old": old.bare, "the_old": old.definite, "a_old": old.indefinite}
        slots |= {"is_old": "are" if old.plural else "is", "it": "them" if old.plural else "it"}
        slots |= {"verb_s": "" if old.plural else "s", "verb_es": "" if old.plural else "es"}
    if new is not None:
        slots |= {"new": new.bare, "a_new": new.indefinite}
    return slots


def render(
    kind: str, slots: dict[str, str], rng: np.random.Generator, single: bool, of: Collection[str] = (EVERY,)
) -> Sentence:
    """A sentence from a random template.

    Args:
        kind: key of `TEMPLATES`.
        slots: text of each slot.
        rng: source of randomness.
        single: whether the picture shows one object, so that "it" may stand for it.
        of: splits whose templates may be used; EVERY for those of all splits.
    """
    return _said(_choose(TEMPLATES[kind], rng, single, of), slots, rng, of)


def render_one_of(
    known: tuple[Template, ...], slots: dict[str, str], rng: np.random.Generator, of: Collection[str] = (EVERY,)
) -> Sentence:
    """A sentence from one of the templates `known`; the other arguments are those of `render`."""
    return _said(_choose(known, rng, True, of), slots, rng, of)


def render_combined(
    first: tuple[str, dict[str, str]],
    second: tuple[str, dict[str, str]],
    rng: np.random.Generator,
    of: Collection[str] = (EVERY,),
) -> Sentence:
    """One sentence for two changes, each (kind, slots).

    In validation and test, `of` applies to the conjunction only; the clauses use the templates of every split.
    """
    said = [EVERY, *({TRAIN} & set(of))]
    clauses = [_choose(TEMPLATES[kind], rng, False, said, imperative=True) for kind, _ in (first, second)]
    joint = _choose(CONJUNCTIONS, rng, True, of)
    texts = [clause.text.format(**slots) for clause, (_, slots) in zip(clauses, (first, second), strict=True)]
    text = joint.text.format(first=texts[0], second=texts[1])
    return Sentence(
        _finish(text, joint.imperative, rng, TRAIN in of),
        f"{joint.id}({clauses[0].id},{clauses[1].id})",
        joint.of,
    )


def _said(template: Template, slots: dict[str, str], rng: np.random.Generator, of: Collection[str]) -> Sentence:
    clause = template.text.format(**slots)
    return Sentence(_finish(clause, template.imperative, rng, TRAIN in of), template.id, template.of)


def listing(names: list[str]) -> str:
    """An enumeration: "a", "a and b", "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _choose(
    known: tuple[Template, ...],
    rng: np.random.Generator,
    single: bool,
    of: Collection[str],
    imperative: bool = False,
) -> Template:
    fitting = [
        template
        for template in known
        if template.of in of and (single or not template.single) and (template.imperative or not imperative)
    ]
    return fitting[int(rng.integers(len(fitting)))]


def _finish(clause: str, imperative: bool, rng: np.random.Generator, freely: bool) -> str:
    """Add politeness, capitals and final punctuation at random."""
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

"""Sentences that ask for a change of a picture: many patterns for each kind of change, with their small grammar.

A pattern is a line with slots. `!` before it marks a clause in the imperative, which can be made polite and joined to
another; `1` marks one that needs a picture with one thing only (it says "it"); `*` marks one kept for the test split,
`~` one for training alone, where every sentence is said in several ways.
"""

import re
from dataclasses import dataclass

import numpy as np


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
class Pattern:
    """One way to say a change. `template` has slots in braces; see the module's text for the flags."""

    id: str
    template: str
    imperative: bool = False
    single: bool = False
    unseen: bool = False
    free: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, the id of its pattern (two, joined, for a combined change), and whether it is test-only."""

    text: str
    pattern: str
    unseen: bool


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
    kind: str, slots: dict[str, str], rng: np.random.Generator, unseen: bool, single: bool, freely: bool = False
) -> Sentence:
    """One sentence of a kind of `PATTERNS`.

    `unseen` picks among the test-only patterns, `single` allows "it", `freely` the wordings that only training uses.
    """
    return _said(_choose(PATTERNS[kind], rng, unseen, single, freely=freely), slots, rng, freely)


def say_one_of(
    known: tuple[Pattern, ...], slots: dict[str, str], rng: np.random.Generator, freely: bool = False
) -> Sentence:
    """One sentence of patterns that `patterns` made; `freely` as in `say`."""
    return _said(_choose(known, rng, False, True, freely=freely), slots, rng, freely)


def _said(pattern: Pattern, slots: dict[str, str], rng: np.random.Generator, freely: bool) -> Sentence:
    clause = pattern.template.format(**slots)
    return Sentence(_finish(clause, pattern.imperative, rng, freely), pattern.id, pattern.unseen)


def say_both(
    first: tuple[str, dict[str, str]],
    second: tuple[str, dict[str, str]],
    rng: np.random.Generator,
    unseen: bool,
    freely: bool = False,
) -> Sentence:
    """Two changes, each (kind, slots), in one sentence; `unseen` and `freely` as in `say`."""
    clauses = [
        _choose(PATTERNS[kind], rng, False, False, imperative=True, freely=freely) for kind, _ in (first, second)
    ]
    joint = _choose(_JOINTS, rng, unseen, True, freely=freely)
    texts = [clause.template.format(**slots) for clause, (_, slots) in zip(clauses, (first, second), strict=True)]
    text = joint.template.format(first=texts[0], second=texts[1])
    return Sentence(
        _finish(text, not text.startswith("first"), rng, freely),
        f"{joint.id}({clauses[0].id},{clauses[1].id})",
        joint.unseen,
    )


def listing(names: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _choose(
    known: tuple[Pattern, ...],
    rng: np.random.Generator,
    unseen: bool,
    single: bool,
    imperative: bool = False,
    freely: bool = False,
) -> Pattern:
    fitting = [
        pattern
        for pattern in known
        if pattern.unseen == unseen
        and (single or not pattern.single)
        and (pattern.imperative or not imperative)
        and (freely or not pattern.free)
    ]
    return fitting[int(rng.integers(len(fitting)))]


def _finish(clause: str, imperative: bool, rng: np.random.Generator, freely: bool = False) -> str:
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


def patterns(kind: str, lines: str) -> tuple[Pattern, ...]:
    """Patterns from their lines, one each; their ids are the kind and the number of the line."""
    found = []
    for number, line in enumerate(lines.strip().splitlines()):
        flags, template = re.fullmatch(r"\s*([!1*~]*)\s*(.*?)\s*", line).groups()  # type: ignore[union-attr]
        marks = {"imperative": "!" in flags, "single": "1" in flags, "unseen": "*" in flags, "free": "~" in flags}
        found.append(Pattern(f"{kind}.{number:02d}", template, **marks))
    return tuple(found)


_REPLACE = """
! replace {the_old} with {a_new}
! replace {the_old} by {a_new}
! swap {the_old} for {a_new}
! change {the_old} into {a_new}
! change {the_old} to {a_new}
! turn {the_old} into {a_new}
! substitute {a_new} for {the_old}
! put {a_new} where {the_old} {is_old}
! put {a_new} in place of {the_old}
! show {a_new} instead of {the_old}
! take {the_old} out and put {a_new} there
{a_new} instead of {the_old}
{new} instead of {old}
{old} -> {new}
the same picture with {a_new} instead of {the_old}
same but with {a_new} in place of {the_old}
not {a_old} but {a_new}
{the_old} should be {a_new}
I would rather see {a_new} than {the_old}
what if {the_old} were {a_new}?
I want {a_new} there, not {a_old}
1! make {it} {a_new}
1 {a_new} instead
1 the same but with {a_new}
*! exchange {the_old} for {a_new}
*! let {the_old} become {a_new}
* has {a_new} rather than {a_old}
* {the_old} give{verb_s} way to {a_new}
* {new}, not {old}
~! trade {the_old} for {a_new}
~! switch {the_old} for {a_new}
~! switch {the_old} with {a_new}
~! use {a_new} instead of {the_old}
~! draw {a_new} where {the_old} {is_old}
~! drop {the_old} and show {a_new} in its stead
~! transform {the_old} into {a_new}
~! convert {the_old} to {a_new}
~! make {the_old} {a_new}
~! remove {the_old} and add {a_new} in the same spot
~! find one with {a_new} where {the_old} {is_old}
~! give me {a_new} in the place of {the_old}
~ replacing {the_old} with {a_new}
~ with {a_new} replacing {the_old}
~ {a_new} in place of {the_old}
~ {a_new} where {the_old} {is_old}
~ {old} to {new}
~ {old} out, {new} in
~ {old} replaced by {new}
~ {the_old} replaced with {a_new}
~ {the_old} turned into {a_new}
~ no {old}, {a_new} instead
~ there should be {a_new}, no {old}
~ it shows {a_new} and no {old}
~ is there one with {a_new} instead of {the_old}?
~ how about {a_new} for {the_old}?
~ I prefer {a_new} over {the_old}
~1 this time {a_new}
~1! have {a_new} there
"""
_REMOVE = """
! remove {the_old}
! take {the_old} away
! take away {the_old}
! take out {the_old}
! delete {the_old}
! get rid of {the_old}
! erase {the_old}
! drop {the_old}
! leave out {the_old}
! make {the_old} disappear
! take {the_old} out of the picture
no {old}
no more {old}
without {the_old}
the same without {the_old}
the same picture but without {the_old}
{the_old} should be gone
I don't want {the_old}
there should be no {old}
can I see it without {the_old}?
*! eliminate {the_old}
*! clear {the_old} away
* minus {the_old}
* everything except {the_old}
~! cut {the_old} out
~! hide {the_old}
~! wipe out {the_old}
~! lose {the_old}
~! omit {the_old}
~! cross out {the_old}
~! throw {the_old} out
~! show it without {the_old}
~! make it so that there {is_old} no {old}
~! take {the_old} off
~ {old} removed
~ {the_old} removed
~ with {the_old} removed
~ remove {old}
~ lacks {the_old}
~ {the_old} has to go
~ {the_old} must vanish
~ it has no {old}
~ the picture with no {old}
~ where there {is_old} no {old}
~ I would like to see it with {the_old} gone
~ what would it be without {the_old}?
~ is there one without {the_old}?
~ nothing where {the_old} {is_old}
~ not showing {the_old}
"""
_ADD = """
! add {a_new}
! put {a_new} in
! insert {a_new}
! include {a_new}
! bring in {a_new}
! show {a_new} too
! add {a_new} to the picture
! put {a_new} into the scene
with {a_new}
with {a_new} as well
{a_new} too
plus {a_new}
+ {new}
the same with {a_new} added
same picture but also {a_new}
I also want {a_new}
there should be {a_new} too
can I see it with {a_new}?
also {a_new}
*! throw in {a_new}
* joined by {a_new}
* {a_new} should appear
* together with {a_new}
~! give it {a_new}
~! draw {a_new} in
~! add {new}
~! let {a_new} come in
~! place {a_new} in the picture
~! insert {a_new} somewhere
~! put {a_new} somewhere in there
~! add {a_new} and keep the rest
~! have {a_new} in it as well
~ and {a_new}
~ {a_new} added
~ {a_new} as well
~ it also has {a_new}
~ it now also shows {a_new}
~ with an additional {new}
~ one that has {a_new} too
~ where there is also {a_new}
~ I'm missing {a_new}
~ {a_new} on top of what is there
~ is there one with {a_new} as well?
~ what about {a_new} in there?
~ accompanied by {a_new}
~ the same scene plus {a_new}
"""
_ADD_AT = """
! add {a_new} {place}
! put {a_new} {place}
! place {a_new} {place}
! insert {a_new} {place}
! set {a_new} {place}
! show {a_new} {place} as well
! include {a_new} {place}
! have {a_new} {place}
{a_new} {place}
{new} {place}
with {a_new} {place}
the same with {a_new} {place}
{place} there should be {a_new}
there should be {a_new} {place}
I want to see {a_new} {place}
also {a_new} {place}
*! position {a_new} {place}
* let there be {a_new} {place}
* have {a_new} appear {place}
~! draw {a_new} {place}
~! add {new} {place}
~! give it {a_new} {place}
~! {place}, add {a_new}
~! {place} put {a_new}
~! stick {a_new} {place}
~ and {a_new} {place}
~ plus {a_new} {place}
~ {a_new} added {place}
~ {place} {a_new}
~ {place}: {a_new}
~ it also has {a_new} {place}
~ where there should be {a_new} {place}
~ I'm missing {a_new} {place}
~ is there one with {a_new} {place}?
~ how about {a_new} {place}?
~ another thing: {a_new} {place}
"""
_RECOLOUR = """
! make {the_old} {colour}
! paint {the_old} {colour}
! colour {the_old} {colour}
! color {the_old} {colour}
! turn {the_old} {colour}
! change the colour of {the_old} to {colour}
! change the color of {the_old} to {colour}
! recolour {the_old} in {colour}
{the_old} should be {colour}
{the_old} in {colour}
{coloured}
the same with {a_coloured}
same but with {a_coloured}
{the_old} but {colour}
I want {the_old} to be {colour}
what would {the_old} look like in {colour}?
{a_coloured} instead
1! make {it} {colour}
1 the same in {colour}
1 in {colour}
*! dye {the_old} {colour}
*! give {the_old} a {colour} colour
* {the_old}, now {colour}
* {colour} is how I want {the_old}
~! make {the_old} look {colour}
~! colour {the_old} in {colour}
~! tint {the_old} {colour}
~! recolor {the_old} to {colour}
~! turn the colour of {the_old} to {colour}
~! switch the color of {the_old} to {colour}
~! repaint {the_old} in {colour}
~! change {the_old} to {colour}
~! change {the_old} to {a_coloured}
~! show {the_old} in {colour}
~! use {colour} for {the_old}
~! swap the colour of {the_old} for {colour}
~ {the_old} painted {colour}
~ {old} in {colour}
~ with {a_coloured}
~ {colour} instead, for {the_old}
~ {the_old} coloured {colour}
~ the colour of {the_old} should be {colour}
~ {the_old} must be {colour}
~ the same {old}, but {colour}
~ one with {a_coloured}
~ is there one where {the_old} {is_old} {colour}?
~ could {the_old} be {colour}?
~1 {colour} please
~1! colour {it} {colour}
~1 it should be {colour}
"""
_BIGGER = """
! make {the_old} bigger
! make {the_old} larger
! enlarge {the_old}
! increase the size of {the_old}
! scale {the_old} up
! make {the_old} a lot bigger
! make {the_old} much larger
bigger {old}
{a_sized}
{the_old} should be bigger
{the_old} should be larger
the same with {a_sized}
the same but {the_old} {is_old} bigger
I want {the_old} to be bigger
could {the_old} be larger?
1! make {it} bigger
1 bigger
*! blow {the_old} up
* {the_old} at a larger size
* {the_old} need{verb_s} to grow
~! make {the_old} big
~! make {the_old} huge
~! magnify {the_old}
~! zoom in on {the_old}
~! expand {the_old}
~! show {the_old} larger
~! let {the_old} take up more room
~! make {the_old} twice as big
~! increase {the_old} in size
~ {the_old}, but bigger
~ larger {old}
~ {the_old} bigger
~ with {a_sized}
~ where {the_old} {is_old} bigger
~ {the_old} {is_old} too small
~ is there one with {a_sized}?
~1! enlarge {it}
~1 it should be larger
"""
_SMALLER = """
! make {the_old} smaller
! shrink {the_old}
! reduce the size of {the_old}
! scale {the_old} down
! make {the_old} a lot smaller
! make {the_old} tiny
smaller {old}
{a_sized}
{the_old} should be smaller
{the_old} should be less big
the same with {a_sized}
the same but {the_old} {is_old} smaller
I want {the_old} to be smaller
could {the_old} be smaller?
1! make {it} smaller
1 smaller
*! cut {the_old} down in size
* {the_old} at a reduced size
* {the_old} need{verb_s} to shrink
~! make {the_old} little
~! make {the_old} less big
~! make {the_old} half as big
~! minimise {the_old}
~! decrease the size of {the_old}
~! show {the_old} smaller
~! let {the_old} take up less room
~! make {the_old} much smaller
~ {the_old}, but smaller
~ {the_old} smaller
~ with {a_sized}
~ where {the_old} {is_old} smaller
~ {the_old} {is_old} too big
~ {the_old} {is_old} too large
~ is there one with {a_sized}?
~1! shrink {it}
~1 it should be smaller
"""
_MOVE = """
! move {the_old} {to_place}
! shift {the_old} {to_place}
! bring {the_old} {to_place}
! put {the_old} {place}
! place {the_old} {place}
! drag {the_old} {to_place}
! take {the_old} and put {it} {place}
! have {the_old} {place}
{the_old} {place}
{old} {place}
{the_old} should be {place}
the same with {the_old} {place}
same but {the_old} {is_old} {place}
I want {the_old} {place}
could {the_old} be {place}?
1! move {it} {to_place}
1! put {it} {place}
*! relocate {the_old} {to_place}
*! slide {the_old} {to_place}
* {the_old} belong{verb_s} {place}
* {the_old} go{verb_es} {to_place}
~! push {the_old} {to_place}
~! pull {the_old} {to_place}
~! carry {the_old} {to_place}
~! get {the_old} {to_place}
~! transfer {the_old} {to_place}
~! reposition {the_old} {to_place}
~! set {the_old} down {place}
~! show {the_old} {place}
~! change the position of {the_old}: {place}
~ {the_old} moved {to_place}
~ with {the_old} {place}
~ with {the_old} moved {to_place}
~ {the_old}, but {place}
~ where {the_old} {is_old} {place}
~ {place} I want {the_old}
~ {the_old} must be {place}
~ is there one with {the_old} {place}?
~ how about {the_old} {place}?
~1! shift {it} {to_place}
~1 it should be {place}
~1 {place}
"""
_BACKGROUND = """
! change the background to {a_bg}
! replace the background with {a_bg}
! make the background {a_bg}
! put it {on_bg}
! put everything {on_bg}
! set the scene {on_bg}
! use {a_bg} as the background
! show it {on_bg}
! swap the background for {a_bg}
{on_bg}
the same {on_bg}
the same but {on_bg}
same picture, but {on_bg}
with {a_bg} in the background
with {a_bg} behind
{bg} background
background: {bg}
the background should be {a_bg}
I want {a_bg} as the background
what would it look like {on_bg}?
*! let it take place {on_bg}
* against {a_bg}
* the setting is {a_bg} now
* {bg} as a backdrop
~! set the background to {a_bg}
~! switch the background to {a_bg}
~! turn the background into {a_bg}
~! give it {a_bg} as background
~! move everything {on_bg}
~! move the scene {on_bg}
~! have {a_bg} behind everything
~! place it {on_bg}
~! keep the things but show them {on_bg}
~! transport it all {on_bg}
~ all of it {on_bg}
~ the background is {a_bg}
~ the background changed to {a_bg}
~ background changed to {bg}
~ background -> {bg}
~ {bg} in the background
~ {a_bg} behind it
~ {bg} behind everything
~ same things, {on_bg}
~ now {on_bg}
~ one that is {on_bg}
~ with {bg} for a background
~ a different background: {bg}
~ is there one {on_bg}?
~ how about {a_bg} as background?
~ could it be {on_bg}?
"""
_JOINTS = patterns(
    "combined",
    """
{first} and {second}
{first}, and {second}
{first}, then {second}
{first} and also {second}
{first} and then {second}
{first}, {second}
{first}; {second}
first {first}, then {second}
both {first} and {second}
* {first}, and on top of that {second}
* {first} while you {second}
~ {first} & {second}
~ {first}. {second}
~ {first}, also {second}
~ {first} plus {second}
~ {first}; then also {second}
~ {first}, after that {second}
~ {first} as well as {second}
~ {first}, {second} too
""",
)
PATTERNS: dict[str, tuple[Pattern, ...]] = {
    kind: patterns(kind, lines)
    for kind, lines in {
        "replace": _REPLACE,
        "remove": _REMOVE,
        "add": _ADD,
        "add_at": _ADD_AT,
        "recolour": _RECOLOUR,
        "bigger": _BIGGER,
        "smaller": _SMALLER,
        "move": _MOVE,
        "background": _BACKGROUND,
    }.items()
}
"""Every pattern, by kind."""

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

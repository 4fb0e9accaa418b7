"""What a model does not read or does not know in a text, as sentences for the person who wrote it.

`reading_notes` is pure: the caller says which characters were read and into how many pieces a tokenizer splits a word.
A word counts as unknown if it is in neither the names of the ImageNet classes nor an English dictionary, and the
tokenizer has no piece for the whole of it. Measured on the 208 ordinary requests in `tests/lexicon/requests.txt`, where
such a note is mostly wrong: it appears on 4.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mmgrad.lexicon.imagenet import classes

if TYPE_CHECKING:
    from spellchecker import SpellChecker

FUNCTION_WORDS = Path(__file__).resolve().parent / "assets" / "function_words.json"

END = 60
"""Characters that a note shows of the part of a text that was not read."""

SHOWN = 5
"""Words that a note names; further ones are counted."""

LEXICON_WEIGHT = 10
"""How much more a word of the lexicon counts as a correction than its frequency in English says."""

Span = tuple[int, int]

_WORD = re.compile(r"\w+(?:['’\-]\w+)*")
_PART = re.compile(r"[^\W\d_]+")


def reading_notes(
    text: str,
    read: Sequence[Span] | None = None,
    count_pieces: Callable[[str], int] | None = None,
    english_only: bool = True,
) -> list[str]:
    """Sentences about words that were cut off, are of another language, or are unknown; mostly none.

    Args:
        text: what was written.
        read: characters [start, end) of each word that the model read; None if that is not known yet.
        count_pieces: into how many pieces the model's tokenizer splits a word; None to leave unknown words out.
        english_only: whether the model reads English only.
    """
    words = [(match.group(), match.span()) for match in _WORD.finditer(text)]
    notes = []
    if english_only:
        foreign = [word for word, _ in words if not _is_latin(word)]
        language = None if foreign else _language([word.lower() for word, _ in words])
        if foreign:
            notes.append(f"The model reads English only; it does not understand {_listed(foreign)}.")
        elif language:
            notes.append(f"This looks like {language}; the model reads English only.")
        elif count_pieces is not None:
            notes += _unknown_words([word for word, _ in words], count_pieces)
        symbols = [character for character in text if unicodedata.category(character) == "So"]
        if symbols:
            notes.append(f"Symbols are not read: {_listed(symbols)}; please use words.")
    if read is not None:
        end = max((b for _, b in read), default=0)
        cut = next((start for _, (start, _) in words if start >= end), None)
        if cut is not None:
            notes.append(f"The text is too long: {_end(text[cut:])} was not read; please shorten it.")
    return notes


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """The words in the names of the ImageNet classes and in their wider terms, in lower case."""
    return frozenset(word for each in classes() for name in each.words for word in _PART.findall(name.lower()))


def _unknown_words(words: Sequence[str], count_pieces: Callable[[str], int]) -> list[str]:
    parts = dict.fromkeys(part.lower() for word in words for part in _PART.findall(word))
    unusual = [part for part in parts if len(part) > 2 and not _in_lexicon(part) and count_pieces(part) > 1]
    if not unusual:
        return []  # the usual case: the dictionary, which takes half a second to load, is not needed
    unknown = [part for part in unusual if part not in _dictionary()]
    if not unknown:
        return []
    better = [found for part in unknown[:SHOWN] for found in [_correction(part)] if found]
    advice = f"did you mean {_listed(better)}?" if better else "please check the spelling or use other words."
    return [f"The model may not know {_listed(unknown)}; {advice}"]


@lru_cache(maxsize=1)
def _dictionary() -> "SpellChecker":
    from spellchecker import SpellChecker

    return SpellChecker(language="en", distance=1)


def _correction(word: str) -> str | None:
    """The word that was probably meant: the most frequent one at one edit; words of the lexicon count more."""
    frequency, known = _dictionary().word_frequency, known_words()
    candidates = sorted((_dictionary().candidates(word) or set()) - {word})
    return max(candidates, key=lambda each: frequency[each] * (LEXICON_WEIGHT if each in known else 1), default=None)


def _in_lexicon(word: str) -> bool:
    known = known_words()
    stems = {word, *(word.removesuffix(ending) for ending in ("s", "es", "ed", "ing"))}
    stems |= {word.removesuffix("ies") + "y"} if word.endswith("ies") else set()
    return bool(stems & known)


def _is_latin(word: str) -> bool:
    return all(unicodedata.name(letter, "").startswith("LATIN") for letter in word if letter.isalpha())


def _language(words: Sequence[str]) -> str | None:
    """The language that more function words belong to than to English; None if there is no such language."""
    counts = {name: sum(word in common for word in words) for name, common in _function_words().items()}
    english = counts.pop("English")
    best = max(counts, key=lambda name: counts[name])
    enough = counts[best] >= 2 or (counts[best] == 1 and len(words) <= 2)
    return best if enough and counts[best] > english else None


def _end(text: str) -> str:
    """The last words of a text in quotation marks."""
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= END else f"“… {line[-END:].partition(' ')[2]}”"


def _listed(words: Sequence[str]) -> str:
    unique = list(dict.fromkeys(words))
    shown = ", ".join(f"“{word}”" for word in unique[:SHOWN])
    rest = len(unique) - SHOWN
    return shown if rest <= 0 else f"{shown} and {rest} more"


@lru_cache(maxsize=1)
def _function_words() -> dict[str, frozenset[str]]:
    """Function words and usual words of a request by language; English ones are left out of the other languages."""
    table: dict[str, str] = json.loads(FUNCTION_WORDS.read_text(encoding="utf-8"))
    return {language: frozenset(words.split()) for language, words in table.items()}

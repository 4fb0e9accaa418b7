"""What the person who asked should know about how the text was read. See `mmgrad.lexicon.coverage`."""

from mmgrad.encoders.minilm import MiniLMTokenizer
from mmgrad.engine import Engine
from mmgrad.lexicon.coverage import Span, reading_notes
from mmgrad.results import Explanation

MULTILINGUAL = 100_000
"""A tokenizer with at least this many pieces, such as that of SigLIP 2, is of a model for many languages."""


def notes_before_reading(engine: Engine, text: str) -> list[str]:
    """Notes that need no model: another language, unknown words."""
    return _notes(engine, text, None)


def notes_on(engine: Engine, explanation: Explanation) -> list[str]:
    """All notes on the text of a complete explanation, words that were cut off included."""
    read = [(word.start, word.end) for word in explanation.words] or None
    return _notes(engine, explanation.text, read)


def notes_on_search(engine: Engine, text: str) -> list[str]:
    """All notes on a text, which is tokenized for it."""
    (words,) = engine.model.encode_text(text).words
    return _notes(engine, text, [(word.start, word.end) for word in words])


def _notes(engine: Engine, text: str, read: list[Span] | None) -> list[str]:
    tokenizer = getattr(engine.model.encoder, "tokenizer", None)
    if tokenizer is None or not isinstance(text, str):
        return []
    if isinstance(tokenizer, MiniLMTokenizer):
        return reading_notes(text, read, lambda word: sum(end > start for start, end in tokenizer([word])[2][0]))
    english_only = len(tokenizer) < MULTILINGUAL
    return reading_notes(text, read, lambda word: len(tokenizer.tokenize(word)), english_only)

"""Sentence templates of each kind of change; `mmgrad.synthetic.phrases` fills their slots.

Each kind has a file in `assets/wordings` with one template per line. Flags stand before a template:

- `!` an imperative clause, which can be made polite or joined to another clause;
- `1` only for pictures of one object, because the sentence says "it";
- `*` kept for the test split, `?` for validation, `~` for training; without these it is used in every split.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

EVERY, TEST, VALIDATION, TRAIN = "every", "test", "validation", "train"
"""The split that a template is kept for; EVERY: it is used in all splits."""

_KEPT = {"*": TEST, "?": VALIDATION, "~": TRAIN}
_FOLDER = Path(__file__).parent / "assets" / "wordings"


@dataclass(frozen=True, slots=True)
class Template:
    """One way to ask for a change.

    Attributes:
        id: kind and line number, such as "replace.03".
        text: sentence with slots in braces.
        imperative: whether it is an imperative clause.
        single: whether it needs a picture of one object.
        of: the split it is kept for, or EVERY.
    """

    id: str
    text: str
    imperative: bool = False
    single: bool = False
    of: str = EVERY


def parse_templates(kind: str, lines: Iterable[str]) -> tuple[Template, ...]:
    """Templates from lines of text, one each."""
    found = []
    for number, line in enumerate(lines):
        marked = line.strip()
        text = marked.lstrip("!1*?~")
        flags = marked.removesuffix(text)
        of = next((split for flag, split in _KEPT.items() if flag in flags), EVERY)
        found.append(Template(f"{kind}.{number:02d}", text.strip(), "!" in flags, "1" in flags, of))
    return tuple(found)


def load_templates(kind: str) -> tuple[Template, ...]:
    """The templates of the file `assets/wordings/{kind}.txt`."""
    return parse_templates(kind, (_FOLDER / f"{kind}.txt").read_text(encoding="utf-8").splitlines())


KINDS = ("replace", "remove", "add", "add_at", "recolor", "bigger", "smaller", "move", "background")
TEMPLATES: dict[str, tuple[Template, ...]] = {kind: load_templates(kind) for kind in KINDS}
"""All templates by kind of change."""
CONJUNCTIONS = load_templates("combined")
"""Templates that join two changes, {first} and {second}, in one sentence."""

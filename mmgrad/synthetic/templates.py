"""The wordings of each kind of change: patterns, which `mmgrad.lexicon.phrases` fills.

They lie in `assets/wordings`, a file of each kind. A pattern is a line with slots. `!` before it marks a clause in the
imperative, which can be made polite and joined to another; `1` one that needs a picture with one thing only (it says
"it"). Most are of all splits; `*` marks one kept for the test split, `?` one for validation, and `~` one for training,
where every sentence is said in several ways.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

EVERY, TEST, VALIDATION, TRAIN = "every", "test", "validation", "train"
"""Whose a pattern is: of every split, or kept for one."""

_KEPT = {"*": TEST, "?": VALIDATION, "~": TRAIN}
_FOLDER = Path(__file__).parent / "assets" / "wordings"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way to say a change. `template` has slots in braces; see the module's text for the flags."""

    id: str
    template: str
    imperative: bool = False
    single: bool = False
    of: str = EVERY


def patterns(kind: str, lines: Iterable[str]) -> tuple[Pattern, ...]:
    """Patterns from their lines, one each; their ids are the kind and the number of the line."""
    found = []
    for number, line in enumerate(lines):
        flags, template = re.fullmatch(r"\s*([!1*?~]*)\s*(.*?)\s*", line).groups()  # type: ignore[union-attr]
        of = next((split for flag, split in _KEPT.items() if flag in flags), EVERY)
        found.append(Pattern(f"{kind}.{number:02d}", template, "!" in flags, "1" in flags, of))
    return tuple(found)


def wordings(kind: str) -> tuple[Pattern, ...]:
    """The patterns of a file in `assets/wordings`."""
    return patterns(kind, (_FOLDER / f"{kind}.txt").read_text(encoding="utf-8").splitlines())


KINDS = ("replace", "remove", "add", "add_at", "recolour", "bigger", "smaller", "move", "background")
PATTERNS: dict[str, tuple[Pattern, ...]] = {kind: wordings(kind) for kind in KINDS}
"""Every pattern, by kind."""
JOINTS = wordings("combined")
"""How two changes, {first} and {second}, are asked for in one sentence."""

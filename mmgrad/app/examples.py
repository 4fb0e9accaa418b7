"""The curated examples: a picture, a text, and what to look at."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from mmgrad.errors import InputError
from mmgrad.utils.resources import EXAMPLES


@dataclass(frozen=True)
class Example:
    """One example.

    Attributes:
        id: unique among the examples.
        path: the picture.
        text: the change to search for.
        edit: the kind of change, in a word.
        look_at: one sentence on what to look at.
        fails: whether the model gets this example wrong.
        gallery: name of the gallery that it is about; None for the first one.
    """

    id: str
    path: Path
    text: str
    edit: str
    look_at: str
    fails: bool = False
    gallery: str | None = None


def load_examples(folder: Path = EXAMPLES, galleries: Collection[str] | None = None) -> tuple[Example, ...]:
    """The examples that `examples.json` in a folder lists, in its order; none if there is no such file.

    With `galleries`, names, examples about another gallery are left out.

    Raises:
        InputError: the file is broken, an entry is incomplete or repeated, or a picture is missing.
    """
    listing = folder / "examples.json"
    if not listing.is_file():
        return ()
    try:
        examples = tuple(
            Example(
                id=str(entry["id"]),
                path=folder / entry["image"],
                text=entry["text"],
                edit=entry["edit"],
                look_at=entry["look_at"],
                fails=entry.get("fails") is True,
                gallery=entry.get("gallery"),
            )
            for entry in json.loads(listing.read_text(encoding="utf-8"))
        )
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise InputError(
            f"The examples in '{listing}' cannot be read ({error}); each needs id, image, text, edit and look_at."
        ) from error
    if len({example.id for example in examples}) < len(examples):
        raise InputError(f"Two examples in '{listing}' have the same id; please give each its own.")
    for example in examples:
        if not example.path.is_file():
            raise InputError(f"The picture '{example.path}' of an example is missing; restore it or remove the entry.")
    return tuple(each for each in examples if galleries is None or each.gallery is None or each.gallery in galleries)

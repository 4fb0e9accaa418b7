"""A question as the page keeps it, sends it back, and writes it into links."""

from dataclasses import dataclass

from mmgrad.errors import InputError


@dataclass(frozen=True)
class Query:
    """What was asked: the name of a picture (see `mmgrad.app.image_store`), the text, the settings, the gallery by
    name."""

    picture: str
    text: str
    strength: float
    leave_out: bool
    gallery: str


def read_query(given: object, gallery: str) -> Query:
    """A query that came from outside, of `gallery` where it names none. Raises InputError where it is not complete."""
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        raise InputError("This link or this page is not complete; please ask again.")
    strength = given.get("strength", 1.0)
    if isinstance(strength, bool) or not isinstance(strength, int | float):
        raise InputError("The strength of the text must be a number; please ask again.")
    asked = given.get("gallery") or gallery
    return Query(str(given.get("picture")), given["text"], float(strength), given.get("leave_out") is True, str(asked))

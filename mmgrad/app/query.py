"""A question as the page keeps it, sends it back, and writes it into links."""

from dataclasses import dataclass

from mmgrad.errors import InputError


@dataclass(frozen=True)
class Query:
    """What was asked: the name of a picture (see `mmgrad.app.image_store`), the text, the settings, the gallery by
    name."""

    picture: str
    text: str
    text_weight: float
    exclude_duplicates: bool
    gallery: str


def read_query(given: object, gallery: str) -> Query:
    """A query that came from outside, of `gallery` where it names none. Raises InputError where it is not complete."""
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        raise InputError("This link or this page is not complete; please ask again.")
    weight = given.get("text_weight", given.get("strength", 1.0))  # `strength` and `leave_out` until 0.3
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        raise InputError("The weight of the text must be a number; please ask again.")
    exclude = given.get("exclude_duplicates", given.get("leave_out")) is True
    asked = given.get("gallery") or gallery
    return Query(str(given.get("picture")), given["text"], float(weight), exclude, str(asked))

"""A question as the page keeps it, sends it back, and writes it into links."""

from dataclasses import dataclass

from mmgrad.errors import InputError


@dataclass(frozen=True)
class Query:
    """A question.

    Attributes:
        picture: name of the reference picture, see `mmgrad.app.image_store`.
        text: the change to search for.
        text_weight: 0 picture only, 1 as trained, up to 2.
        exclude_duplicates: whether copies of the reference are left out.
        gallery: name of the gallery.
    """

    picture: str
    text: str
    text_weight: float
    exclude_duplicates: bool
    gallery: str


def read_query(given: object, gallery: str) -> Query:
    """A question from outside, for `gallery` if it names none. Raises InputError if it is not complete.

    Links of earlier versions say `strength` and `leave_out`.
    """
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        raise InputError("This link or this page is not complete; please ask again.")
    weight = given.get("text_weight", given.get("strength", 1.0))
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        raise InputError("The weight of the text must be a number; please ask again.")
    exclude = given.get("exclude_duplicates", given.get("leave_out"))
    name = given.get("gallery") or gallery
    return Query(str(given.get("picture")), given["text"], float(weight), exclude is True, str(name))

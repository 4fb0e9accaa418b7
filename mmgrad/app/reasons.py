"""Why a map may hold no evidence, as far as the text itself tells."""

import re
from typing import Literal

Reason = Literal["addition", "removal", "below_level"]

_ASKING = (
    r"^(?:(?:please|can|could|would|will|you|i|we|want|like|to|see|show|me|now|just|and|the|same|picture|but)\W+)*"
)
_ADDITION = re.compile(_ASKING + r"(?:add|insert|include)\b", re.IGNORECASE)
_REMOVAL = re.compile(
    _ASKING + r"(?:remove|delete|erase|get\s+rid\s+of|leave\s+out|take\s+(?:away|out)|without|no\s+more)\b"
    r"|^take\s+[^.,;:!?]+\s+(?:away|out)\s*[.!?]*$|^everything\s+(?:but|except)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(r"\b(?:and|then|with|replace\w*|swap\w*|instead)\b", re.IGNORECASE)


def reason(text: str, side: Literal["reference", "result"]) -> Reason:
    """The reason for a map without evidence over the reference or over a result.

    An addition alone points to nothing in the reference, and a removal alone to nothing in a result. Of all other texts
    only the calibrated level is known.
    """
    if not _SEVERAL.search(text):
        if side == "reference" and _ADDITION.search(text):
            return "addition"
        if side == "result" and _REMOVAL.search(text):
            return "removal"
    return "below_level"

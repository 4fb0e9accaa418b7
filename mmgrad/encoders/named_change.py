"""The new and the old object of a text, where it names both."""

import re

_OLD_THEN_NEW = re.compile(
    r"\b(?:replac|swap|exchang|switch|turn|chang)\w*\s+(?P<old>[^.,;:!?]+?)\s+(?:with|by|for|into)\s+(?P<new>[^.,;:!?]+)",
    re.IGNORECASE,
)
_NEW_THEN_OLD = re.compile(
    r"(?P<new>[^.,;:!?]+?)\s+(?:instead\s+of|rather\s+than|in\s+place\s+of)\s+(?P<old>[^.,;:!?]+)", re.IGNORECASE
)
_LEAD = re.compile(
    r"(?:(?:please|and|but|i|want|would|like|show|give|me|find|put|use|has|have|is|it|with|make)\s+)+", re.IGNORECASE
)


def named_change(text: str) -> tuple[str, str] | None:
    """(new, old) of "replace OLD with NEW", "turn OLD into NEW" or "NEW instead of OLD"; None where a text has neither.

    The phrases are cut out of the text with their articles: ("a cat", "the dog"). The first form that matches counts.
    """
    found = _OLD_THEN_NEW.search(text) or _NEW_THEN_OLD.search(text)
    if found is None:
        return None
    new = _LEAD.sub("", found["new"].strip(), count=1) if found.re is _NEW_THEN_OLD else found["new"].strip()
    old = found["old"].strip()
    return (new, old) if new and old else None

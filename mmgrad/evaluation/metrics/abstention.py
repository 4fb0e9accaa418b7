"""Texts that name nothing in a picture: over it a map should say "no evidence". Category: honesty."""

from collections.abc import Sequence

from mmgrad.synthetic.triplets import mentions

FOREIGN, NONSENSE = "edit of another picture's thing", "nonsense"
KINDS = (FOREIGN, NONSENSE)

SENTENCES = (
    "what time is it",
    "asdf qwer zxcv",
    "the quarterly report is due on Monday",
    "lorem ipsum dolor sit amet",
    "why do we dream",
    "thank you very much for your kind letter",
    "blorp the frindle with a snazzwort",
    "I forgot my password",
    "two plus two equals four",
    "he said that she would rather not",
    "jkl jkl jkl jkl",
    "the meeting was postponed until further notice",
    "never mind",
    "colourless ideas sleep furiously",
    "is anybody there",
    "please advise as soon as possible",
    "xyzzy plugh",
    "it depends on what you mean by that",
    "good morning and welcome to the programme",
    "interest rates fell by a quarter of a point",
    "qwertyuiop",
    "once upon a time there was a promise",
    "all of the above",
    "democracy is slow but fair",
)
"""Sentences that ask for no change of any picture."""


def foreign_partners(
    families: Sequence[int], nouns: Sequence[Sequence[str]], captions: Sequence[str]
) -> list[int | None]:
    """For each of B queries the next one of another family none of whose nouns is in its reference; None where none is.

    `nouns` are those that each query's text uses for what changes, `captions` say what stands in each reference.
    """
    count = len(families)
    found: list[int | None] = []
    for k in range(count):
        following = ((k + step) % count for step in range(1, count))
        found.append(
            next(
                (
                    j
                    for j in following
                    if families[j] != families[k] and not any(mentions(captions[k], noun) for noun in nouns[j])
                ),
                None,
            )
        )
    return found

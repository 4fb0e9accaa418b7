"""Negative texts: edits of objects that the reference does not show, and nonsense. Its map should say "no evidence"."""

from collections.abc import Sequence

from mmgrad.synthetic.negative_texts import negative_sentences
from mmgrad.synthetic.triplets import mentions

FOREIGN, NONSENSE = "edit of another picture's object", "nonsense"
KINDS = (FOREIGN, NONSENSE)


def nonsense(count: int, start: int = 0) -> list[str]:
    """`count` sentences that ask for no change of any picture, from number `start` on; they repeat after the last."""
    sentences = negative_sentences("test")
    return [sentences[(start + k) % len(sentences)] for k in range(count)]


def foreign_partners(
    families: Sequence[int], nouns: Sequence[Sequence[str]], captions: Sequence[str]
) -> list[int | None]:
    """For each of B queries, the next query of another family whose objects are not in this query's reference.

    Args:
        families: family of each query.
        nouns: nouns that the text of each query uses for what changes.
        captions: caption of each reference, which names its objects.

    Returns:
        Index of the other query, or None where there is none.
    """
    count = len(families)

    def suits(k: int, j: int) -> bool:
        return families[j] != families[k] and not any(mentions(captions[k], noun) for noun in nouns[j])

    following = ([(k + step) % count for step in range(1, count)] for k in range(count))
    return [next((j for j in others if suits(k, j)), None) for k, others in enumerate(following)]

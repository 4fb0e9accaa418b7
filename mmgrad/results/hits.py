"""What a search returns for each picture found, with and without maps, and what an explanation says of each word."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from mmgrad.gallery.sources.record import Record
from mmgrad.results.attention_map import AttentionMap


@dataclass(frozen=True)
class SearchHit:
    """One picture found: rank from 1, the gallery's record, cosine score."""

    rank: int
    record: Record
    score: float

    @property
    def id(self) -> str:
        """The picture's id in the gallery."""
        return self.record.id


@dataclass(frozen=True, repr=False)
class SearchHits:
    """The ranked pictures of one query, best first; a sequence of SearchHit.

    Attributes:
        text: the modification text.
        hits: the pictures found.
        excluded: ids of the gallery's near-duplicates of the reference that were excluded.
        confidence: the chance, in [0, 1], that the first hit is the picture asked for; None where none was calibrated.
    """

    text: str
    hits: tuple[SearchHit, ...]
    excluded: tuple[str, ...] = ()
    confidence: float | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the hits, best first."""
        return tuple(hit.id for hit in self.hits)

    @property
    def scores(self) -> tuple[float, ...]:
        """The cosine scores of the hits, best first."""
        return tuple(hit.score for hit in self.hits)

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold: `text`, `excluded`, `confidence`, and `hits` with `rank`, `id`, `score` and metadata."""
        return {
            "text": self.text,
            "excluded": list(self.excluded),
            "confidence": self.confidence,
            "hits": [{"rank": h.rank, "id": h.id, **metadata_of(h.record), "score": h.score} for h in self.hits],
        }

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[SearchHit]:
        return iter(self.hits)

    def __getitem__(self, index: int) -> SearchHit:
        return self.hits[index]

    def __repr__(self) -> str:
        lines = [f"{hit.rank:4d}  {hit.score:.3f}  {hit.id}" for hit in self.hits]
        return "\n".join([f"SearchHits({shortened(self.text)!r}, {len(self.hits)} hits)", *lines])


@dataclass(frozen=True, eq=False)
class Hit:
    """One picture found, with its map.

    Attributes:
        rank: from 1.
        record: the gallery's record.
        score: cosine similarity with the query.
        image: the pixels, uint8 [H, W, 3]; a thumbnail or plain gray where the picture is missing.
        attention: where the change shows in the picture.
        missing: the picture was deleted or damaged after it was indexed. Such a hit has no map.
        note: what is wrong with the picture, in one sentence; empty where nothing is.
    """

    rank: int
    record: Record
    score: float
    image: np.ndarray = field(repr=False)
    attention: AttentionMap
    missing: bool = False
    note: str = ""

    @property
    def id(self) -> str:
        """The picture's id in the gallery."""
        return self.record.id

    @property
    def link(self) -> str | None:
        """The picture's link where it leads to a page of the web; None for any other, such as `javascript:`."""
        return web_link(self.record)


@dataclass(frozen=True, eq=False)
class WordAttribution:
    """One whole word of the text.

    Attributes:
        word: the word.
        start, end: its characters [start, end) in the text.
        weight: how much the score of the first hit falls when the word is left out.
        reference: where the word acts in the reference.
        targets: where the word's share of the change shows in each hit.
    """

    word: str
    start: int
    end: int
    weight: float
    reference: AttentionMap = field(repr=False)
    targets: tuple[AttentionMap, ...] = field(repr=False)


def web_link(record: Record) -> str | None:
    """The link of a record where it is http or https; None for any other."""
    try:
        parts = urlsplit(record.link or "")
    except ValueError:
        return None
    return record.link if parts.scheme in ("http", "https") and parts.netloc else None


def metadata_of(record: Record) -> dict[str, str | None]:
    """What the gallery says of a picture: `caption`, `license` and `link` (http and https only); None for nothing."""
    return {"caption": record.caption, "license": record.license, "link": web_link(record)}


def shortened(text: str, length: int = 40) -> str:
    """A text on one line of at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"

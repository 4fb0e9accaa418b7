"""The way from a picture and a text to results with their maps; everything that explains a query goes this way."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmgrad.attention import reference_map, target_map
from mmgrad.encoders import TextTokens, Word
from mmgrad.errors import InputError
from mmgrad.gallery import Gallery, Record
from mmgrad.images import Letterbox, Source, load_image
from mmgrad.model import Model, load_model

MAX_TEXT = 300  # characters
MAX_TOP = 50
DEFAULT_GALLERY = Path(__file__).resolve().parent.parent / "examples" / "gallery"


@dataclass(frozen=True, eq=False)
class Map:
    """An attention map over one picture.

    values: float32 [h, w], raw scale; positive evidence says "here", negative speaks against. `letterbox` is the
    geometry between the square the map covers and the picture. `threshold`: less positive evidence
    than this is none at all.
    """

    values: np.ndarray
    letterbox: Letterbox
    threshold: float

    @property
    def evidence(self) -> float:
        """The sum of the positive values."""
        return float(self._positive.sum())

    @property
    def empty(self) -> bool:
        """Whether the map holds no evidence worth showing."""
        return self.evidence < self.threshold

    @property
    def peak(self) -> float:
        """The greatest positive value inside the picture; 0 for an empty map."""
        return 0.0 if self.empty else float(self.on_original().max())

    @property
    def peak_xy(self) -> tuple[int, int] | None:
        """The pixel (x, y) of the picture where the map is greatest, None for an empty map."""
        if self.empty:
            return None
        y, x = divmod(int(self.on_original().argmax()), self.letterbox.width)
        return x, y

    def on_original(self) -> np.ndarray:
        """The positive map at the picture's own pixels, float32 [height, width], raw scale."""
        return self.letterbox.restore(self._positive)

    @property
    def _positive(self) -> np.ndarray:
        return np.maximum(self.values, 0)


@dataclass(frozen=True, eq=False)
class WordEvidence:
    """A whole word of the text (its characters [start, end)), its weight, its map over the reference and over each hit.

    The weight is how much the score of the first hit falls when the word is left out.
    """

    word: str
    start: int
    end: int
    weight: float
    reference: Map
    targets: tuple[Map, ...]


@dataclass(frozen=True, eq=False)
class Hit:
    """One retrieved picture: rank from 1, cosine score, pixels uint8 [H, W, 3], and where the change shows in it."""

    rank: int
    record: Record
    score: float
    image: np.ndarray
    map: Map


@dataclass(frozen=True, eq=False)
class Explanation:
    """What was found, and why. `timing_ms` holds the milliseconds of each step done so far."""

    text: str
    image: np.ndarray
    reference: Map
    words: tuple[WordEvidence, ...]
    hits: tuple[Hit, ...]
    model: str
    gallery: str
    timing_ms: dict[str, float] = field(default_factory=dict)

    @property
    def scale(self) -> float:
        """The greatest peak among the hits' maps: the shared scale that their panels are drawn on."""
        return max((hit.map.peak for hit in self.hits), default=0.0)


class Engine:
    """A model and a gallery. Nothing of either changes when it is used."""

    def __init__(self, model: Model, gallery: Gallery):
        self.model = model
        self.gallery = gallery
        self.thresholds = model.card.get("no_evidence", {"reference": 0.0, "target": 0.0})

    def explain(self, image: Source, text: str, k: int = 12) -> Explanation:
        """The first `k` pictures of the gallery for `image` changed as `text` says, with all maps.

        Raises InputError for a picture that cannot be read, an empty or too long text, or k out of range.
        """
        *_, last = self.stream(image, text, k)
        return last

    def stream(self, image: Source, text: str, k: int = 12) -> Iterator[Explanation]:
        """`explain` in three steps: the reference map; the hits with their maps; the words with theirs."""
        clock = _Clock()
        text, k = self._checked(text, k)
        pixels = load_image(image)
        features, (box,) = self.model.features([pixels])  # (1, C, h, w)
        clock.lap("features")
        tokens = self.model.encode_text(text)
        if not tokens.words[0]:
            raise InputError("The text holds no word; say in words what should be different.")
        clock.lap("text")
        evidence = self.model.encoder.evidence
        composer = self.model.composer
        reference = reference_map(composer, features, tokens.states, tokens.mask, evidence)
        clock.lap("reference map")
        result = Explanation(
            text=text,
            image=pixels,
            reference=self._map(reference[0], box, "reference"),
            words=(),
            hits=(),
            model=self.model.name,
            gallery=self.gallery.folder.name,
            timing_ms=dict(clock.laps),
        )
        yield result

        with torch.no_grad():
            query = composer.query(features, tokens.states, tokens.mask)  # (1, D)
            change = query - composer.image(features)
        found = self.gallery.search(query, k)
        clock.lap("search")
        records = [self.gallery.records[i] for i in found.indices[0].tolist()]
        pictures = [load_image(record.path) for record in records]
        target_features, boxes = self.model.features(pictures)  # (K, C, h, w)
        clock.lap("target features")
        maps = target_map(composer, target_features, change.expand(len(pictures), -1), evidence)
        clock.lap("target maps")
        hits = tuple(
            Hit(rank, record, score, picture, self._map(values, target_box, "target"))
            for rank, (record, score, picture, values, target_box) in enumerate(
                zip(records, found.scores[0].tolist(), pictures, maps, boxes, strict=True), start=1
            )
        )
        result = replace(result, hits=hits, timing_ms=dict(clock.laps))
        yield result

        words = self._words(text, tokens, features, box, query, target_features, boxes)
        clock.lap("words")
        yield replace(result, words=words, timing_ms=dict(clock.laps) | {"total": sum(clock.laps.values())})

    def _words(
        self,
        text: str,
        tokens: TextTokens,
        features: Tensor,
        box: Letterbox,
        query: Tensor,
        target_features: Tensor,
        boxes: Sequence[Letterbox],
    ) -> tuple[WordEvidence, ...]:
        """Each word's share: the text against the text without the word, in one batch of W texts."""
        words: tuple[Word, ...] = tokens.words[0]
        count, hits = len(words), len(target_features)
        without = self.model.encoder.encode_text([text[: w.start] + text[w.end :] for w in words])
        composer, evidence = self.model.composer, self.model.encoder.evidence
        repeated = features.expand(count, -1, -1, -1)
        with torch.no_grad():
            shares = query - composer.query(repeated, without.states, without.mask)  # (W, D)
            weights = shares @ composer.image(target_features[:1])[0]  # (W,)
        states, mask = tokens.states.expand(count, -1, -1), tokens.mask.expand(count, -1)
        references = reference_map(composer, repeated, states, mask, evidence, baseline=(without.states, without.mask))
        targets = target_map(
            composer,
            target_features.repeat(count, 1, 1, 1),
            shares.repeat_interleave(hits, dim=0),
            evidence,
        ).unflatten(0, (count, hits))
        return tuple(
            WordEvidence(
                word=word.text,
                start=word.start,
                end=word.end,
                weight=float(weight),
                reference=self._map(reference, box, "reference"),
                targets=tuple(self._map(values, b, "target") for values, b in zip(row, boxes, strict=True)),
            )
            for word, weight, reference, row in zip(words, weights, references, targets, strict=True)
        )

    def _map(self, values: Tensor, box: Letterbox, kind: str) -> Map:
        return Map(values.float().cpu().numpy(), box, float(self.thresholds[kind]))

    def _checked(self, text: str, k: int) -> tuple[str, int]:
        if not isinstance(text, str) or not text.strip():
            raise InputError(
                "The text is empty; say in words what should be different, such as 'replace the dog with a cat'."
            )
        if len(text) > MAX_TEXT:
            raise InputError(
                f"The text has {len(text)} characters; at most {MAX_TEXT} are allowed; ask for one or two changes."
            )
        largest = min(MAX_TOP, len(self.gallery))
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= largest:
            raise InputError(f"The number of results must be a whole number from 1 to {largest}, not {k!r}.")
        return text, k


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(1000 * (now - self._last), 1)
        self._last = now


def load(model: str | Path | None = None, gallery: str | Path | None = None, device: str | None = None) -> Engine:
    """An engine of a model (default: the embedded one) and a gallery folder (default: the one that is shipped).

    Raises ModelError or GalleryError, each saying what is missing and what to do.
    """
    loaded = load_model(model, device)
    return Engine(loaded, Gallery.load(Path(gallery) if gallery is not None else DEFAULT_GALLERY, loaded))

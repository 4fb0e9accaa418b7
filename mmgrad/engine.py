"""The way from a picture and a text to results with their maps; everything that explains a query goes this way."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from mmgrad.attribution import contrast as why
from mmgrad.attribution.blend import explain_reference, explain_targets
from mmgrad.attribution.contrast import Contrast, EncodedImages, EncodedQuery
from mmgrad.attribution.occlusion_check import OcclusionCheck, occlusion_check
from mmgrad.attribution.words import interpolate_query, word_maps
from mmgrad.encoders.base import TextTokens
from mmgrad.errors import InputError
from mmgrad.gallery.gallery import Gallery
from mmgrad.gallery.near_duplicates import find_near_duplicates
from mmgrad.imaging.io import Letterbox, Source, load_image
from mmgrad.models.confidence import Confidence, clues_of
from mmgrad.models.model import Model, load_model
from mmgrad.results import AttentionMap, Explanation, Hit, WordAttribution
from mmgrad.suggestions import recognise, suggest
from mmgrad.utils.resources import GALLERY as DEFAULT_GALLERY

MAX_TEXT = 300  # characters
MAX_TOP = 50
MAX_TEXT_WEIGHT = 2.0


class Engine:
    """A model and a gallery. Nothing of either changes when it is used.

    `name` is what answers call the gallery: by itself the name of its folder.
    """

    def __init__(self, model: Model, gallery: Gallery, name: str | None = None):
        self.model = model
        self.gallery = gallery
        self.name = name or gallery.folder.name or gallery.folder.absolute().name
        self.thresholds: dict[str, float] = model.card.get("no_evidence", {})
        self.confidence = Confidence.from_card(model.card)

    def explain(
        self, image: Source, text: str, top_k: int = 12, text_weight: float = 1.0, exclude_duplicates: bool = False
    ) -> Explanation:
        """The first `top_k` pictures of the gallery for `image` changed as `text` says, with all maps.

        Args:
            text_weight: how much the text's change counts, from 0 (the picture alone) through 1 (as trained) to 2.
            exclude_duplicates: leave out the gallery's pictures that show the same pixels as `image`.

        Raises InputError for a picture that cannot be read, an empty or too long text, or a number out of range.
        """
        *_, last = self.stream(image, text, top_k, text_weight, exclude_duplicates)
        return last

    def stream(
        self, image: Source, text: str, top_k: int = 12, text_weight: float = 1.0, exclude_duplicates: bool = False
    ) -> Iterator[Explanation]:
        """`explain` in three steps: the reference map; the hits with their maps; the words with theirs."""
        clock = _Clock()
        text, top_k = self._checked(text, top_k)
        text_weight = self._checked_text_weight(text_weight)
        pixels = load_image(image)
        features, (box,) = self.model.features([pixels])  # (1, C, h, w)
        clock.lap("features")
        tokens = self._tokens(text)
        clock.lap("text")
        evidence, blank = self.model.encoder.to_grid, self.model.baseline_features
        composer = self.model.composer
        with torch.no_grad():
            seen, before = composer.encode_image(features), composer.encode_reference(features)  # (1, D)
            query = interpolate_query(before, composer.encode_query(features, tokens.states, tokens.mask), text_weight)
            change = query - before
        copies = find_near_duplicates(self.gallery, pixels, seen) if exclude_duplicates else ()
        found = self.gallery.search(query, min(max(top_k, 2), max(1, len(self.gallery) - len(copies))), exclude=copies)
        clock.lap("search")
        first = self.gallery.embeddings[found.indices[:, 0]].to(query)  # (1, D)
        reference = explain_reference(composer, features, tokens.states, tokens.mask, first, blank, evidence)
        clock.lap("reference map")
        result = Explanation(
            text=text,
            image=pixels,
            reference=self._map(reference.shown[0], box, "reference", reference.change[0]),
            words=(),
            hits=(),
            model=self.model.name,
            gallery=self.name,
            fingerprint=self.model.fingerprint,
            text_weight=text_weight,
            excluded=copies,
            timing_ms=dict(clock.laps),
        )
        yield result

        confidence = None
        if self.confidence and text_weight == 1:  # it was fitted on queries as they are
            confidence = float(self.confidence(clues_of(found.scores, query.cpu(), seen.cpu())))
        records = [self.gallery.records[i] for i in found.indices[0, :top_k].tolist()]
        pictures = [load_image(record.path) for record in records]
        target_features, boxes = self.model.features(pictures)  # (K, C, h, w)
        clock.lap("target features")
        maps = explain_targets(composer, target_features, change, query, blank, evidence)
        clock.lap("target maps")
        hits = tuple(
            Hit(rank, record, score, picture, self._map(shown, target_box, "target", own))
            for rank, (record, score, picture, shown, own, target_box) in enumerate(
                zip(records, found.scores[0, :top_k].tolist(), pictures, *maps, boxes, strict=True), start=1
            )
        )
        result = replace(result, hits=hits, confidence=confidence, timing_ms=dict(clock.laps))
        yield result

        asked = EncodedQuery(text, pixels, box, features, tokens, before, query)
        words = self._words(asked, target_features, boxes, text_weight)
        clock.lap("words")
        yield replace(result, words=words, timing_ms=dict(clock.laps) | {"total": sum(clock.laps.values())})

    def suggest(self, image: Source) -> list[str]:
        """Ready sentences to try on a picture, made of the things that are recognised in it."""
        return suggest(recognise(self.model, self.gallery, load_image(image)))

    def contrast(self, image: Source, text: str, first: str, second: str, text_weight: float = 1.0) -> Contrast:
        """Why the picture `first` of the gallery rather than `second`, both by id. Raises InputError as `explain`, and
        for an unknown id."""
        return why.contrast(self.model, self._asked(image, text, text_weight), self._seen([first, second]), text_weight)

    def per_result_attribution(
        self, image: Source, text: str, ids: Sequence[str], text_weight: float = 1.0
    ) -> tuple[AttentionMap, ...]:
        """For each picture of the gallery, what the change at each place of the reference speaks for it."""
        return why.per_result_attribution(self.model, self._asked(image, text, text_weight), self._seen(ids))

    def text_agnostic_gradcam(
        self, image: Source, text: str, ids: Sequence[str]
    ) -> tuple[AttentionMap, tuple[AttentionMap, ...]]:
        """Grad-CAM that never reads the text, at the reference and at each picture of the gallery, to compare with."""
        return why.text_agnostic(self.model, self._asked(image, text, 1.0), self._seen(ids))

    def verify(self, image: Source, text: str, hit: str, text_weight: float = 1.0) -> OcclusionCheck:
        """Cover what the map marks in a picture of the gallery, and as much elsewhere, and rank it again each time."""
        asked, found = self._asked(image, text, text_weight), self._seen([hit])
        composer, blank, evidence = self.model.composer, self.model.baseline_features, self.model.encoder.to_grid
        maps = explain_targets(composer, found.features, asked.query - asked.before, asked.query, blank, evidence)
        return occlusion_check(
            self.model, self.gallery, asked, found, self._map(maps.shown[0], found.boxes[0], "target")
        )

    def _asked(self, image: Source, text: str, text_weight: float) -> EncodedQuery:
        text, _ = self._checked(text, 1)
        text_weight = self._checked_text_weight(text_weight)
        pixels = load_image(image)
        features, (box,) = self.model.features([pixels])
        tokens = self._tokens(text)
        with torch.no_grad():
            before = self.model.composer.encode_reference(features)
            query = self.model.composer.encode_query(features, tokens.states, tokens.mask)
        return EncodedQuery(text, pixels, box, features, tokens, before, interpolate_query(before, query, text_weight))

    def _seen(self, ids: Sequence[str]) -> EncodedImages:
        unknown = [name for name in ids if name not in self.gallery.positions]
        if unknown or not ids:
            raise InputError(f"The gallery holds no picture {unknown[:1]}; please give ids of its pictures.")
        records = tuple(self.gallery.records[self.gallery.positions[name]] for name in ids)
        pictures = [load_image(record.path) for record in records]
        features, boxes = self.model.features(pictures)
        return EncodedImages(records, tuple(pictures), features, tuple(boxes))

    def _tokens(self, text: str) -> TextTokens:
        tokens = self.model.encode_text(text)
        if not tokens.words[0]:
            raise InputError("The text holds no word; say in words what should be different.")
        return tokens

    def _words(
        self, asked: EncodedQuery, target_features: Tensor, boxes: Sequence[Letterbox], text_weight: float
    ) -> tuple[WordAttribution, ...]:
        """Each word's share: the text against the text without the word, W texts together."""
        found = word_maps(
            self.model.encoder,
            self.model.composer,
            asked.text,
            asked.tokens,
            asked.features,
            target_features,
            asked.before,
            asked.query,
            text_weight,
        )
        return tuple(
            WordAttribution(
                word=word.text,
                start=word.start,
                end=word.end,
                weight=float(weight),
                reference=self._map(reference, asked.box, "word_reference"),
                targets=tuple(self._map(values, b, "word_target") for values, b in zip(row, boxes, strict=True)),
            )
            for word, weight, reference, row in zip(
                found.words, found.weights, found.reference, found.targets, strict=True
            )
        )

    def _map(self, values: Tensor, box: Letterbox, kind: str, change: Tensor | None = None) -> AttentionMap:
        own = None if change is None else change.float().cpu().numpy()
        return AttentionMap(values.float().cpu().numpy(), box, float(self.thresholds.get(kind, 0.0)), own)

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

    def _checked_text_weight(self, text_weight: float) -> float:
        if (
            isinstance(text_weight, bool)
            or not isinstance(text_weight, int | float)
            or not 0 <= text_weight <= MAX_TEXT_WEIGHT
        ):
            raise InputError(f"The text_weight must be a number from 0 to {MAX_TEXT_WEIGHT:g}, not {text_weight!r}.")
        return float(text_weight)


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(1000 * (now - self._last), 1)
        self._last = now


def load(
    model: str | Path | None = None,
    gallery: str | Path | None = None,
    device: str | None = None,
    composition: str | None = None,
    weight: float | None = None,
    adapter: str | Path | None = None,
) -> Engine:
    """An engine of a model (default: the embedded one) and a gallery (default: the one that is shipped).

    `model`, `device`, `composition`, `weight` and `adapter` are those of `mmgrad.models.model.load_model`, and
    `gallery` that of `Gallery.load`: a folder, or a dataset repository of the hub; its embeddings lie on the model's
    device. Raises ModelError, GalleryError or InputError, each saying what is missing and what to do.
    """
    loaded = load_model(model, device, composition, weight, adapter)
    stored = Gallery.load(gallery if gallery is not None else DEFAULT_GALLERY, loaded)
    return Engine(loaded, stored.to(loaded.device))

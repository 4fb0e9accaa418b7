"""End-to-end pipeline: encode the query, search the gallery, attribute the match. The entry point of the library."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, overload

import torch

from mmgrad.arguments import DEFAULT_TOP_K as DEFAULT_TOP_K
from mmgrad.arguments import MAX_TEXT as MAX_TEXT
from mmgrad.arguments import MAX_TEXT_WEIGHT as MAX_TEXT_WEIGHT
from mmgrad.arguments import MAX_TOP_K as MAX_TOP_K
from mmgrad.arguments import checked_text, checked_text_weight, checked_top_k, paired
from mmgrad.attribution.assemble import attention_map, make_hits, make_words
from mmgrad.attribution.blend import explain_reference, explain_targets
from mmgrad.attribution.encoded import (
    attribution_model,
    encode_records,
    encode_reference,
    grid_shape,
    missing_note,
)
from mmgrad.attribution.follow_ups import EncodedFollowUps
from mmgrad.attribution.words import word_maps
from mmgrad.errors import InputError
from mmgrad.gallery.gallery import Gallery
from mmgrad.gallery.near_duplicates import find_near_duplicates
from mmgrad.imaging.io import Source, read_image
from mmgrad.models.model import Model, load_model
from mmgrad.results import (
    AttentionMap,
    Contrast,
    Explanation,
    OcclusionCheck,
    SearchHits,
)
from mmgrad.retrieval import confidence_of, rank, search_batch
from mmgrad.suggestions import recognize_objects, suggest_edits
from mmgrad.utils.resources import GALLERY as DEFAULT_GALLERY
from mmgrad.utils.timing import StepTimer
from mmgrad.utils.torch_defaults import standard_torch

BATCH = 32
"""Queries of a search that are encoded together."""

Several = list[Any] | tuple[Any, ...]


class Engine:
    """A model and a gallery; using an engine changes neither.

    Args:
        name: what answers call the gallery; by default `Gallery.name`.
    """

    def __init__(self, model: Model, gallery: Gallery, name: str | None = None):
        self.model = model
        self.gallery = gallery
        self.name = name or gallery.name

    @classmethod
    def from_pretrained(
        cls, model: str | Path | None = None, gallery: str | Path | None = None, **options: Any
    ) -> "Engine":
        """The same as `mmgrad.load`."""
        return load(model, gallery, **options)

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The model's thresholds of "no evidence", by kind of map; empty where none were calibrated. Read-only."""
        return MappingProxyType(self.model.card.get("no_evidence", {}))

    @overload
    def search(
        self,
        images: Source,
        texts: str,
        top_k: int = ...,
        text_weight: float = ...,
        exclude_duplicates: bool = ...,
    ) -> SearchHits: ...

    @overload
    def search(
        self,
        images: Source | Several,
        texts: str | Several,
        top_k: int = ...,
        text_weight: float = ...,
        exclude_duplicates: bool = ...,
    ) -> SearchHits | list[SearchHits]: ...

    @torch.inference_mode(False)
    @torch.no_grad()
    def search(
        self,
        images: Source | Several,
        texts: str | Several,
        top_k: int = DEFAULT_TOP_K,
        text_weight: float = 1.0,
        exclude_duplicates: bool = False,
    ) -> SearchHits | list[SearchHits]:
        """The first `top_k` pictures of the gallery for each image changed as its text says; no maps, no gradients.

        Args:
            images, texts: one of each, or lists; one image may go with many texts, and one text with many images.
            top_k: how many results; all there are where the gallery has fewer.
            text_weight: how much the text's change counts, from 0 (the picture alone) through 1 (as trained) to 2.
            exclude_duplicates: leave out the gallery's near-duplicates of the image.

        Returns:
            SearchHits for one image and one text, else a list of them.

        Raises:
            InputError: a picture that cannot be read, an empty or too long text, or a number out of range.
        """
        sources, written, single = paired(images, texts)
        written = [checked_text(text) for text in written]
        top_k, text_weight = checked_top_k(top_k), checked_text_weight(text_weight)
        answers: list[SearchHits] = []
        for start in range(0, len(sources), BATCH):
            batch = sources[start : start + BATCH], written[start : start + BATCH]
            answers += search_batch(self.model, self.gallery, *batch, top_k, text_weight, exclude_duplicates)
        return answers[0] if single else answers

    def explain(
        self,
        image: Source,
        text: str,
        top_k: int = DEFAULT_TOP_K,
        *,
        maps: bool = True,
        words: bool = True,
        text_weight: float = 1.0,
        exclude_duplicates: bool = False,
    ) -> Explanation:
        """The first `top_k` pictures of the gallery for `image` changed as `text` says, with their maps.

        Args:
            top_k: how many results, at most MAX_TOP_K; all there are where the gallery has fewer.
            maps: compute the maps of the reference and the results. Without, they are placeholders.
            words: compute the weight and the maps of each word of the text; needs `maps`.
            text_weight: how much the text's change counts, from 0 (the picture alone) through 1 (as trained) to 2.
            exclude_duplicates: leave out the gallery's near-duplicates of `image`.

        Raises:
            InputError: a picture that cannot be read, an empty or too long text, or a number out of range.
        """
        *_, last = self.stream(
            image,
            text,
            top_k,
            maps=maps,
            words=words,
            text_weight=text_weight,
            exclude_duplicates=exclude_duplicates,
        )
        return last

    @torch.inference_mode(False)
    def stream(
        self,
        image: Source,
        text: str,
        top_k: int = DEFAULT_TOP_K,
        *,
        maps: bool = True,
        words: bool = True,
        text_weight: float = 1.0,
        exclude_duplicates: bool = False,
    ) -> Iterator[Explanation]:
        """`explain` in steps, each a complete Explanation: with the reference map; with the hits; with the words."""
        timer = StepTimer()
        text, text_weight = checked_text(text), checked_text_weight(text_weight)
        top_k = checked_top_k(min(checked_top_k(top_k), len(self.gallery)), MAX_TOP_K)
        pixels, letterbox, query = encode_reference(self.model, image, text, text_weight, timer)
        with torch.no_grad():
            seen = self.model.composer.encode_image(query.features)  # (1, D)
        copies = find_near_duplicates(self.gallery, pixels, seen) if exclude_duplicates else ()
        ranking = rank(self.gallery, query.query, top_k, copies)
        timer.lap("search")
        model = attribution_model(self.model)
        grid = grid_shape(model, query.features)
        reference = AttentionMap.placeholder(grid, letterbox, pixels)
        if maps:
            first = self.gallery.embeddings[ranking.indices[:, 0]].to(query.query)  # (1, D)
            of_reference = explain_reference(model, query.features, query.tokens, first)
            shown, change = of_reference.shown[0], of_reference.change[0]
            threshold = self.thresholds.get("reference", 0.0)
            reference = attention_map(shown, letterbox, pixels, threshold, change)
            timer.lap("reference map")
        result = Explanation(
            text=text,
            image=pixels,
            reference=reference,
            words=(),
            hits=(),
            model=self.model.name,
            gallery=self.name,
            fingerprint=self.model.fingerprint,
            text_weight=text_weight,
            excluded=copies,
            timing_ms=dict(timer.steps),
        )
        yield result

        scores, rows = ranking.scores[0, :top_k].tolist(), ranking.indices[0, :top_k].tolist()
        found, changed = encode_records(self.model, self.gallery, rows)
        timer.lap("target features")
        of_targets = None
        if maps and found.records:
            of_targets = explain_targets(model, found.features, query.change, query.query)
            timer.lap("target maps")
        ranked = [(self.gallery.records[row], score) for row, score in zip(rows, scores, strict=True)]
        hits = make_hits(ranked, found, changed, of_targets, self.thresholds.get("target", 0.0), grid)
        result = replace(
            result,
            hits=hits,
            confidence=confidence_of(self.model, ranking.scores, query.query, seen, text_weight),
            timing_ms=dict(timer.steps),
            follow_ups=EncodedFollowUps(self.model, self.gallery, pixels, letterbox, query, found, self.thresholds),
        )
        yield result

        if maps and words and found.records:
            of_words = word_maps(model, self.model.encoder, query, found.features)
            result = replace(result, words=make_words(of_words, reference, hits, self.thresholds))
            timer.lap("words")
        yield replace(result, timing_ms=timer.steps | {"total": timer.total})

    def suggest(self, image: Source) -> list[str]:
        """Sentences to try on a picture, made of the things that are recognized in it."""
        return suggest_edits(recognize_objects(self.model, self.gallery, read_image(image).pixels))

    def contrast(self, image: Source, text: str, first: str, second: str, text_weight: float = 1.0) -> Contrast:
        """Why the picture `first` of the gallery rather than `second`, both by id.

        Raises InputError as `explain`, and for an unknown id, as the other follow-up questions do.
        """
        return self._follow_ups(image, text, [first, second], text_weight).contrast(first, second)

    def per_result_attribution(
        self, image: Source, text: str, ids: Sequence[str], text_weight: float = 1.0
    ) -> tuple[AttentionMap, ...]:
        """For each picture of the gallery, a map over the reference: how much the change at each place contributes to
        its score."""
        return self._follow_ups(image, text, ids, text_weight).per_result_attribution(ids)

    def text_agnostic_gradcam(
        self, image: Source, text: str, ids: Sequence[str]
    ) -> tuple[AttentionMap, tuple[AttentionMap, ...]]:
        """Grad-CAM that does not read the text, over the reference and over each picture of the gallery, to compare."""
        return self._follow_ups(image, text, ids, 1.0).text_agnostic_gradcam(ids)

    def verify(self, image: Source, text: str, hit: str, text_weight: float = 1.0) -> OcclusionCheck:
        """Occlude what the map marks in a picture of the gallery, and control regions of the same size, and rank it
        again each time."""
        return self._follow_ups(image, text, [hit], text_weight).verify(hit)

    def _follow_ups(self, image: Source, text: str, ids: Sequence[str], text_weight: float) -> EncodedFollowUps:
        """The query and some pictures of the gallery, encoded anew. Raises InputError."""
        reference = encode_reference(self.model, image, checked_text(text), checked_text_weight(text_weight))
        unknown = [name for name in ids if name not in self.gallery.positions]
        if unknown or not ids:
            raise InputError(f"The gallery holds no picture {unknown[:1]}; give ids of its pictures.")
        found, _ = encode_records(self.model, self.gallery, [self.gallery.positions[name] for name in ids])
        if len(found.records) < len(ids):
            shown = {record.id for record in found.records}
            raise InputError(missing_note(next(name for name in ids if name not in shown)))
        return EncodedFollowUps(self.model, self.gallery, *reference, found, self.thresholds)


@standard_torch()
def load(
    model: str | Path | None = None,
    gallery: str | Path | None = None,
    device: str | torch.device | None = None,
    composition: str | None = None,
    weight: float | None = None,
    adapter: str | Path | None = None,
) -> Engine:
    """An engine of a model (default: the embedded one) and a gallery (default: the one that is shipped).

    `model`, `device`, `composition`, `weight` and `adapter` are those of `mmgrad.models.model.load_model`, and
    `gallery` that of `Gallery.load`: a folder, or a dataset repository of the Hugging Face hub. The embeddings of the
    gallery are moved to the model's device. Raises ModelError, GalleryError or InputError.
    """
    loaded = load_model(model, device, composition, weight, adapter)
    stored = Gallery.load(gallery if gallery is not None else DEFAULT_GALLERY, loaded)
    return Engine(loaded, stored.to(loaded.device))

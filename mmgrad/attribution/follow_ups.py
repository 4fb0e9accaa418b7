"""Follow-up questions about one answer: contrast, occlusion check, per-result attribution, text-agnostic Grad-CAM.

All are computed from the encoded query and the encoded pictures; nothing is encoded again, except occluded pictures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mmgrad.attribution.assemble import attention_map
from mmgrad.attribution.baselines import text_agnostic_gradcam
from mmgrad.attribution.blend import explain_targets
from mmgrad.attribution.contrast import contrast_maps, per_result_maps
from mmgrad.attribution.encoded import EncodedImages, EncodedQuery, attribution_model
from mmgrad.attribution.occlusion_check import occlusion_check
from mmgrad.gallery.gallery import Gallery
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.models.model import Model
from mmgrad.results import AttentionMap, Contrast, OcclusionCheck


@dataclass(frozen=True, eq=False, repr=False)
class EncodedFollowUps:
    """Answers follow-up questions about a query and some pictures of the gallery, by their ids.

    It keeps references to the model and the gallery, and float32 feature maps of the reference and the K pictures.

    Attributes:
        image, letterbox: the reference, uint8 [H, W, 3], and its geometry.
        query: the encoded query. found: the encoded pictures.
        thresholds: the model's thresholds of "no evidence".
    """

    model: Model
    gallery: Gallery
    image: np.ndarray
    letterbox: Letterbox
    query: EncodedQuery
    found: EncodedImages
    thresholds: Mapping[str, float]

    @property
    def nbytes(self) -> int:
        """The size of the feature maps that are kept, in bytes."""
        return sum(each.numel() * each.element_size() for each in (self.query.features, self.found.features))

    @torch.inference_mode(False)
    def contrast(self, first: str, second: str) -> Contrast:
        """Why the picture `first` rather than `second`. Raises KeyError for other pictures, as all methods do."""
        pair = self.found.select([first, second])
        maps = contrast_maps(attribution_model(self.model), self.model.encoder, self.query, pair.features)
        one, other = maps.scores.tolist()
        targets = tuple(attention_map(*each) for each in zip(maps.targets, pair.letterboxes, pair.images, strict=True))
        words = zip(self.query.tokens.words[0], maps.words.tolist(), strict=True)
        return Contrast(
            first=pair.records[0],
            second=pair.records[1],
            scores=(one, other),
            reference=attention_map(maps.reference, self.letterbox, self.image),
            targets=(targets[0], targets[1]),
            words=tuple((word.text, word.start, word.end, weight) for word, weight in words),
        )

    @torch.inference_mode(False)
    def verify(self, hit: str) -> OcclusionCheck:
        """Occlude what the map marks in a picture, and control regions of the same size, and rank it again each time.

        Raises InputError where the map holds no evidence.
        """
        found, query = self.found.select([hit]), self.query
        maps = explain_targets(attribution_model(self.model), found.features, query.change, query.query)
        threshold = self.thresholds.get("target", 0.0)
        attention = attention_map(maps.shown[0], found.letterboxes[0], threshold=threshold, change=maps.change[0])
        return occlusion_check(self.model, self.gallery, query.query[0], found.records[0], found.images[0], attention)

    @torch.inference_mode(False)
    def per_result_attribution(self, ids: Sequence[str]) -> tuple[AttentionMap, ...]:
        """For each picture, a map over the reference: how much the change at each place contributes to its score."""
        if not ids:
            return ()
        maps = per_result_maps(attribution_model(self.model), self.query, self.found.select(ids).features)
        return tuple(attention_map(values, self.letterbox, self.image) for values in maps)

    @torch.inference_mode(False)
    def text_agnostic_gradcam(self, ids: Sequence[str]) -> tuple[AttentionMap, tuple[AttentionMap, ...]]:
        """Grad-CAM of <g(reference), g(picture)>, which does not read the text: at the reference, against the first
        picture, and at each picture, against the reference."""
        model, found = attribution_model(self.model), self.found.select(ids)
        with torch.no_grad():
            first = model.composer.encode_image(found.features[:1])
            own = model.composer.encode_image(self.query.features)
        reference = text_agnostic_gradcam(model, self.query.features, first)
        targets = text_agnostic_gradcam(model, found.features, own.expand(len(ids), -1))
        return attention_map(reference[0], self.letterbox, self.image), tuple(
            attention_map(*each) for each in zip(targets, found.letterboxes, found.images, strict=True)
        )

"""A query and pictures of the gallery as the model sees them: encoded once, shared by all maps and follow-ups."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmgrad.attribution.gradients import AttributionModel, Head
from mmgrad.encoders.base import TextTokens
from mmgrad.errors import InputError
from mmgrad.gallery.gallery import Gallery
from mmgrad.gallery.pictures import Picture
from mmgrad.gallery.sources.record import Record
from mmgrad.imaging.io import Source, read_image
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.models.model import Model
from mmgrad.models.query import interpolate_query
from mmgrad.utils.timing import StepTimer


@dataclass(frozen=True, eq=False)
class EncodedQuery:
    """A reference and a text as the model sees them.

    Attributes:
        text: the modification text.
        tokens: of the text, B = 1.
        features: [1, C, h, w], the feature map of the reference.
        reference: [1, D], the query without a text, L2-normalized.
        query: [1, D], the composed query, L2-normalized.
        text_weight: how much the text counts in `query`; 1 is as trained.
    """

    text: str
    tokens: TextTokens
    features: Tensor
    reference: Tensor
    query: Tensor
    text_weight: float = 1.0

    @classmethod
    def of(
        cls, composer: Head, text: str, tokens: TextTokens, features: Tensor, text_weight: float = 1.0
    ) -> "EncodedQuery":
        """Compose the query of a text with the feature map of a reference, without gradients."""
        with torch.no_grad():
            reference = composer.encode_reference(features)
            query = composer.encode_query(features, tokens.states, tokens.mask)
        return cls(text, tokens, features, reference, interpolate_query(reference, query, text_weight), text_weight)

    @property
    def change(self) -> Tensor:
        """[1, D], what the text moved the query by."""
        return self.query - self.reference

    def with_texts(self, composer: Head, tokens: TextTokens) -> Tensor:
        """The queries of W other texts about the same reference, with the same weight of the text: [W, D]."""
        features = self.features.expand(len(tokens.states), -1, -1, -1)
        with torch.no_grad():
            queries = composer.encode_query(features, tokens.states, tokens.mask)
        return interpolate_query(self.reference, queries, self.text_weight)


@dataclass(frozen=True, eq=False)
class EncodedImages:
    """K pictures of the gallery as the model sees them: records, pixels uint8 [H, W, 3], features [K, C, h, w], and the
    geometry of each."""

    records: tuple[Record, ...]
    images: tuple[np.ndarray, ...]
    features: Tensor
    letterboxes: tuple[Letterbox, ...]

    def select(self, ids: Sequence[str]) -> "EncodedImages":
        """The pictures with these ids, in this order. Raises KeyError for an id that is not among them."""
        row_of = {record.id: row for row, record in enumerate(self.records)}
        rows = [row_of[name] for name in ids]
        return EncodedImages(
            tuple(self.records[row] for row in rows),
            tuple(self.images[row] for row in rows),
            self.features[rows],
            tuple(self.letterboxes[row] for row in rows),
        )


def attribution_model(model: Model) -> AttributionModel:
    """What attribution needs of a model."""
    return AttributionModel(model.composer, model.encoder.to_grid, model.baseline_features)


def grid_shape(model: AttributionModel, features: Tensor) -> tuple[int, int]:
    """Rows and columns of the maps of feature maps [B, C, h, w]."""
    rows, columns = model.to_grid(features[:1]).shape[1:]
    return rows, columns


def encode_texts(model: Model, texts: Sequence[str]) -> TextTokens:
    """The tokens of some texts. Raises InputError for a text that holds no word."""
    tokens = model.encoder.encode_text(texts)
    if not all(tokens.words):
        raise InputError("The text holds no word; say in words what should be different.")
    return tokens


def encode_reference(
    model: Model, source: Source, text: str, text_weight: float = 1.0, timer: StepTimer | None = None
) -> tuple[np.ndarray, Letterbox, EncodedQuery]:
    """The pixels of a reference, uint8 [H, W, 3], its geometry, and the query of it and a text.

    Raises InputError for a picture that cannot be read, and a text that holds no word.
    """
    timer = timer or StepTimer()
    picture = read_image(source)
    features, (box,) = model.features([picture.pixels])
    timer.lap("features")
    query = EncodedQuery.of(model.composer, text, encode_texts(model, [text]), features, text_weight)
    timer.lap("text")
    return picture.pixels, box.for_size(picture.height, picture.width), query


def encode_records(model: Model, gallery: Gallery, rows: Sequence[int]) -> tuple[EncodedImages, dict[str, Picture]]:
    """Some pictures of a gallery as the model sees them, and by id those that are not as they were.

    A picture may have been deleted or damaged after it was indexed. Its thumbnail stands for it; without one it is
    blank, and not among the encoded images.
    """
    records, pictures = [gallery.records[row] for row in rows], gallery.pictures(rows)
    changed = {record.id: one for record, one in zip(records, pictures, strict=True) if one.blank or one.note}
    kept = [(record, one) for record, one in zip(records, pictures, strict=True) if not one.blank]
    if not kept:
        return EncodedImages((), (), torch.empty(0), ()), changed
    features, boxes = model.features([one.pixels for _, one in kept])
    return EncodedImages(
        records=tuple(record for record, _ in kept),
        images=tuple(one.pixels for _, one in kept),
        features=features,
        letterboxes=tuple(box.for_size(one.height, one.width) for box, (_, one) in zip(boxes, kept, strict=True)),
    ), changed


def missing_note(name: str) -> str:
    """A sentence about a picture of the gallery that cannot be read; it does not name the path."""
    return f"The picture '{name}' of the gallery can no longer be read; index the gallery again."

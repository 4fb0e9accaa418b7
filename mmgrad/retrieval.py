"""Search without maps: rank the gallery for one or several composed queries."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmgrad.attribution.encoded import encode_texts
from mmgrad.errors import InputError
from mmgrad.gallery.gallery import Gallery
from mmgrad.gallery.near_duplicates import find_near_duplicates
from mmgrad.gallery.search import SearchResult
from mmgrad.imaging.io import Source, read_image
from mmgrad.models.confidence import Confidence, clues_of
from mmgrad.models.model import Model
from mmgrad.models.query import interpolate_query
from mmgrad.results import SearchHit, SearchHits


def rank(gallery: Gallery, queries: Tensor, top_k: int, excluded: Sequence[str] = ()) -> SearchResult:
    """The first pictures of the gallery for each query [Q, D]: `top_k`, but at least two, for the confidence, or all
    that there are. Raises InputError where all are excluded."""
    available = len(gallery) - len(excluded)
    if available < 1:
        raise InputError(
            "Every picture of the gallery is a near-duplicate of the reference, and duplicates are excluded; include "
            "them, or choose another gallery."
        )
    return gallery.search(queries, min(max(top_k, 2), available), exclude=excluded)


def confidence_of(model: Model, scores: Tensor, query: Tensor, image: Tensor, text_weight: float) -> float | None:
    """The chance that the first hit is the picture asked for; None where none was calibrated, or where `text_weight` is
    not 1, as in calibration.

    scores: [1, k], descending. query, image: q and g(I_r), both [1, D].
    """
    calibrated = Confidence.from_card(model.card)
    if calibrated is None or text_weight != 1:
        return None
    return float(calibrated(clues_of(scores, query.cpu(), image.cpu())))


@torch.no_grad()
def search_batch(
    model: Model,
    gallery: Gallery,
    sources: Sequence[Source],
    texts: Sequence[str],
    top_k: int,
    text_weight: float = 1.0,
    exclude_duplicates: bool = False,
) -> list[SearchHits]:
    """The hits of some images, each with a text, encoded together; an image that is given several times only once.

    Raises InputError for a picture that cannot be read and a text that holds no word.
    """
    unique = {id(source): source for source in sources}
    row_of = {key: row for row, key in enumerate(unique)}
    rows = [row_of[id(source)] for source in sources]
    pictures = [read_image(source).pixels for source in unique.values()]
    features, _ = model.features(pictures)
    images, references = model.composer.encode_image(features), model.composer.encode_reference(features)
    tokens = encode_texts(model, texts)
    queries = model.composer.encode_query(features[rows], tokens.states, tokens.mask)
    queries = interpolate_query(references[rows], queries, text_weight)  # (Q, D)
    copies: list[tuple[str, ...]] = [()] * len(texts)
    if exclude_duplicates:
        found = [find_near_duplicates(gallery, one, image[None]) for one, image in zip(pictures, images, strict=True)]
        copies = [found[row] for row in rows]
        parts = [rank(gallery, queries[i : i + 1], top_k, copies[i]) for i in range(len(texts))]
        rankings = [(part.scores[0], part.indices[0]) for part in parts]
    else:
        together = rank(gallery, queries, top_k)
        rankings = list(zip(together.scores, together.indices, strict=True))
    answers = []
    for i, (scores, indices) in enumerate(rankings):
        kept = zip(indices[:top_k].tolist(), scores[:top_k].tolist(), strict=True)
        hits = tuple(SearchHit(n, gallery.records[row], score) for n, (row, score) in enumerate(kept, start=1))
        image = images[rows[i]][None]
        confidence = confidence_of(model, scores[None], queries[i : i + 1], image, text_weight)
        answers.append(SearchHits(texts[i], hits, copies[i], confidence))
    return answers

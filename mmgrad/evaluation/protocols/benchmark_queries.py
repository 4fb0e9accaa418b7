"""Embeddings of the gallery and of the queries of a benchmark."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from mmgrad.datasets.base import Benchmark
from mmgrad.encoders.base import TextTokens
from mmgrad.encoders.prompts import PromptEncoder
from mmgrad.imaging.io import load_image
from mmgrad.models.model import Model
from mmgrad.models.zero_shot import DualComposer

BATCH = 32
"""Pictures, or queries, that are embedded in one step."""


def embed_gallery(model: Model, paths: Sequence[Path], progress: bool = True) -> Tensor:
    """g of the pictures at `paths`, float32 [N, D] on the CPU. Raises InputError if one cannot be read."""
    images = torch.zeros(len(paths), model.dimension)
    with tqdm(total=len(paths), desc="Gallery", unit=" pictures", disable=not progress) as bar:
        for start in range(0, len(paths), BATCH):
            part = paths[start : start + BATCH]
            images[start : start + len(part)] = model.encode_image([load_image(path) for path in part]).float().cpu()
            bar.update(len(part))
    return images


@torch.no_grad()
def compose(model: Model, benchmark: Benchmark, progress: bool = True) -> tuple[Tensor, Tensor]:
    """q of each query, and the embedding of its text alone, both float32 [Q, D] on the CPU, in query order.

    Each reference is decoded and encoded once. Raises InputError if one cannot be read.
    """
    asked: dict[str, list[int]] = {}
    for i, query in enumerate(benchmark.queries):
        asked.setdefault(query.reference, []).append(i)
    composed = torch.zeros(len(benchmark.queries), model.dimension)
    alone = torch.zeros_like(composed)
    references = list(asked)
    with tqdm(total=len(composed), desc="Queries", unit=" queries", disable=not progress) as bar:
        for start in range(0, len(references), BATCH):
            names = references[start : start + BATCH]
            features = model.features([load_image(benchmark.gallery[name]) for name in names])[0]
            pairs = torch.tensor([(row, i) for row, name in enumerate(names) for i in asked[name]])  # (queries, 2)
            for part in pairs.split(BATCH):
                rows, places = part.unbind(dim=1)
                tokens = model.encoder.encode_text([benchmark.queries[i].text for i in places.tolist()])
                chosen = features[rows.to(features.device)]
                composed[places] = model.composer.encode_query(chosen, tokens.states, tokens.mask).float().cpu()
                alone[places] = _text_alone(model, tokens).float().cpu()
                bar.update(len(part))
    return composed, alone


def _text_alone(model: Model, tokens: TextTokens) -> Tensor:
    """The text embeddings [B, D] of a dual encoder; for other models, the composed queries on a blank picture."""
    if isinstance(model.composer, DualComposer) and not isinstance(model.encoder, PromptEncoder):
        return functional.normalize(tokens.states[:, 0], dim=-1)
    wide = model.baseline_features.expand(len(tokens.states), -1, -1, -1)
    return model.composer.encode_query(wide, tokens.states, tokens.mask)

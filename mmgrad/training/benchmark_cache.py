"""Cached features of the images and queries of a benchmark, such as FashionIQ.

No benchmark annotates the region that a text changes. Training images are therefore cached as they are and mirrored:
the maps of the two have to agree (see `mmgrad.training.losses.consistency_loss`).
"""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmgrad.datasets.base import Benchmark, Query
from mmgrad.datasets.cirr import read_cirr
from mmgrad.datasets.fashioniq import read_fashioniq
from mmgrad.encoders.base import Trainable
from mmgrad.errors import InputError
from mmgrad.imaging.io import load_image
from mmgrad.training import shards
from mmgrad.training.features import MIRRORED, Features, keep_texts

READERS: dict[str, Callable[[Path, str], Benchmark]] = {"fashioniq": read_fashioniq, "cirr": read_cirr}
"""The benchmarks with a split to train on."""

SHARD = 500  # pictures, or texts
BLOCK = 20  # images per batch of the encoder
FAMILY = 6  # queries of one category, where a benchmark has no image sets
CUT = 10
"""K of the Recall@K that is validated: the first rank is often taken by the reference itself."""

Job = tuple[Path, tuple[Path, ...], bool]


def build(
    folder: Path, encoder: Trainable, name: str, root: Path, split: str, most: int | None = None, workers: int = 2
) -> Features:
    """The features of a split, computed where they are missing; of at most its first `most` families.

    In "train" the images are those of the queries; elsewhere they are the whole gallery, so that validation ranks all
    of it (in FashionIQ, all categories together). A family is an image set of CIRR, or consecutive queries of one
    category.

    Raises InputError where a file or a picture of the benchmark is missing or broken or the truths are secret, and
    ModelError where the folder is the cache of another encoder.
    """
    shards.bind_cache(folder, encoder)
    benchmark = READERS[name](Path(root).expanduser(), split)
    if benchmark.hidden:
        raise InputError(f"The targets of the split '{split}' of {benchmark.name} are secret; train on another.")
    families = _families(benchmark.queries)[:most]
    queries = [query for family in families for query in family]
    train = split == "train"
    named = [_names(query) for query in queries]
    names = list(dict.fromkeys(each for some in named for each in some)) if train else list(benchmark.gallery)
    place = {one: row for row, one in enumerate(names)}
    own = folder / f"{name}-{split}"
    own.mkdir(parents=True, exist_ok=True)
    jobs: list[Job] = []
    for start in range(0, len(names), SHARD):
        paths = tuple(benchmark.gallery[one] for one in names[start : start + SHARD])
        jobs.append((own / f"pictures-{start:06d}-{_digest(map(_version, paths))}.safetensors", paths, train))
    shards.make([job for job in jobs if not job[0].exists()], _write_pictures, encoder, workers)
    texts = [query.text for query in queries]
    sentences = [_texts(own, encoder, start, texts[start : start + SHARD]) for start in range(0, len(texts), SHARD)]
    return Features(
        stages=encoder.stage_names,
        pictures=tuple(shards.read_shard(path)[0] for path, _, _ in jobs),
        scene_starts=torch.tensor([*range(0, len(names), SHARD), len(names)]),
        sentences=tuple(sentences),
        triplet_starts=torch.tensor([*range(0, len(texts), SHARD), len(texts)]),
        reference=torch.tensor([place[query.reference] for query in queries]),
        target=torch.tensor([place[query.truths[0]] for query in queries]),
        family=torch.tensor([number for number, family in enumerate(families) for _ in family]),
        members=tuple(
            torch.tensor(list(dict.fromkeys(place[one] for query in family for one in _names(query))))
            for family in families
        ),
        regions=torch.zeros(len(queries), 2, encoder.grid_out, encoder.grid_out, dtype=torch.uint8),
        info=tuple({"text": text, "edit": name, "removed": None, "added": None} for text in texts),
        annotated=False,
        cut=CUT,
    )


def _families(queries: tuple[Query, ...]) -> list[list[Query]]:
    """Queries that form a batch together: of one image set, or of one category in the order of the file."""
    groups: dict[tuple[str | int, ...], list[Query]] = {}
    counts: dict[str, int] = {}
    for query in queries:
        number = counts[query.category] = counts.get(query.category, -1) + 1
        key = tuple(sorted(query.subset)) or (query.category, number // FAMILY)
        groups.setdefault(key, []).append(query)
    return list(groups.values())


def _names(query: Query) -> tuple[str, ...]:
    """The images among which a query is to find its target."""
    return (query.reference, query.truths[0], *query.subset)


def _version(path: Path) -> str:
    """Path, size and modification time of an image, which change with the file."""
    kept = path.stat()
    return f"{path.resolve()} {kept.st_size} {kept.st_mtime_ns}"


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _write_pictures(job: Job, encoder: Trainable) -> None:
    path, pictures, mirrored = job
    kept: dict[str, list[Tensor]] = {}
    for start in range(0, len(pictures), BLOCK):
        images = [load_image(each) for each in pictures[start : start + BLOCK]]
        _keep(kept, "", images, encoder)
        if mirrored:
            _keep(kept, MIRRORED, [np.ascontiguousarray(image[:, ::-1]) for image in images], encoder)
    shards.write_shard(path, {name: torch.cat(blocks) for name, blocks in kept.items()})


def _keep(kept: dict[str, list[Tensor]], prefix: str, images: list[np.ndarray], encoder: Trainable) -> None:
    stages = encoder.stages(encoder.prepare(images)[0])
    for name, stage in zip(encoder.stage_names, stages, strict=True):
        kept.setdefault(prefix + name, []).append(stage.half().cpu().contiguous())


def _texts(folder: Path, encoder: Trainable, start: int, texts: list[str]) -> dict[str, Tensor]:
    """The shard of some texts, written where it is missing."""
    path = folder / f"texts-{start:06d}-{_digest(texts)}.safetensors"
    if not path.exists():
        shards.write_shard(path, keep_texts(texts, encoder))
    return shards.read_shard(path)[0]

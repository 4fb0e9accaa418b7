"""Features of the edit scenes, computed once and cached: the trunk is frozen, so an epoch only reads them.

A shard is one safetensors file of 100 families.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from mmgrad.encoders.base import Trainable
from mmgrad.imaging.io import Letterbox
from mmgrad.synthetic.asset_library import load_asset_library
from mmgrad.synthetic.families import Family, make_family
from mmgrad.synthetic.photo_families import load_photographs, make_photograph_family
from mmgrad.training import shards
from mmgrad.training.features import Features, keep_texts

SHARD = 100  # families
BLOCK = 20  # scenes per batch of the encoder
SEEN = 0.4
"""A position belongs to the object of a photograph where its class activation is at least this share of the peak."""
VERSION = 4


@dataclass(frozen=True)
class Part:
    """A range of families of a split, from the number `first` on.

    They are edit scenes or, with a folder of labeled photographs, families of these.
    """

    split: str
    families: int
    photographs: Path | None = None
    first: int = 0

    @property
    def name(self) -> str:
        """Folder of its shards."""
        return f"{self.split}-photographs" if self.photographs else self.split

    def family(self, number: int) -> Family:
        """The family of this number."""
        if self.photographs:
            return make_photograph_family(_photographs(self.photographs), self.split, number)
        return make_family(load_asset_library(), self.split, number)


_photographs = lru_cache(maxsize=1)(load_photographs)


def build(folder: Path, encoder: Trainable, *parts: Part, workers: int = 2) -> Features:
    """Compute the missing shards of these parts and load all parts as one. A progress bar shows the time left.

    Raises ModelError where the folder is the cache of another encoder.
    """
    shards.bind_cache(folder, encoder)
    jobs = []
    for part in parts:
        (folder / part.name).mkdir(parents=True, exist_ok=True)
        jobs += [(path, part, numbers) for path, numbers in _shards(folder, part) if not path.exists()]
    shards.make(jobs, _make_shard, encoder, workers)
    return load(folder, encoder, *parts)


def load(folder: Path, encoder: Trainable, *parts: Part) -> Features:
    """Load these parts as one from their shards (memory-mapped)."""
    loaded: list[dict[str, Tensor]] = []
    info: list[dict[str, Any]] = []
    members: list[Tensor] = []
    reference: list[Tensor] = []
    target: list[Tensor] = []
    family: list[Tensor] = []
    scene_starts, triplet_starts = [0], [0]
    for path in (path for part in parts for path, _ in _shards(folder, part)):
        shard, rows = shards.read_shard(path)
        info += rows
        first = scene_starts[-1]
        reference.append(shard["reference"] + first)
        target.append(shard["target"] + first)
        family.append(shard["family"] + len(members))
        starts = (shard["scenes_of"] + first).tolist()
        members += [torch.arange(start, stop) for start, stop in pairwise(starts)]
        triplet_starts.append(triplet_starts[-1] + len(shard["reference"]))
        scene_starts.append(starts[-1])
        loaded.append(shard)
    return Features(
        stages=encoder.stage_names,
        pictures=tuple(loaded),
        scene_starts=torch.tensor(scene_starts),
        sentences=tuple(loaded),
        triplet_starts=torch.tensor(triplet_starts),
        reference=torch.cat(reference),
        target=torch.cat(target),
        family=torch.cat(family),
        members=tuple(members),
        regions=torch.cat([shard["regions"] for shard in loaded]),
        info=tuple(info),
    )


def _shards(folder: Path, part: Part) -> Iterator[tuple[Path, range]]:
    """The files of a part, and the families in each."""
    end = part.first + part.families
    for start in range(part.first, end, SHARD):
        stop = min(start + SHARD, end)
        yield folder / part.name / f"v{VERSION}-{start:05d}-{stop:05d}.safetensors", range(start, stop)


def _make_shard(job: tuple[Path, Part, range], encoder: Trainable) -> None:
    path, part, numbers = job
    _write(path, [part.family(number) for number in numbers], encoder)


def _region(mask: np.ndarray | None, box: Letterbox, places: int, seen: Tensor | None = None) -> np.ndarray:
    """The share of each of `places` x `places` positions that a pixel mask covers, uint8; all zero without a mask.

    `seen` [h, w], the class activation map (Zhou et al., arXiv 1512.04150) of the object of a photograph, narrows the
    mask of the whole photograph to the positions of at least SEEN of its peak.
    """
    if mask is None:
        return np.zeros((places, places), np.uint8)
    share = box.covered(mask, places, places)
    if seen is not None:
        spread = cv2.resize(seen.cpu().numpy(), (places, places), interpolation=cv2.INTER_LINEAR)
        evidence = spread * (share > 0.5)
        if evidence.max() > 0:
            share = share * (evidence >= SEEN * evidence.max())
    levels: np.ndarray = np.ceil(255 * share).astype(np.uint8)
    return levels


def _write(path: Path, families: list[Family], encoder: Trainable) -> None:
    scenes = [scene for family in families for scene in family.scenes]
    triplets = [t for family in families for t in family.triplets]
    blocks, boxes = [], []
    for i in range(0, len(scenes), BLOCK):
        pixels, geometry = encoder.prepare(scenes[i : i + BLOCK])
        blocks.append([stage.half().cpu().contiguous() for stage in encoder.stages(pixels)])
        boxes += geometry
    starts = np.cumsum([0] + [len(family.scenes) for family in families])
    owner = [f for f, family in enumerate(families) for _ in family.triplets]
    reference = [int(starts[f]) + t.reference for f, t in zip(owner, triplets, strict=True)]
    target = [int(starts[f]) + t.target for f, t in zip(owner, triplets, strict=True)]

    def region(mask: np.ndarray | None, scene: int, row: int | None) -> np.ndarray:
        stage = blocks[scene // BLOCK][-1][scene % BLOCK]
        seen = None if row is None else encoder.class_activation(stage, row)
        return _region(mask, boxes[scene], encoder.grid_out, seen)

    regions = [
        np.stack([region(t.reference_mask, r, t.reference_class), region(t.target_mask, g, t.target_class)])
        for t, r, g in zip(triplets, reference, target, strict=True)
    ]
    plain = ("text", "others", "edit", "template", "unseen_photo", "unseen_template", "removed", "added")
    tensors = {
        **{name: torch.cat(stage) for name, stage in zip(encoder.stage_names, zip(*blocks, strict=True), strict=True)},
        "reference": torch.tensor(reference),
        "target": torch.tensor(target),
        "family": torch.tensor(owner),
        "scenes_of": torch.from_numpy(starts),
        "regions": torch.from_numpy(np.stack(regions)),
        **keep_texts([text for t in triplets for text in (t.text, *t.others)], encoder),
    }
    shards.write_shard(path, tensors, [{key: getattr(t, key) for key in plain} for t in triplets])

"""Features of the edit scenes, computed once and kept in shards: the trunk is frozen, so an epoch only reads them.

A shard is one safetensors file of 100 families, written whole or not at all; an interrupted build goes on where it
stopped.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from mmgrad.data.atlas import load_atlas
from mmgrad.data.edits import Family, make_family
from mmgrad.data.photographs import load_photographs, make_photograph_family
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.images import Letterbox

SHARD = 100  # families
GRID = 14
SEEN = 0.4
VERSION = 2

_ENCODER: CompactEncoder | None = None  # of a worker process


@dataclass(frozen=True)
class Features:
    """Cached features of one split.

    fine [S, 112, 14, 14] and coarse [S, 320, 7, 7] float16 a scene; for each of the T triplets: reference and target
    [T] int64 (scene), family [T] int64, regions [T, 2, 14, 14] uint8 (share of each position that changes in the
    reference and in the target, 255 = all; all zero = not defined), and `info`, a dict of text, edit, pattern and
    flags. `scenes_of` is the first scene of each family [F + 1].
    """

    shards: tuple[dict[str, Tensor], ...]
    scene_starts: Tensor
    triplet_starts: Tensor
    reference: Tensor
    target: Tensor
    family: Tensor
    regions: Tensor
    scenes_of: Tensor
    info: tuple[dict, ...]

    def scenes(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """fine and coarse of the scenes `index` [B] int64, float32."""
        shard = torch.bucketize(index, self.scene_starts[1:], right=True)
        rows = list(zip(shard.tolist(), (index - self.scene_starts[shard]).tolist(), strict=True))
        fine, coarse = (torch.stack([self.shards[s][key][i] for s, i in rows]).float() for key in ("fine", "coarse"))
        return fine, coarse

    def texts(self, index: Tensor, encoder: CompactEncoder) -> tuple[Tensor, Tensor]:
        """Token states [B, L, 2048] float32 and mask [B, L] of the triplets `index` [B] int64.

        What the tokens mean is cached; what they look like is looked up again by the encoder.
        """
        shard = torch.bucketize(index, self.triplet_starts[1:], right=True)
        parts = []
        for s, i in zip(shard.tolist(), (index - self.triplet_starts[shard]).tolist(), strict=True):
            start, stop = self.shards[s]["starts"][i : i + 2]
            parts.append(self.shards[s]["states"][start:stop].float())
        lengths = torch.tensor([len(part) for part in parts])
        states = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True)
        looks = encoder.look([self.info[i]["text"] for i in index.tolist()])
        return torch.cat([states, looks], dim=-1), torch.arange(states.shape[1]) < lengths[:, None]


@dataclass(frozen=True)
class Part:
    """The first `families` families of a split: edit scenes, or those of labelled photographs in a folder."""

    split: str
    families: int
    photographs: Path | None = None

    @property
    def name(self) -> str:
        """Folder of its shards."""
        return f"{self.split}-photographs" if self.photographs else self.split

    def family(self, number: int) -> Family:
        """The family of this number."""
        if self.photographs:
            return make_photograph_family(_photographs(self.photographs), self.split, number)
        return make_family(load_atlas(), self.split, number)


_photographs = lru_cache(maxsize=1)(load_photographs)


def build(folder: Path, *parts: Part, workers: int = 2) -> Features:
    """Compute the missing shards of these parts and load them all as one. Progress is shown with the time left."""
    jobs = []
    for part in parts:
        (folder / part.name).mkdir(parents=True, exist_ok=True)
        for path, numbers in _shards(folder, part):
            if not path.exists():
                jobs.append((path, part, numbers))
    if jobs:
        # One process a core, each with a thread of its own and whole shards to make: nothing waits for anything.
        with get_context("spawn").Pool(workers, _start_worker) as pool:
            made = pool.imap_unordered(_make_shard, jobs)
            for _ in tqdm(made, total=len(jobs), desc="features", unit="shard"):
                pass
    return load(folder, *parts)


def load(folder: Path, *parts: Part) -> Features:
    """Load these parts as one from their shards (memory-mapped)."""
    shards, info = [], []
    columns: dict[str, list[Tensor]] = {"reference": [], "target": [], "family": [], "scenes_of": []}
    scene_starts, triplet_starts, family_count = [0], [0], 0
    for path in (path for part in parts for path, _ in _shards(folder, part)):
        with safe_open(path, framework="pt") as file:
            shard = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
            info += json.loads(file.metadata()["info"])
        first = scene_starts[-1]
        columns["reference"].append(shard["reference"] + first)
        columns["target"].append(shard["target"] + first)
        columns["family"].append(shard["family"] + family_count)
        columns["scenes_of"].append(shard["scenes_of"][:-1] + first)
        triplet_starts.append(triplet_starts[-1] + len(shard["reference"]))
        scene_starts.append(first + len(shard["fine"]))
        family_count += len(shard["scenes_of"]) - 1
        shards.append(shard)
    columns["scenes_of"].append(torch.tensor([scene_starts[-1]]))
    joined = {key: torch.cat(parts) for key, parts in columns.items()}
    return Features(
        shards=tuple(shards),
        scene_starts=torch.tensor(scene_starts),
        triplet_starts=torch.tensor(triplet_starts),
        regions=torch.cat([shard["regions"] for shard in shards]),
        info=tuple(info),
        **joined,
    )


def _shards(folder: Path, part: Part) -> Iterator[tuple[Path, range]]:
    """The files of a part, and the families in each."""
    for start in range(0, part.families, SHARD):
        stop = min(start + SHARD, part.families)
        yield folder / part.name / f"v{VERSION}-{start:05d}-{stop:05d}.safetensors", range(start, stop)


def _start_worker() -> None:
    global _ENCODER
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    _ENCODER = CompactEncoder()
    _ENCODER.compile()


def _make_shard(job: tuple[Path, Part, range]) -> None:
    path, part, numbers = job
    assert _ENCODER is not None
    _write(path, [part.family(number) for number in numbers], _ENCODER)


def _region(mask: np.ndarray | None, box: Letterbox, seen: np.ndarray | None = None) -> np.ndarray:
    """Share of each of 14 x 14 positions that a pixel mask covers, uint8; all zero where there is no mask.

    `seen` [7, 7], the class activation map (Zhou et al., arXiv 1512.04150) of what a photograph shows, narrows the mask
    of the whole photograph to the places of at least SEEN of its peak.
    """
    if mask is None:
        return np.zeros((GRID, GRID), np.uint8)
    square = box.apply_mask(mask).astype(np.float32)
    share = cv2.resize(square, (GRID, GRID), interpolation=cv2.INTER_AREA)
    if seen is not None:
        evidence = cv2.resize(seen, (GRID, GRID), interpolation=cv2.INTER_LINEAR) * (share > 0.5)
        if evidence.max() > 0:
            share = share * (evidence >= SEEN * evidence.max())
    return np.ceil(255 * share).astype(np.uint8)


def _write(path: Path, families: list[Family], encoder: CompactEncoder) -> None:
    scenes = [scene for family in families for scene in family.scenes]
    triplets = [t for family in families for t in family.triplets]
    fine, coarse, boxes = [], [], []
    for i in range(0, len(scenes), 20):
        pixels, geometry = encoder.prepare(scenes[i : i + 20])
        stages = encoder.stages(pixels)
        fine.append(stages[0].half().contiguous())
        coarse.append(stages[1].half().contiguous())
        boxes += geometry
    starts = np.cumsum([0] + [len(family.scenes) for family in families])
    owner = [f for f, family in enumerate(families) for _ in family.triplets]
    reference = [int(starts[f]) + t.reference for f, t in zip(owner, triplets, strict=True)]
    target = [int(starts[f]) + t.target for f, t in zip(owner, triplets, strict=True)]

    def seen(scene: int, row: int | None) -> np.ndarray | None:
        return None if row is None else encoder.class_activation(coarse[scene // 20][scene % 20], row).numpy()

    regions = [
        np.stack(
            [
                _region(t.reference_mask, boxes[r], seen(r, t.reference_class)),
                _region(t.target_mask, boxes[g], seen(g, t.target_class)),
            ]
        )
        for t, r, g in zip(triplets, reference, target, strict=True)
    ]
    order = sorted(range(len(triplets)), key=lambda i: len(triplets[i].text))
    states: dict[int, Tensor] = {}
    for i in range(0, len(order), 64):
        batch = order[i : i + 64]
        tokens = encoder.read([triplets[j].text for j in batch])
        states |= {j: s[m].half() for j, s, m in zip(batch, tokens.states, tokens.mask, strict=True)}
    lengths = [len(states[i]) for i in range(len(triplets))]
    plain = ("text", "edit", "pattern", "unseen_photo", "unseen_pattern", "removed", "added")
    info = [{key: getattr(t, key) for key in plain} for t in triplets]
    tensors = {
        "fine": torch.cat(fine),
        "coarse": torch.cat(coarse),
        "reference": torch.tensor(reference),
        "target": torch.tensor(target),
        "family": torch.tensor(owner),
        "scenes_of": torch.from_numpy(starts),
        "regions": torch.from_numpy(np.stack(regions)),
        "states": torch.cat([states[i] for i in range(len(triplets))]),
        "starts": torch.tensor(np.cumsum([0, *lengths])),
    }
    temporary = path.with_suffix(f".{os.getpid()}.part")
    save_file(tensors, temporary, metadata={"info": json.dumps(info)})
    os.replace(temporary, path)

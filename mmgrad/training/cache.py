"""Features of the edit scenes, computed once and kept in shards: the trunk is frozen, so an epoch only reads them.

A shard is one safetensors file of 100 families, written whole or not at all; an interrupted build goes on where it
stopped.
"""

import json
import os
from dataclasses import dataclass
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
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.images import Letterbox

SHARD = 100  # families
VERSION = 1


@dataclass(frozen=True)
class Features:
    """Cached features of one split.

    fine [S, 112, 14, 14] and coarse [S, 320, 7, 7] float16 a scene; for each of the T triplets: reference and target
    [T] int64 (scene), family [T] int64, regions [T, 2, 14, 14] uint8 (share of each position that changes in the
    reference and in the target, 255 = all; all zero = not defined), states [sum of L, 384] float16 with starts [T + 1]
    int64, and `info`, a dict of text, edit, pattern and flags. `scenes_of` is the first scene of each family [F + 1].
    """

    shards: tuple[dict[str, Tensor], ...]
    scene_starts: Tensor
    reference: Tensor
    target: Tensor
    family: Tensor
    regions: Tensor
    states: Tensor
    starts: Tensor
    scenes_of: Tensor
    info: tuple[dict, ...]

    def scenes(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """fine and coarse of the scenes `index` [B] int64, float32."""
        shard = torch.bucketize(index, self.scene_starts[1:], right=True)
        rows = list(zip(shard.tolist(), (index - self.scene_starts[shard]).tolist(), strict=True))
        fine, coarse = (torch.stack([self.shards[s][key][i] for s, i in rows]).float() for key in ("fine", "coarse"))
        return fine, coarse

    def texts(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Token states [B, L, 384] float32 and mask [B, L] of the triplets `index` [B] int64."""
        parts = [self.states[self.starts[i] : self.starts[i + 1]].float() for i in index]
        lengths = torch.tensor([len(part) for part in parts])
        states = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True)
        return states, torch.arange(states.shape[1]) < lengths[:, None]


def build(split: str, families: int, folder: Path, encoder: CompactEncoder, workers: int = 2) -> Features:
    """Compute the missing shards of a split and load them all. Progress is shown with the time left."""
    folder = folder / split
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [
        [(split, index) for index in range(s * SHARD, min((s + 1) * SHARD, families))]
        for s in range(-(-families // SHARD))
        if not _path(folder, s, families).exists()
    ]
    if not jobs:
        return load(folder.parent, split, families)
    with (
        get_context("spawn").Pool(workers) as pool,
        tqdm(total=len(jobs), desc=f"features {split}", unit="shard") as bar,
    ):
        drawn = [pool.map_async(_render, job, chunksize=4) for job in jobs[:1]]
        for number, job in enumerate(jobs):
            made = drawn.pop().get()
            # The next shard is drawn while this one is encoded: one ahead, so that memory stays bounded.
            drawn = [pool.map_async(_render, following, chunksize=4) for following in jobs[number + 1 : number + 2]]
            _write(_path(folder, job[0][1] // SHARD, families), made, encoder)
            bar.update()
    return load(folder.parent, split, families)


def load(folder: Path, split: str, families: int) -> Features:
    """Load the first `families` families of a split from their shards (memory-mapped)."""
    shards, info, texts = [], [], [torch.zeros(1, dtype=torch.int64)]
    columns: dict[str, list[Tensor]] = {"reference": [], "target": [], "family": [], "scenes_of": []}
    scene_starts, family_count, token_count = [0], 0, 0
    for s in range(-(-families // SHARD)):
        with safe_open(_path(folder / split, s, families), framework="pt") as file:
            shard = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
            info += json.loads(file.metadata()["info"])
        first = scene_starts[-1]
        columns["reference"].append(shard["reference"] + first)
        columns["target"].append(shard["target"] + first)
        columns["family"].append(shard["family"] + family_count)
        columns["scenes_of"].append(shard["scenes_of"][:-1] + first)
        texts.append(shard["starts"][1:] + token_count)
        scene_starts.append(first + len(shard["fine"]))
        family_count += len(shard["scenes_of"]) - 1
        token_count += int(shard["starts"][-1])
        shards.append(shard)
    columns["scenes_of"].append(torch.tensor([scene_starts[-1]]))
    joined = {key: torch.cat(parts) for key, parts in columns.items()}
    return Features(
        shards=tuple(shards),
        scene_starts=torch.tensor(scene_starts),
        regions=torch.cat([shard["regions"] for shard in shards]),
        states=torch.cat([shard["states"] for shard in shards]),
        starts=torch.cat(texts),
        info=tuple(info),
        **joined,
    )


def _path(folder: Path, shard: int, families: int) -> Path:
    return folder / f"v{VERSION}-{shard * SHARD:05d}-{min((shard + 1) * SHARD, families):05d}.safetensors"


def _render(job: tuple[str, int]) -> Family:
    cv2.setNumThreads(1)
    return make_family(load_atlas(), *job)


def _region(mask: np.ndarray | None, grid: int, box: Letterbox) -> np.ndarray:
    """Share of each of grid x grid positions that a pixel mask covers, uint8; all zero where there is no mask."""
    if mask is None:
        return np.zeros((grid, grid), np.uint8)
    square = box.apply_mask(mask).astype(np.float32)
    return np.ceil(255 * cv2.resize(square, (grid, grid), interpolation=cv2.INTER_AREA)).astype(np.uint8)


def _write(path: Path, families: list[Family], encoder: CompactEncoder) -> None:
    scenes = [scene for family in families for scene in family.scenes]
    triplets = [t for family in families for t in family.triplets]
    fine, coarse, boxes = [], [], []
    for i in range(0, len(scenes), 50):
        pixels, geometry = encoder.prepare(scenes[i : i + 50])
        stages = encoder.stages(pixels)
        fine.append(stages[0].half().contiguous())
        coarse.append(stages[1].half().contiguous())
        boxes += geometry
    starts = np.cumsum([0] + [len(family.scenes) for family in families])
    owner = [f for f, family in enumerate(families) for _ in family.triplets]
    reference = [int(starts[f]) + t.reference for f, t in zip(owner, triplets, strict=True)]
    target = [int(starts[f]) + t.target for f, t in zip(owner, triplets, strict=True)]
    regions = [
        np.stack([_region(t.reference_mask, 14, boxes[r]), _region(t.target_mask, 14, boxes[g])])
        for t, r, g in zip(triplets, reference, target, strict=True)
    ]
    order = sorted(range(len(triplets)), key=lambda i: len(triplets[i].text))
    states: dict[int, Tensor] = {}
    for i in range(0, len(order), 64):
        batch = order[i : i + 64]
        tokens = encoder.encode_text([triplets[j].text for j in batch])
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

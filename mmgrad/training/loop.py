"""The training loop of the composition head over cached features; deterministic, resumable, best by validation."""

import json
import math
import os
import time
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Optimizer
from tqdm import tqdm

from mmgrad.composer import Composer
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.errors import ModelError
from mmgrad.model import save_composer
from mmgrad.training.batches import Sampler, Settings
from mmgrad.training.cache import Features
from mmgrad.training.calibration import calibrate
from mmgrad.training.objective import objective


def train(settings: Settings, data: Features, validation: Features, encoder: CompactEncoder, folder: Path) -> Composer:
    """Train a composer, keep the best one by validation Recall@1 in `folder`, and return the last.

    `folder/state.safetensors` holds the run's state after every evaluation; a run that was killed goes on from there
    and makes the batches that it would have made.
    """
    torch.manual_seed(settings.seed)
    composer = Composer(encoder.channels, encoder.token_width, encoder.grid)
    _standardise(composer, data, encoder)
    decayed = [p for p in composer.parameters() if p.ndim > 1]
    plain = [p for p in composer.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))
    folder.mkdir(parents=True, exist_ok=True)
    start, best, seconds = _resume(folder, composer, optimizer, settings)
    sampler = Sampler(data, settings, encoder)
    bar = tqdm(range(start, settings.steps), initial=start, total=settings.steps, desc="train", unit="step")
    began = time.monotonic() - seconds
    for step in bar:
        batch = sampler.batch(step)
        torch.manual_seed(settings.seed * 1_000_003 + step)  # of the dropout
        composer.train()
        loss, parts = objective(composer, batch, encoder.evidence, settings, step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(composer.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * _rate(step, settings)
        optimizer.step()
        if step % 20 == 0:
            bar.set_postfix(parts)
        if (step + 1) % settings.evaluate_every == 0 or step + 1 == settings.steps:
            seconds = time.monotonic() - began
            recall = recall_at_1(composer, validation, encoder)
            line = {"step": step + 1, "seconds": round(seconds), "validation_recall_at_1": round(recall, 4), **parts}
            with (folder / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
            tqdm.write(json.dumps(line))
            if recall > best:
                best = recall
                card = {
                    "settings": asdict(settings),
                    "step": step + 1,
                    "seconds": round(seconds),
                    "validation_recall_at_1": recall,
                }
                thresholds = calibrate(composer, validation, encoder)
                save_composer(composer, {"name": "compact", "no_evidence": thresholds, "training": card}, folder)
            _save(folder, composer, optimizer, step + 1, best, seconds, settings)
    return composer


@torch.no_grad()
def embed(composer: Composer, data: Features, encoder: CompactEncoder, block: int = 128) -> tuple[Tensor, Tensor]:
    """g of all scenes [S, 256] and q of all triplets [T, 256] of a split, bfloat16 inside."""
    composer.eval()
    g, q = [], []
    for part in torch.arange(int(data.scene_starts[-1])).split(block):
        fine, coarse = data.scenes(part)
        with torch.autocast(fine.device.type, torch.bfloat16):
            g.append(composer.image(encoder.unpack(fine, coarse)))
    for part in torch.arange(len(data.reference)).split(block):
        fine, coarse = data.scenes(data.reference[part])
        states, mask = data.texts(part)
        with torch.autocast(fine.device.type, torch.bfloat16):
            q.append(composer.query(encoder.unpack(fine, coarse), states, mask))
    return torch.cat(g), torch.cat(q)


def recall_at_1(composer: Composer, data: Features, encoder: CompactEncoder) -> float:
    """Share of the split's queries whose target is the first of all its scenes, the reference among them."""
    g, q = embed(composer, data, encoder)
    return float(((q @ g.T).argmax(1) == data.target).float().mean())


def _standardise(composer: Composer, data: Features, encoder: CompactEncoder) -> None:
    features = encoder.unpack(*data.scenes(torch.arange(0, min(400, int(data.scene_starts[-1])))))
    composer.mean.copy_(features.mean(dim=(0, 2, 3)))
    composer.std.copy_(features.std(dim=(0, 2, 3)).clamp_min(1e-3))


def _rate(step: int, settings: Settings) -> float:
    if step < settings.warmup:
        return (step + 1) / settings.warmup
    done = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _save(
    folder: Path, composer: Composer, optimizer: Optimizer, step: int, best: float, seconds: float, settings: Settings
) -> None:
    tensors = {f"weight.{key}": value.contiguous() for key, value in composer.state_dict().items()}
    for name, parameter in composer.named_parameters():
        tensors |= {f"{key}.{name}": value.contiguous() for key, value in optimizer.state[parameter].items()}
    metadata = {"step": step, "best": best, "seconds": seconds, "settings": asdict(settings)}
    temporary = folder / "state.safetensors.part"
    save_file(tensors, temporary, metadata={"run": json.dumps(metadata)})
    os.replace(temporary, folder / "state.safetensors")


def _resume(folder: Path, composer: Composer, optimizer: Optimizer, settings: Settings) -> tuple[int, float, float]:
    """Take up a killed run of the same settings: (step to go on with, best recall so far, seconds spent)."""
    path = folder / "state.safetensors"
    if not path.exists():
        return 0, -1.0, 0.0
    with safe_open(path, framework="pt") as file:
        run = json.loads(file.metadata()["run"])
        if run["settings"] != asdict(settings):
            raise ModelError(
                f"{folder} holds a run with other settings; give another folder or the settings it began with."
            )
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
    composer.load_state_dict({key[7:]: value for key, value in tensors.items() if key.startswith("weight.")})
    for name, parameter in composer.named_parameters():
        kept = {key.split(".", 1)[0]: value for key, value in tensors.items() if key.split(".", 1)[1] == name}
        optimizer.state[parameter] = {key: value for key, value in kept.items() if key != "weight"}
    return run["step"], run["best"], run["seconds"]

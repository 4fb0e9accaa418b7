"""The training loop of the composition head over cached features.

A run is determined by its settings and its data, can be resumed, and keeps the best head by validation.
"""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast

import torch
from torch import Tensor
from torch.optim import AdamW, Optimizer
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from mmgrad.encoders.base import Trainable
from mmgrad.models.checkpoint import init_from, save_composer
from mmgrad.models.composer import Composer
from mmgrad.synthetic.photo_folder import Photograph
from mmgrad.training.batches import Sampler
from mmgrad.training.calibrate import calibrated_card, named_recalls, tune
from mmgrad.training.cross_batch_memory import CrossBatchMemory
from mmgrad.training.features import Features
from mmgrad.training.fit_prototype_head import fit_prototype_head
from mmgrad.training.fit_single_object import fit_single_object
from mmgrad.training.losses import compute_loss
from mmgrad.training.muon import Muon
from mmgrad.training.run_state import Progress, RunState
from mmgrad.training.settings import Settings

Tensors = tuple[Tensor, ...] | list[Tensor]

AVERAGED = 250
"""Steps over which the weights that are kept are a running mean of those of the run."""


def train(
    settings: Settings,
    data: Features,
    validation: dict[str, Features],
    encoder: Trainable,
    folder: Path,
    checkpoints: Sequence[Path] = (),
    photographs: Sequence[Photograph] = (),
) -> Composer:
    """Train a composer on the encoder's device, keep the best one in `folder`, and return the last.

    The initial weights are random, or those of a checkpoint's folder, or the mean of several. What is validated, kept
    and returned is a running mean of the weights (Polyak and Juditsky, 1992); the best one is that with the greatest
    recall on the set "validation". The recall on further sets of `validation` is logged. The single-object classifier
    is fitted on `photographs`.

    `folder/state.safetensors` holds the state of the run after every evaluation. A run that was killed resumes from
    there, on any device, and makes the same batches that it would have made.
    """
    composer = _start(settings, data, encoder, checkpoints, photographs)
    optimizers = _optimizers(composer, settings)
    average = AveragedModel(composer, multi_avg_fn=_update_means)
    mean = cast(Composer, average.module)
    mean.eval().requires_grad_(False)
    memory = CrossBatchMemory(settings.memory, composer.dimension, encoder.device)
    state = RunState(composer, average, optimizers, memory, settings, encoder)
    folder.mkdir(parents=True, exist_ok=True)
    progress = state.resume(folder)
    sampler = Sampler(data, settings, encoder)
    bar = tqdm(range(progress.step, settings.steps), initial=progress.step, total=settings.steps, desc="train")
    began = time.monotonic() - progress.seconds
    for step in bar:
        batch = sampler.batch(step)
        torch.manual_seed(settings.seed * 1_000_003 + step)  # of the dropout
        composer.train()
        candidates = memory if step >= settings.warmup else None  # before, embeddings age too fast
        loss, parts = compute_loss(composer, batch, encoder.to_grid, settings, step, candidates)
        composer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(composer.parameters(), 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * _rate(step, settings)
            optimizer.step()
        average.update_parameters(composer)
        if step % 20 == 0:
            bar.set_postfix(_numbers(parts))
        if (step + 1) % settings.evaluate_every == 0 or step + 1 == settings.steps:
            done = Progress(step + 1, progress.best, time.monotonic() - began)
            progress = _evaluate(mean, validation, encoder, folder, settings, done, _numbers(parts))
            state.save(folder, progress)
    return mean


def _start(
    settings: Settings,
    data: Features,
    encoder: Trainable,
    checkpoints: Sequence[Path],
    photographs: Sequence[Photograph],
) -> Composer:
    """The composer of step 0. Random weights are drawn on the CPU: a seed gives the same ones on every device."""
    torch.manual_seed(settings.seed)
    composer = composer_for(encoder).to(encoder.device)
    if checkpoints:
        init_from(composer, checkpoints)
    else:
        _standardize(composer, data, encoder)
    fit_prototype_head(composer, data, encoder)
    fit_single_object(composer, photographs, encoder)
    return composer


def _evaluate(
    mean: Composer,
    validation: dict[str, Features],
    encoder: Trainable,
    folder: Path,
    settings: Settings,
    done: Progress,
    parts: dict[str, float],
) -> Progress:
    """Log how the mean of the weights does, and keep it where it is the best so far."""
    recalls = tune(mean, validation, encoder)
    done_so_far = {"step": done.step, "seconds": round(done.seconds), **named_recalls(recalls, validation)}
    line = done_so_far | parts
    with (folder / "log.jsonl").open("a") as log:
        log.write(json.dumps(line) + "\n")
    tqdm.write(json.dumps(line))
    if recalls["validation"] <= done.best:
        return done
    training = {"settings": asdict(settings), **done_so_far}
    save_composer(mean, calibrated_card(mean, validation["validation"], encoder) | {"training": training}, folder)
    return Progress(done.step, recalls["validation"], done.seconds)


def composer_for(encoder: Trainable) -> Composer:
    """A composer of random weights for the features and token states of an encoder."""
    return Composer(encoder.channels, encoder.token_width, encoder.grid, encoder.prototype_dim)


def _numbers(parts: dict[str, Tensor]) -> dict[str, float]:
    """The parts of a loss, read from the device."""
    return {name: round(float(value), 3) for name, value in parts.items()}


def _update_means(means: Tensors, current: Tensors, count: Tensor | int) -> None:
    """Move running means of weights towards the current weights; the memory is short in the first steps."""
    torch._foreach_lerp_(means, current, max(1 / AVERAGED, 9 / (10 + int(count))))


def _standardize(composer: Composer, data: Features, encoder: Trainable) -> None:
    """Measure the mean and deviation of each channel."""
    rows = torch.arange(0, min(400, int(data.scene_starts[-1])))
    features = encoder.unpack(*data.scenes(rows, device=encoder.device))
    composer.mean.copy_(features.mean(dim=(0, 2, 3)))
    composer.std.copy_(features.std(dim=(0, 2, 3)).clamp_min(1e-3))


def _optimizers(composer: Composer, settings: Settings) -> tuple[Optimizer, ...]:
    """Muon for matrices, AdamW for all other parameters."""
    trained = [p for p in composer.parameters() if p.requires_grad]
    matrices = [p for p in trained if p.ndim == 2 and p is not composer.pos_embed]
    others = [p for p in trained if p.ndim != 2 or p is composer.pos_embed]
    muon = Muon(matrices, settings.learning_rate, settings.weight_decay)
    return muon, AdamW(others, lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=0.0)


def _rate(step: int, settings: Settings) -> float:
    """The learning rate of a step as a factor: linear warm-up, then a cosine down to 0.02."""
    if step < settings.warmup:
        return (step + 1) / settings.warmup
    done = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

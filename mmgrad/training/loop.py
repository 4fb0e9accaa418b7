"""The training loop of the composition head over cached features; deterministic, resumable, best by validation."""

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
from mmgrad.models.checkpoint import init_from, save_composer, training_info
from mmgrad.models.composer import Composer
from mmgrad.models.model import card_over
from mmgrad.synthetic.photo_folder import Photograph
from mmgrad.training.batches import Sampler, Settings
from mmgrad.training.calibration import calibrate, calibrate_confidence, tune_branch_weight, tune_edit_scale
from mmgrad.training.cross_batch_memory import CrossBatchMemory
from mmgrad.training.features import Features
from mmgrad.training.fit_prototype_head import fit_prototype_head
from mmgrad.training.fit_single_object import fit_single_object
from mmgrad.training.losses import objective
from mmgrad.training.muon import Muon
from mmgrad.training.run_state import RunState
from mmgrad.training.validation import recall

AVERAGED = 250  # steps: the time over which the weights that are kept are a running mean of those of the run


def train(
    settings: Settings,
    data: Features,
    validation: dict[str, Features],
    encoder: Trainable,
    folder: Path,
    begin: Sequence[Path] = (),
    photographs: Sequence[Photograph] = (),
) -> Composer:
    """Train a composer, keep the best one by the recall of "validation" in `folder`, and return the last.

    The weights are random at first, or those of the checkpoint in the folder `begin`, or of several their mean. What is
    validated, kept and returned is a running mean of them (Polyak and Juditsky, 1992).
    `validation` may hold further sets by name; their recall is logged. From `photographs` it is learnt which pictures
    are photographs of one thing. With no steps, only what is measured and not learnt is set anew: the reach, the share
    of the named look and where it counts more, the thresholds of evidence, the confidence; and the named look itself
    where the checkpoint has none; its card goes on telling how the head was trained, the last one of several.
    `folder/state.safetensors` holds the run's state after every evaluation; a run that was killed goes on from there
    and makes the batches that it would have made.
    """
    torch.manual_seed(settings.seed)
    composer = composer_for(encoder)
    if begin:
        init_from(composer, begin)
    else:
        _standardise(composer, data, encoder)
    fit_prototype_head(composer, data, encoder)
    fit_single_object(composer, photographs, encoder)
    optimizers = _optimizers(composer, settings)
    average = AveragedModel(composer, avg_fn=_averaged)
    mean = cast(Composer, average.module)
    mean.eval().requires_grad_(False)
    memory = CrossBatchMemory(settings.memory, composer.dimension)
    state = RunState(composer, average, optimizers, memory, settings, encoder)
    folder.mkdir(parents=True, exist_ok=True)
    start, best, seconds = state.resume(folder)
    sampler = Sampler(data, settings, encoder)
    bar = tqdm(range(start, settings.steps), initial=start, total=settings.steps, desc="train", unit="step")
    began = time.monotonic() - seconds

    def evaluate(done: int, parts: dict[str, float]) -> None:
        """Log how the mean does after so many steps, keep it where it is the best, and the state in any case."""
        nonlocal best
        seconds = time.monotonic() - began
        tune_edit_scale(mean, validation["validation"], encoder)
        tune_branch_weight(mean, validation["validation"], encoder)
        recalls = {name: recall(mean, held_out, encoder) for name, held_out in validation.items()}
        measured = {f"{name}_recall_at_{validation[name].cut}": round(value, 4) for name, value in recalls.items()}
        line = {"step": done, "seconds": round(seconds), **measured, **parts}
        with (folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        tqdm.write(json.dumps(line))
        if recalls["validation"] > best:
            best = recalls["validation"]
            made = card_over(encoder)
            held_out = validation["validation"]
            if held_out.annotated:
                made["no_evidence"] = calibrate(mean, held_out, encoder)
                made["confidence"] = calibrate_confidence(mean, held_out, encoder).to_card()
            how = {"settings": asdict(settings), "step": done, "seconds": round(seconds)}
            if begin and settings.steps == 0:
                how = training_info(begin[-1])
            save_composer(mean, made | {"training": how | measured}, folder)
        state.save(folder, done, best, seconds)

    for step in bar:
        batch = sampler.batch(step)
        torch.manual_seed(settings.seed * 1_000_003 + step)  # of the dropout
        composer.train()
        kept = memory if step >= settings.warmup else None  # before, embeddings age too fast
        loss, parts = objective(composer, batch, encoder.to_grid, settings, step, kept)
        composer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(composer.parameters(), 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * _rate(step, settings)
            optimizer.step()
        average.update_parameters(composer)
        if step % 20 == 0:
            bar.set_postfix(parts)
        if (step + 1) % settings.evaluate_every == 0 or step + 1 == settings.steps:
            evaluate(step + 1, parts)
    if settings.steps == 0:
        evaluate(0, {})
    return mean


def composer_for(encoder: Trainable) -> Composer:
    """A composer of random weights for what an encoder gives."""
    return Composer(encoder.channels, encoder.token_width, encoder.grid, encoder.prototype_dim)


def _averaged(mean: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
    return mean.lerp(current, max(1 / AVERAGED, 9 / (10 + int(count))))  # a short memory at first


def _standardise(composer: Composer, data: Features, encoder: Trainable) -> None:
    features = encoder.unpack(*data.scenes(torch.arange(0, min(400, int(data.scene_starts[-1])))))
    composer.mean.copy_(features.mean(dim=(0, 2, 3)))
    composer.std.copy_(features.std(dim=(0, 2, 3)).clamp_min(1e-3))


def _optimizers(composer: Composer, settings: Settings) -> tuple[Optimizer, ...]:
    """Muon for matrices, AdamW for all else."""
    trained = [p for p in composer.parameters() if p.requires_grad]
    matrices = [p for p in trained if p.ndim == 2 and p is not composer.pos_embed]
    others = [p for p in trained if p.ndim != 2 or p is composer.pos_embed]
    muon = Muon(matrices, settings.learning_rate, settings.weight_decay)
    return muon, AdamW(others, lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=0.0)


def _rate(step: int, settings: Settings) -> float:
    if step < settings.warmup:
        return (step + 1) / settings.warmup
    done = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

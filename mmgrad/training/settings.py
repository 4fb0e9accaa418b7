"""The settings of a training run. They are stored with the run and with its checkpoint."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal, get_args

import torch

from mmgrad.errors import InputError

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Settings:
    """What determines a run besides its data.

    Attributes:
        steps: number of optimizer steps.
        families, per_family: families in a batch, and at most so many triplets of each.
        learning_rate, weight_decay, warmup: of the optimizers; `warmup` in steps.
        attention_loss_weight: weight of the attention loss; 0 turns the loss off.
        attention_ramp: steps over which that weight rises from 0.
        attention_every: the attention loss is computed on every n-th step.
        attention_stride: and there on every n-th triplet of the batch.
        memory: images of earlier steps that count as candidates once the warm-up is over.
        evaluate_every: steps between two evaluations.
        seed: of the weights, the batches and the dropout.
        precision: of the matrix products, "float32" or "bfloat16" (autocast). Validation is always in float32.
    """

    steps: int = 1700
    families: int = 16
    per_family: int = 8
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    warmup: int = 100
    attention_loss_weight: float = 0.5
    attention_ramp: int = 300
    attention_stride: int = 6
    attention_every: int = 3
    memory: int = 4096
    evaluate_every: int = 500
    seed: int = 0
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        if self.precision not in get_args(Precision):
            raise InputError(f"The precision must be float32 or bfloat16, not '{self.precision}'.")

    def autocast(self, device: torch.device) -> AbstractContextManager[object]:
        """The context in which matrix products have the precision of the run."""
        return torch.autocast(device.type, torch.bfloat16) if self.precision == "bfloat16" else nullcontext()


def default_precision(device: torch.device) -> Precision:
    """The precision of a new run: bfloat16 on a GPU that computes in it, float32 elsewhere."""
    return "bfloat16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "float32"


def attention_loss_weight(settings: Settings, step: int) -> float | None:
    """The weight of the attention loss in a step; None where the step has no such loss."""
    if settings.attention_loss_weight == 0 or step % settings.attention_every:
        return None
    return settings.attention_loss_weight * min(1.0, step / settings.attention_ramp)


def attended_triplets(settings: Settings, step: int, count: int) -> torch.Tensor:
    """The triplets of a batch of `count` that the attention loss looks at, rows [A] int64.

    They change from step to step, so that all are looked at in turn.
    """
    first = step // settings.attention_every % settings.attention_stride
    return torch.arange(first, count, settings.attention_stride)

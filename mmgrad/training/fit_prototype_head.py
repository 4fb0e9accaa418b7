"""Fits the prototype head: its axes, and which words of a text name the new object. It needs texts only."""

import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.attribution.words import words_of_noun
from mmgrad.encoders.base import Trainable
from mmgrad.models.composer import Composer
from mmgrad.models.prototype_head import PrototypeHead
from mmgrad.training.features import Features

TEXTS = 9000
EPOCHS = 8
BATCH = 512  # tokens
BLOCK = 64  # texts
LEARNING_RATE = 2e-3
DROPOUT = 0.2
BRANCH_WEIGHT = 0.24
"""Weight of the prototype branch until validation chooses one."""


def fit_prototype_head(composer: Composer, data: Features, encoder: Trainable) -> None:
    """Fit a composer's prototype head in place, unless it comes from a checkpoint.

    The axes are the principal directions of the prototypes of all names. The network is fitted by logistic loss on
    TEXTS texts of single changes whose new noun is known. Nothing is done where the encoder has no prototypes, or where
    no text of the data names a new noun, as in published benchmarks.
    """
    head, rows = composer.prototype_head, encoder.prototype_rows()
    if head is None or rows is None:
        return
    if not head.axes.any() and any(row["added"] for row in data.info):
        head.axes.copy_(torch.linalg.svd(rows, full_matrices=False).Vh[: len(head.axes)])
        _fit(head, data, encoder)
        head.branch_weight.fill_(BRANCH_WEIGHT)


def _fit(head: PrototypeHead, data: Features, encoder: Trainable) -> None:
    states, is_target = (each.to(encoder.device) for each in _tokens(data, encoder))
    head.mean.copy_(states.mean(dim=0))
    head.std.copy_(states.std(dim=0).clamp_min(1e-3))
    head.requires_grad_(True)
    steps = EPOCHS * (len(states) // BATCH)
    optimizer = torch.optim.AdamW([*head.hidden.parameters(), *head.out.parameters()], weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=max(2, steps))
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(0)
        for _ in range(EPOCHS):
            for chosen in torch.randperm(len(states)).split(BATCH)[: len(states) // BATCH]:
                logits = head.target_noun_logits(functional.dropout(states[chosen], DROPOUT))
                optimizer.zero_grad()
                functional.binary_cross_entropy_with_logits(logits, is_target[chosen]).backward()
                optimizer.step()
                schedule.step()
    head.requires_grad_(False)


def _tokens(data: Features, encoder: Trainable) -> tuple[Tensor, Tensor]:
    """States [N, D] of the tokens of words, and 1 for those of the new noun, 0 for others [N], on the CPU."""
    single = [row for row in data.info if row["edit"] != "combined"]
    order = torch.randperm(len(single), generator=torch.Generator().manual_seed(0))[:TEXTS].tolist()
    states, is_target = [], []
    for start in range(0, len(order), BLOCK):
        rows = [single[i] for i in order[start : start + BLOCK]]
        tokens = encoder.encode_tokens([row["text"] for row in rows])
        for number, row in enumerate(rows):
            places = sorted({place for word in tokens.words[number] for place in word.tokens})
            label = torch.zeros(tokens.states.shape[1])
            noun = words_of_noun(tokens.words[number], row["added"] or "")
            label[[place for word in noun for place in tokens.words[number][word].tokens]] = 1
            states.append(tokens.states[number, places].cpu())
            is_target.append(label[places])
    return torch.cat(states), torch.cat(is_target)

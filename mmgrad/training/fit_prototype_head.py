"""Which words of a text name what comes, learnt from texts alone; see `mmgrad.models.prototype_head`."""

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
SHARE = 0.24
"""Of the named look in embeddings, as long as none is chosen by validation."""


def fit_prototype_head(composer: Composer, data: Features, encoder: Trainable) -> None:
    """Measure what of the composer's named look is measured once, unless a checkpoint brought it: directions, from the
    looks of all names, and the network, by logistic loss on TEXTS texts of single changes whose noun that comes is
    known.

    Without looks, or where no text of the data says what comes, as in the benchmarks of the field, there is none.
    """
    named, rows = composer.prototype_head, encoder.prototype_rows()
    if named is None or rows is None:
        return
    if not named.axes.any() and any(row["added"] for row in data.info):
        named.axes.copy_(torch.linalg.svd(rows, full_matrices=False).Vh[: len(named.axes)])
        _fit(named, data, encoder)
        named.branch_weight.fill_(SHARE)


def _fit(named: PrototypeHead, data: Features, encoder: Trainable) -> None:
    states, comes = _tokens(data, encoder)
    named.mean.copy_(states.mean(dim=0))
    named.std.copy_(states.std(dim=0).clamp_min(1e-3))
    named.requires_grad_(True)
    steps = EPOCHS * (len(states) // BATCH)
    optimizer = torch.optim.AdamW([*named.hidden.parameters(), *named.out.parameters()], weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=max(2, steps))
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(0)
        for _ in range(EPOCHS):
            for chosen in torch.randperm(len(states)).split(BATCH)[: len(states) // BATCH]:
                logits = named.target_noun_logits(functional.dropout(states[chosen], DROPOUT))
                optimizer.zero_grad()
                functional.binary_cross_entropy_with_logits(logits, comes[chosen]).backward()
                optimizer.step()
                schedule.step()
    named.requires_grad_(False)


def _tokens(data: Features, encoder: Trainable) -> tuple[Tensor, Tensor]:
    """States [N, D] of the tokens of words, and 1 for those of the noun that comes, 0 for others [N]."""
    single = [row for row in data.info if row["edit"] != "combined"]
    order = torch.randperm(len(single), generator=torch.Generator().manual_seed(0))[:TEXTS].tolist()
    states, comes = [], []
    for start in range(0, len(order), BLOCK):
        rows = [single[i] for i in order[start : start + BLOCK]]
        tokens = encoder.encode_tokens([row["text"] for row in rows])
        for number, row in enumerate(rows):
            places = sorted({place for word in tokens.words[number] for place in word.tokens})
            label = torch.zeros(tokens.states.shape[1])
            named = words_of_noun(tokens.words[number], row["added"] or "")
            label[[place for word in named for place in tokens.words[number][word].tokens]] = 1
            states.append(tokens.states[number, places].cpu())
            comes.append(label[places])
    return torch.cat(states), torch.cat(comes)

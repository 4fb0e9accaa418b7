"""The training losses: contrastive retrieval, and attention maps that fall on the region that changes."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.attribution.gradients import AttributionModel, reference_map, target_map
from mmgrad.encoders.base import TextTokens
from mmgrad.models.composer import Composer
from mmgrad.training.batches import Batch, MirrorTargets, RegionTargets
from mmgrad.training.cross_batch_memory import CrossBatchMemory
from mmgrad.training.settings import Settings, attention_loss_weight

PRESENT = 0.1
"""A map whose positive values sum to less says "no evidence"."""

PRESENCE_WEIGHT = 0.2

ToGrid = Callable[[Tensor], Tensor]
Maps = tuple[Tensor, Tensor]  # of references and targets, each [A, h, w], signed


def compute_loss(
    composer: Composer,
    batch: Batch,
    to_grid: ToGrid,
    settings: Settings,
    step: int,
    memory: CrossBatchMemory | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of one batch, and its parts for the log, none of which has been read from the device.

    Images of earlier steps in `memory` count as candidates, and those of the batch are added to it.
    """
    loss, change, parts = retrieval_loss(composer, batch, settings, memory)
    weight, targets = attention_loss_weight(settings, step), batch.attention
    if weight is None or targets is None:
        return loss, parts
    maps = _maps(composer, batch, batch.features, targets.triplets, change, to_grid, settings)
    if isinstance(targets, MirrorTargets):
        terms = mirror_losses(composer, batch, targets, maps, change, to_grid, settings)
        in_reference, in_target = terms
        parts |= {"eqv_ref": in_reference.detach(), "eqv_tgt": in_target.detach()}
        return loss + weight * (in_reference + in_target), parts
    in_reference, in_target = region_losses(targets, maps)
    parts |= {"att_ref": in_reference.detach(), "att_tgt": in_target.detach()}
    negative = negative_loss(composer, batch, targets, to_grid, settings)
    return loss + weight * (in_reference + in_target + negative), parts


def retrieval_loss(
    composer: Composer, batch: Batch, settings: Settings, memory: CrossBatchMemory | None
) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """The contrastive loss of a batch, the change d = q - g that each text makes [Q, D], and figures for the log."""
    with settings.autocast(batch.features.device):
        x = composer.positions(batch.features)
        pooled = composer.pool(x)  # (S, 256)
        g = composer.append_image_prototype(pooled, batch.features)  # (S, D)
        references = batch.features[batch.reference]
        edited = composer.edit(x[batch.reference], references, batch.states, batch.mask)  # (Q, h*w, width)
        q = composer.append_query_prototype(composer.pool(edited), references, batch.states, batch.mask)  # (Q, D)
    scale = composer.logit_scale.exp().clamp(max=100)
    candidates = g if memory is None else torch.cat([g, memory.others(batch.scenes)])
    loss = contrastive_loss(q, candidates, batch.target, scale)
    if memory is not None:
        memory.keep(batch.scenes, g)
    hits = ((q.detach() @ g.detach().T).argmax(1) == batch.target).float().mean()
    change = q - composer.append_query_prototype(pooled[batch.reference], references)
    return loss, change, {"loss": loss.detach(), "r1": hits}


def region_losses(targets: RegionTargets, maps: Maps) -> tuple[Tensor, Tensor]:
    """How far the maps of references and of targets are from the regions that change."""
    in_reference, in_target = (
        attention_loss(maps[side], targets.regions[:, side], targets.defined[side]) for side in range(2)
    )
    return in_reference, in_target


def mirror_losses(
    composer: Composer,
    batch: Batch,
    targets: MirrorTargets,
    maps: Maps,
    change: Tensor,
    to_grid: ToGrid,
    settings: Settings,
) -> tuple[Tensor, Tensor]:
    """How far the maps of references and of targets are from those of the mirrored images."""
    kept = targets.unsided
    again = _maps(composer, batch, targets.features, targets.triplets[kept], change, to_grid, settings)
    in_reference, in_target = (consistency_loss(maps[side][kept], again[side].flip(-1)) for side in range(2))
    return in_reference, in_target


def negative_loss(
    composer: Composer, batch: Batch, targets: RegionTargets, to_grid: ToGrid, settings: Settings
) -> Tensor:
    """The presence loss of references with texts that change nothing there. Their maps have no region."""
    if targets.negatives is None:
        return batch.features.new_zeros(())
    scenes, states, mask = targets.negatives
    with settings.autocast(batch.features.device):
        model = AttributionModel(composer, to_grid)
        maps = reference_map(model, batch.features[scenes], TextTokens(states, mask), create_graph=True)
    return PRESENCE_WEIGHT * presence_loss(maps.float(), mask.new_zeros(len(scenes)))


def _maps(
    composer: Composer,
    batch: Batch,
    features: Tensor,
    triplets: Tensor,
    change: Tensor,
    to_grid: ToGrid,
    settings: Settings,
) -> Maps:
    """The maps of some triplets [A] of a batch over the feature maps [S, C, h, w] of its scenes."""
    references, targets = features[batch.reference[triplets]], features[batch.target[triplets]]
    states, mask = batch.states[triplets], batch.mask[triplets]
    with settings.autocast(features.device):
        model = AttributionModel(composer, to_grid)
        of_reference = reference_map(model, references, TextTokens(states, mask), create_graph=True)
        of_target = target_map(model, targets, change[triplets], create_graph=True)
    return of_reference.float(), of_target.float()


def contrastive_loss(queries: Tensor, candidates: Tensor, target: Tensor, scale: Tensor | float) -> Tensor:
    """Cross-entropy of each query's target among all candidates (InfoNCE, arXiv 1807.03748).

    queries [Q, D] and candidates [N, D] L2-normalized, target [Q] int64 (index into candidates), `scale` the inverse
    temperature. The candidates hold the unchanged references, the other images of each family, and images of earlier
    batches.
    """
    return functional.cross_entropy(scale * queries @ candidates.T, target)


def attention_loss(maps: Tensor, region: Tensor, defined: Tensor | None = None) -> Tensor:
    """How far the maps are from the regions that change, a mean over images.

    maps [B, h, w] signed; region [B, h, w] in [0, 1], the share of each position that changes, all zero where nothing
    does (the reference of an addition, the target of a removal). `defined` [*] int64 are the rows of regions that are
    not all zero; without it they are looked for, which waits for the device.

    Where a region is defined: -log(share of the positive map inside) + 1 - soft IoU, with the map scaled to a peak of
    one (Udhayanan et al., arXiv 2308.16649, section 3; soft IoU as in Rahman and Wang, ISVC 2016). Everywhere: the sum
    of the positive map, against PRESENT, tells whether there is a region at all (binary cross-entropy of its
    logarithm).
    """
    positive = maps.clamp_min(0).flatten(1)  # (B, hw)
    region = region.flatten(1)
    total = positive.sum(1)
    exists = region.amax(1) > 0
    presence = presence_loss(maps, exists)
    rows = exists.nonzero()[:, 0] if defined is None else defined
    positive, region = positive[rows], region[rows]
    share = (positive * (region > 0)).sum(1) / (total[rows] + 1e-6)
    scaled = positive / (positive.amax(1, keepdim=True).detach() + 1e-6)
    overlap = (scaled * region).sum(1)
    iou = overlap / (scaled.sum(1) + region.sum(1) - overlap + 1e-6)
    return (1 - torch.log(share.clamp_min(1e-3)) - iou).mean() + PRESENCE_WEIGHT * presence


def consistency_loss(maps: Tensor, again: Tensor) -> Tensor:
    """How far maps are from those of the mirrored images, mirrored back: a mean over images, in [0, 2].

    maps and again [B, h, w], signed. The equivariant regularization of SEAM (Wang et al., arXiv 2004.04581, section
    3.2) on gradient maps: the L1 distance of the two, each the positive map divided by its sum, so that maps that
    vanish gain nothing. It needs no masks. 0 where there are no images.
    """
    one, other = (m.clamp_min(0).flatten(1) for m in (maps, again))
    one, other = (m / (m.sum(dim=1, keepdim=True) + 1e-6) for m in (one, other))
    return (one - other).abs().sum(dim=1).sum() / max(1, len(one))


def presence_loss(maps: Tensor, exists: Tensor) -> Tensor:
    """Binary cross-entropy of whether there is a region at all, `exists` [B] bool.

    The prediction is the sum of the positive values of each map [B, h, w], against PRESENT.
    """
    total = maps.clamp_min(0).flatten(1).sum(1)
    return functional.binary_cross_entropy_with_logits(2 * torch.log((total + 1e-4) / PRESENT), exists.float())

"""The learning objective: contrastive retrieval, and attention maps that fall on the region that changes."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.attribution.gradients import AttributionModel, reference_map, target_map
from mmgrad.encoders.base import TextTokens
from mmgrad.models.composer import Composer
from mmgrad.training.batches import Batch, Settings
from mmgrad.training.cross_batch_memory import CrossBatchMemory
from mmgrad.training.precision import precision

PRESENT = 0.1  # a map whose positive evidence sums to less says "no evidence"
PRESENCE_WEIGHT = 0.2
FOREIGN = 8
"""References at most that are also asked for the change of another picture's thing: maps are to say "no evidence"."""


def objective(
    composer: Composer,
    batch: Batch,
    evidence: Callable[[Tensor], Tensor],
    settings: Settings,
    step: int,
    memory: CrossBatchMemory | None = None,
) -> tuple[Tensor, dict[str, float]]:
    """The loss of one batch, and its parts for the log.

    The pictures of earlier steps in `memory` are candidates too, and those of the batch join them.
    """
    device = batch.features.device
    with precision(device):
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
    hits = ((q @ g.T).argmax(1) == batch.target).float().mean()
    parts = {"loss": round(loss.item(), 3), "r1": round(hits.item(), 3)}
    if settings.attention == 0 or step % settings.attention_every:
        return loss, parts
    change = q - composer.append_query_prototype(pooled[batch.reference], references)
    chosen = (
        torch.arange(len(q)) % settings.attention_share == step // settings.attention_every % settings.attention_share
    )
    with precision(device):
        model = AttributionModel(composer, evidence)
        tokens = TextTokens(batch.states[chosen], batch.mask[chosen])
        of_reference = reference_map(model, batch.features[batch.reference[chosen]], tokens, create_graph=True)
        of_target = target_map(model, batch.features[batch.target[chosen]], change[chosen], create_graph=True)
    weight = settings.attention * min(1.0, step / settings.attention_ramp)
    if batch.mirrored is not None:
        maps = of_reference.float(), of_target.float()
        in_reference, in_target = _consistency(composer, batch, batch.mirrored, change, chosen, maps, evidence)
        parts |= {"eqv_ref": round(in_reference.item(), 3), "eqv_tgt": round(in_target.item(), 3)}
        return loss + weight * (in_reference + in_target), parts
    in_reference = attention_loss(of_reference.float(), batch.regions[chosen, 0])
    in_target = attention_loss(of_target.float(), batch.regions[chosen, 1])
    parts |= {"att_ref": round(in_reference.item(), 3), "att_tgt": round(in_target.item(), 3)}
    refused = _refused(composer, batch, chosen, evidence)
    return loss + weight * (in_reference + in_target + refused), parts


def _consistency(
    composer: Composer,
    batch: Batch,
    mirrored: Tensor,
    change: Tensor,
    chosen: Tensor,
    maps: tuple[Tensor, Tensor],
    evidence: Callable[[Tensor], Tensor],
) -> tuple[Tensor, Tensor]:
    """The consistency loss of the reference and target maps of the chosen triplets [Q] bool.

    Those whose text says left or right ask for something else in a mirror, and are left out.
    """
    kept = ~batch.sided[chosen]
    chosen = chosen & ~batch.sided
    texts = batch.states[chosen], batch.mask[chosen]
    references, targets = mirrored[batch.reference[chosen]], mirrored[batch.target[chosen]]
    with precision(mirrored.device):
        model = AttributionModel(composer, evidence)
        of_reference = reference_map(model, references, TextTokens(*texts), create_graph=True)
        of_target = target_map(model, targets, change[chosen], create_graph=True)
    return (
        consistency_loss(maps[0][kept], of_reference.float().flip(-1)),
        consistency_loss(maps[1][kept], of_target.float().flip(-1)),
    )


def _refused(composer: Composer, batch: Batch, chosen: Tensor, evidence: Callable[[Tensor], Tensor]) -> Tensor:
    """The presence loss of references with texts that change nothing there: about a thing of another family's picture,
    or about none at all. Their maps have no region."""
    of_family = {int(batch.family[i]): i for i in chosen.nonzero()[:, 0].tolist() if batch.of_a_thing[i]}
    texts = torch.tensor(list(of_family.values())[:FOREIGN], dtype=torch.long)
    texts = texts if len(texts) > 1 else texts[:0]
    asked = [(batch.reference[texts.roll(1)], batch.states[texts], batch.mask[texts])]
    if batch.unrelated is not None:
        count = len(batch.unrelated.states)
        shown = batch.reference[chosen.nonzero()[:, 0]]
        asked.append((shown[torch.arange(count) % len(shown)], batch.unrelated.states, batch.unrelated.mask))
    longest = max(mask.shape[1] for _, _, mask in asked)
    pictures = torch.cat([reference for reference, _, _ in asked])
    states = torch.cat([functional.pad(own, (0, 0, 0, longest - own.shape[1])) for _, own, _ in asked])
    mask = torch.cat([functional.pad(own, (0, longest - own.shape[1])) for _, _, own in asked])
    if len(pictures) == 0:
        return batch.features.new_zeros(())
    with precision(batch.features.device):
        model = AttributionModel(composer, evidence)
        maps = reference_map(model, batch.features[pictures], TextTokens(states, mask), create_graph=True)
    return PRESENCE_WEIGHT * presence_loss(maps.float(), torch.zeros(len(pictures), dtype=torch.bool))


def contrastive_loss(queries: Tensor, candidates: Tensor, target: Tensor, scale: Tensor | float) -> Tensor:
    """Cross-entropy of each query's target among all candidates (InfoNCE, arXiv 1807.03748).

    queries [Q, D] and candidates [N, D] L2-normalised, target [Q] int64 (index into candidates), `scale` the inverse
    temperature. The candidates hold the unchanged references, the other pictures of each family, and pictures
    of earlier batches.
    """
    return functional.cross_entropy(scale * queries @ candidates.T, target)


def attention_loss(evidence: Tensor, region: Tensor) -> Tensor:
    """How far the maps are from the regions that change, a mean over pictures.

    evidence [B, h, w] signed maps; region [B, h, w] in [0, 1], the share of each position that changes, all zero where
    nothing does (the reference of an addition, the target of a removal).

    Where a region is defined: -log(share of the positive map inside) + 1 - soft IoU, the map scaled to a peak of one
    (Udhayanan et al., arXiv 2308.16649, section 3; soft IoU as in Rahman and Wang, ISVC 2016). Everywhere: the sum of
    the positive map, against PRESENT, tells whether there is a region at all (binary cross-entropy of its logarithm).
    """
    positive = evidence.clamp_min(0).flatten(1)  # (B, hw)
    region = region.flatten(1)
    total = positive.sum(1)
    defined = region.amax(1) > 0
    presence = presence_loss(evidence, defined)
    positive, region = positive[defined], region[defined]
    share = (positive * (region > 0)).sum(1) / (total[defined] + 1e-6)
    scaled = positive / (positive.amax(1, keepdim=True).detach() + 1e-6)
    overlap = (scaled * region).sum(1)
    iou = overlap / (scaled.sum(1) + region.sum(1) - overlap + 1e-6)
    return (1 - torch.log(share.clamp_min(1e-3)) - iou).mean() + PRESENCE_WEIGHT * presence


def consistency_loss(evidence: Tensor, again: Tensor) -> Tensor:
    """How far maps are from those of the mirrored pictures, mirrored back: a mean over pictures, in [0, 2].

    evidence and again [B, h, w], signed maps. The equivariant regularisation of SEAM (Wang et al., arXiv 2004.04581,
    section 3.2) on gradient maps: the L1 distance of the two, each the positive map divided by its sum, so that maps
    that vanish gain nothing. It needs no masks. 0 where there are no pictures.
    """
    one, other = (m.clamp_min(0).flatten(1) for m in (evidence, again))
    one, other = (m / (m.sum(dim=1, keepdim=True) + 1e-6) for m in (one, other))
    return (one - other).abs().sum(dim=1).sum() / max(1, len(one))


def presence_loss(evidence: Tensor, defined: Tensor) -> Tensor:
    """Binary cross-entropy of whether there is a region at all, `defined` [B] bool, as the sum of each positive map of
    `evidence` [B, h, w] tells, against PRESENT."""
    total = evidence.clamp_min(0).flatten(1).sum(1)
    return functional.binary_cross_entropy_with_logits(2 * torch.log((total + 1e-4) / PRESENT), defined.float())

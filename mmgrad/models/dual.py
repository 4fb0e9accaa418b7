"""Models of transformers, such as CLIP, as they are: their queries are composed without training."""

from pathlib import Path
from typing import Any

import torch

from mmgrad.encoders.dual_encoder import DualEncoder
from mmgrad.encoders.prompts import PromptEncoder
from mmgrad.models import pseudo_word, zero_shot
from mmgrad.models.model import Model
from mmgrad.models.spec import ModelSpec
from mmgrad.models.zero_shot import DualComposer


def load_dual(spec: ModelSpec, device: torch.device, folder: Path | None = None) -> Model:
    """The model of transformers that a spec names; `folder` is that of the hub's copy on this machine, where known.

    Raises ModelError for a model that cannot be used, and InputError as `zero_shot.check_composition` does.
    """
    kind = zero_shot.check_composition(spec.composition, spec.weight, spec.adapter)
    network = pseudo_word.load_adapter(spec.adapter) if spec.adapter is not None else None
    return dual_model(DualEncoder(str(spec.name), device, folder=folder), kind, spec.weight, network)


def dual_model(
    encoder: DualEncoder,
    composition: str | None = None,
    weight: float | None = None,
    adapter: pseudo_word.Adapter | None = None,
) -> Model:
    """A dual encoder whose queries are composed by a formula of `mmgrad.models.zero_shot`, or by a pseudo-word.

    Its card has no thresholds of evidence, because none are calibrated: only maps without any positive value are empty.
    """
    kind = composition or zero_shot.DEFAULT
    card: dict[str, Any] = {"composition": kind, "preprocessing": encoder.preprocessing}
    if adapter is not None:
        prompts = PromptEncoder(encoder, adapter.prompt)
        composer = DualComposer(encoder.head, pseudo_word.compose_with(adapter, prompts))
        card |= {"name": f"{encoder.name} ({kind} {adapter.name})", "adapter": adapter.card}
        return Model(prompts, composer.eval(), card, encoder.dimension)
    composer = DualComposer(encoder.head, zero_shot.select_composition(kind, weight)).eval()
    made = kind if weight is None else f"{kind} {weight:g}"
    return Model(encoder, composer, card | {"name": f"{encoder.name} ({made})"}, encoder.dimension)

"""A trained composer as files: `model.safetensors`, its weights, and `model.json`, its configuration and card."""

import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from mmgrad.errors import ModelError
from mmgrad.models.composer import Composer
from mmgrad.models.confidence import Confidence
from mmgrad.utils.hub import is_lfs_pointer

_STORED_PARTS = {
    "attn_logits": "weigh",
    "branch_weight": "share",
    "edit_scale": "reach",
    "injection": "painting",
    "pos_embed": "place",
    "prior_scale": "trust",
    "prototype_head": "named",
    "single_object": "one_thing",
}
_STORED_OPTIONS = {"num_pools": "views", "prototype_dim": "looks"}
# Files keep the names of the first version of the format, so that fingerprints and galleries stay valid.
_PARTS = {stored: name for name, stored in _STORED_PARTS.items()}
_OPTIONS = {stored: name for name, stored in _STORED_OPTIONS.items()}


def stored_weights(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a composer's state dict under the names that they have in a file, contiguous, on the CPU."""
    return {key: value.contiguous().cpu() for key, value in _renamed(state, _STORED_PARTS).items()}


def _renamed(weights: dict[str, Tensor], parts: dict[str, str]) -> dict[str, Tensor]:
    return {".".join(parts.get(part, part) for part in key.split(".")): value for key, value in weights.items()}


def save_composer(composer: Composer, card: dict[str, Any], folder: Path) -> None:
    """Write a composer's weights, in half precision, and its card to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = stored_weights({key: value.detach().half() for key, value in composer.state_dict().items()})
    save_file(weights, folder / "model.safetensors.part")
    os.replace(folder / "model.safetensors.part", folder / "model.safetensors")
    config = {_STORED_OPTIONS.get(key, key): value for key, value in asdict(composer.config).items()}
    text = json.dumps({"composer": config, **card}, indent=2) + "\n"
    (folder / "model.json.part").write_text(text)
    os.replace(folder / "model.json.part", folder / "model.json")


def load_composer(folder: Path, title: str | None = None) -> tuple[Composer, dict[str, Any]]:
    """Read what `save_composer` wrote. Raises ModelError when a file is missing, broken or of another architecture.

    `title` is its name in messages, by default the folder.
    """
    title = title or str(folder)
    if not (folder / "model.json").is_file():
        raise ModelError(
            f"There is no model.json in {title}; train a model with `python -m mmgrad train`, or check the path."
        )
    if not (folder / "model.safetensors").is_file():
        raise ModelError(
            f"There is no model.safetensors in {title}, and weights in a pickle are never read, because it may run any "
            "code; save them as safetensors, or train a model with `python -m mmgrad train`."
        )
    if is_lfs_pointer(folder / "model.safetensors"):
        raise ModelError(f"model.safetensors in {title} is a pointer of Git LFS, not the weights; run `git lfs pull`.")
    try:
        card = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        config = {_OPTIONS.get(key, key): value for key, value in card.pop("composer").items()}
        weights = _renamed(load_file(folder / "model.safetensors"), _PARTS)
        _check_card(card, config, len(weights))
        with torch.device("meta"):  # a configuration that asks for the impossible takes no memory
            composer = Composer(**config)
        composer.load_state_dict({key: value.float() for key, value in weights.items()}, assign=True)
    except (ValueError, KeyError, TypeError, AttributeError, SafetensorError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"The checkpoint in {title} cannot be read ({reason}); restore or retrain it.") from error
    return composer.eval().requires_grad_(False), card


def init_from(composer: Composer, folders: Sequence[Path]) -> None:
    """Give a composer the weights of the checkpoint in a folder, or of several their mean, in place.

    The mean, weight by weight, is that of model soups (Wortsman et al., arXiv 2203.05482); it needs heads that were
    trained from one another. Raises ModelError where a checkpoint is missing or its weights do not fit.
    """
    total: dict[str, Tensor] = {}
    for folder in folders:
        try:
            weights = _renamed(load_file(folder / "model.safetensors"), _PARTS)
            unknown = composer.load_state_dict(weights, strict=False).unexpected_keys
        except (OSError, SafetensorError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[-1]
            raise ModelError(f"Training cannot begin with the checkpoint in {folder} ({reason}).") from error
        if unknown:
            raise ModelError(f"Training cannot begin with the checkpoint in {folder}: this head has no {unknown[0]}.")
        if total and weights.keys() != total.keys():
            raise ModelError(f"The checkpoint in {folder} has other parts than {folders[0]}; they have no mean.")
        total = {key: value.float() + total.get(key, 0) for key, value in weights.items()}
    composer.load_state_dict({key: value / len(folders) for key, value in total.items()}, strict=False)


def training_info(folder: Path) -> dict[str, Any]:
    """The entry "training" in the card of the checkpoint in a folder; empty where there is none."""
    try:
        return dict(json.loads((folder / "model.json").read_text(encoding="utf-8"))["training"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _check_card(card: dict[str, Any], config: dict[str, Any], weights: int) -> None:
    """Raise ValueError or TypeError for a model.json from elsewhere that would fail later, or never end."""
    if not 1 <= config.get("layers", 1) <= weights:
        raise ValueError(f"{config['layers']} layers do not fit {weights} weights")
    if not isinstance(card.get("encoder", {}), dict):
        raise TypeError("'encoder' of model.json is not an object")
    thresholds = card.get("no_evidence", {})
    if not isinstance(thresholds, dict) or not all(math.isfinite(value) for value in thresholds.values()):
        raise ValueError("its thresholds of evidence are not numbers")
    confidence = Confidence.from_card(card)
    if confidence and not all(math.isfinite(value) for value in (*confidence.weights, confidence.bias)):
        raise ValueError("its confidence is not numbers")

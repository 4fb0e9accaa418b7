"""Which model to load, as a value. Imports nothing that is slow to import."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ModelSpec:
    """Which model to load, where it runs, and how a model of transformers composes. None means the default.

    Attributes:
        name: "compact" (the default); a folder with `model.json` and `model.safetensors`; a folder of transformers,
            with `config.json`; or the hub id, owner/name, of a repository that holds either.
        device: a torch device; by default the best one here, see `mmgrad.utils.device.choose_device`.
        composition: how a model of transformers composes queries, see `mmgrad.models.zero_shot`; "direction" by
            default.
        weight: how much the text counts in that composition.
        adapter: the file of a pseudo-word network, for the composition "pseudo-word".
    """

    name: str | Path | None = None
    device: "str | torch.device | None" = None
    composition: str | None = None
    weight: float | None = None
    adapter: str | Path | None = None

    @property
    def composes(self) -> bool:
        """Whether anything is said of the composition."""
        return any(given is not None for given in (self.composition, self.weight, self.adapter))

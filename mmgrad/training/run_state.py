"""The state of a training run as a file, from which a run that was killed goes on."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from mmgrad.encoders.base import Trainable
from mmgrad.errors import ModelError
from mmgrad.models.composer import Composer
from mmgrad.models.model import DEFAULT
from mmgrad.training.batches import Settings
from mmgrad.training.cross_batch_memory import CrossBatchMemory

FILE = "state.safetensors"


@dataclass(frozen=True)
class RunState:
    """What the steps of a run change, in place, with the settings and the encoder that it belongs to."""

    composer: Composer
    average: AveragedModel
    optimizers: tuple[Optimizer, ...]
    memory: CrossBatchMemory
    settings: Settings
    encoder: Trainable

    def save(self, folder: Path, step: int, best: float, seconds: float) -> None:
        """Write `folder/state.safetensors`, whole or not at all: after `step` steps, with the best recall so far and
        the seconds spent."""
        tensors = {f"weight.{key}": value.contiguous() for key, value in self.composer.state_dict().items()}
        tensors |= {f"average.{key}": value.contiguous() for key, value in self.average.state_dict().items()}
        tensors |= {"memory.scenes": self.memory.scenes, "memory.embeddings": self.memory.embeddings}
        for optimizer in self.optimizers:
            for name, parameter in self.composer.named_parameters():
                kept = optimizer.state.get(parameter, {})
                tensors |= {f"{key}.{name}": value.contiguous() for key, value in kept.items()}
        metadata = {"step": step, "best": best, "seconds": seconds, "settings": asdict(self.settings)}
        metadata["encoder"] = self.encoder.training_fingerprint
        temporary = folder / f"{FILE}.part"
        save_file(tensors, temporary, metadata={"run": json.dumps(metadata)})
        os.replace(temporary, folder / FILE)

    def resume(self, folder: Path) -> tuple[int, float, float]:
        """Take up the run in `folder`, where there is one: (step to go on with, best recall so far, seconds spent).

        Raises ModelError where the run there has other settings or another encoder.
        """
        path = folder / FILE
        if not path.exists():
            return 0, -1.0, 0.0
        with safe_open(path, framework="pt") as file:
            run = json.loads(file.metadata()["run"])
            self._check(run, folder)
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
        self.composer.load_state_dict({key[7:]: value for key, value in tensors.items() if key.startswith("weight.")})
        self.average.load_state_dict({key[8:]: value for key, value in tensors.items() if key.startswith("average.")})
        self.memory.keep(tensors["memory.scenes"], tensors["memory.embeddings"])
        owner = {id(p): o for o in self.optimizers for group in o.param_groups for p in group["params"]}
        for name, parameter in self.composer.named_parameters():
            if id(parameter) not in owner:
                continue  # it is not learnt here
            kept = {key.split(".", 1)[0]: value for key, value in tensors.items() if key.split(".", 1)[1] == name}
            owner[id(parameter)].state[parameter] = {key: value for key, value in kept.items() if key != "weight"}
        return run["step"], run["best"], run["seconds"]

    def _check(self, run: dict, folder: Path) -> None:
        if run["settings"] != asdict(self.settings):
            raise ModelError(
                f"{folder} holds a run with other settings; give another folder or the settings it began with."
            )
        # Runs that do not say so are of the compact encoder.
        known = (None, self.encoder.training_fingerprint)
        if run.get("encoder", None if self.encoder.source == DEFAULT else "") not in known:
            raise ModelError(
                f"{folder} holds a run over another encoder than '{self.encoder.name}'; give another folder."
            )

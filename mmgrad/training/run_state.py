"""The state of a training run as a file, from which a run that was killed resumes."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from mmgrad.encoders.base import Trainable
from mmgrad.errors import ModelError
from mmgrad.models.composer import Composer
from mmgrad.training.cross_batch_memory import CrossBatchMemory
from mmgrad.training.settings import Settings

FILE = "state.safetensors"


@dataclass(frozen=True)
class Progress:
    """The number of steps that are done, the best recall so far, and the seconds spent."""

    step: int = 0
    best: float = -1.0
    seconds: float = 0.0


@dataclass(frozen=True)
class RunState:
    """What the steps of a run change, in place, with the settings and the encoder that the run belongs to."""

    composer: Composer
    average: AveragedModel
    optimizers: tuple[Optimizer, ...]
    memory: CrossBatchMemory
    settings: Settings
    encoder: Trainable

    def save(self, folder: Path, progress: Progress) -> None:
        """Write `folder/state.safetensors`, whole or not at all."""
        tensors = {f"weight.{key}": value for key, value in self.composer.state_dict().items()}
        tensors |= {f"average.{key}": value for key, value in self.average.state_dict().items()}
        tensors |= {"memory.scenes": self.memory.scenes, "memory.embeddings": self.memory.embeddings}
        for optimizer in self.optimizers:
            for name, parameter in self.composer.named_parameters():
                kept = optimizer.state.get(parameter, {})
                tensors |= {f"{key}.{name}": value for key, value in kept.items()}
        run = asdict(progress) | {"settings": asdict(self.settings), "encoder": self.encoder.training_fingerprint}
        temporary = folder / f"{FILE}.part"
        on_cpu = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
        save_file(on_cpu, temporary, metadata={"run": json.dumps(run)})
        os.replace(temporary, folder / FILE)

    def resume(self, folder: Path) -> Progress:
        """Take up the run in `folder` on the device of the composer; a new run where there is none.

        Raises ModelError where the run there has other settings or another encoder.
        """
        path = folder / FILE
        if not path.exists():
            return Progress()
        run = _read_run(path)
        self._check(run, folder)
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
        self.composer.load_state_dict({key[7:]: value for key, value in tensors.items() if key.startswith("weight.")})
        self.average.load_state_dict({key[8:]: value for key, value in tensors.items() if key.startswith("average.")})
        self.memory.keep(tensors["memory.scenes"], tensors["memory.embeddings"])
        owner = {id(p): o for o in self.optimizers for group in o.param_groups for p in group["params"]}
        for name, parameter in self.composer.named_parameters():
            if id(parameter) not in owner:
                continue  # it is not trained
            kept = {key.split(".", 1)[0]: value for key, value in tensors.items() if key.split(".", 1)[1] == name}
            owner[id(parameter)].state[parameter] = {
                key: value if key == "step" else value.to(parameter.device)  # AdamW counts its steps on the CPU
                for key, value in kept.items()
                if key != "weight"
            }
        return Progress(run["step"], run["best"], run["seconds"])

    def _check(self, run: dict[str, Any], folder: Path) -> None:
        if run["settings"] != asdict(self.settings):
            raise ModelError(
                f"{folder} holds a run with other settings; give another folder or the settings that it began with."
            )
        if run["encoder"] != self.encoder.training_fingerprint:
            raise ModelError(
                f"{folder} holds a run over another encoder than '{self.encoder.name}'; give another folder."
            )


def stored_settings(folder: Path) -> dict[str, Any] | None:
    """The settings of the run in a folder; None where there is none. Raises ModelError where its file is damaged."""
    path = folder / FILE
    return dict(_read_run(path)["settings"]) if path.exists() else None


def _read_run(path: Path) -> dict[str, Any]:
    try:
        with safe_open(path, framework="pt") as file:
            run: dict[str, Any] = json.loads(file.metadata()["run"])
        return {key: run[key] for key in ("step", "best", "seconds", "settings", "encoder")}
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The state of the run in {path} cannot be read; delete the file to begin anew.") from error

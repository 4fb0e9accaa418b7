"""Shards of a feature cache: safetensors files, each written whole or not at all, so that a build can be resumed.

A cache folder belongs to one encoder; `encoder.json` holds the encoder's fingerprint.
"""

import json
import os
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import cv2
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from mmgrad.encoders.base import Trainable
from mmgrad.errors import ModelError
from mmgrad.models.model import load_encoder

Job = TypeVar("Job")

_ENCODER: Trainable | None = None  # of a worker process


def bind_cache(folder: Path, encoder: Trainable) -> None:
    """Make a cache folder the encoder's own. Raises ModelError where it is another's."""
    path = folder / "encoder.json"
    own = {"source": encoder.source, "fingerprint": encoder.training_fingerprint}
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(own, indent=2) + "\n", encoding="utf-8")
        return
    found = _marked(path)
    if found.get("fingerprint") != own["fingerprint"]:
        raise ModelError(
            f"The cache in {folder} holds features of another encoder ({found.get('source')}) than '{encoder.name}'; "
            "give another folder: --cache DIR."
        )


def make(jobs: list[Job], write: Callable[[Job, Trainable], None], encoder: Trainable, workers: int) -> None:
    """Do all jobs, each of which writes one shard, and show the progress.

    Each of `workers` processes loads the encoder again, on the same device, and has one thread; with 0, the work is
    done in this process.
    """
    if not jobs:
        return
    if workers == 0:
        for job in tqdm(jobs, desc="features", unit="shard"):
            write(job, encoder)
        return
    # One process a core, each with a thread of its own and whole shards to make: nothing waits for anything.
    with get_context("spawn").Pool(workers, _start_worker, (encoder.source, str(encoder.device))) as pool:
        made = pool.imap_unordered(_work, [(write, job) for job in jobs])
        for _ in tqdm(made, total=len(jobs), desc="features", unit="shard"):
            pass


def write_shard(path: Path, tensors: dict[str, Tensor], info: list[dict[str, Any]] | None = None) -> None:
    """Write a shard whole."""
    temporary = path.with_suffix(f".{os.getpid()}.part")
    save_file(tensors, temporary, metadata={"info": json.dumps(info or [])})
    os.replace(temporary, path)


def read_shard(path: Path) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """The tensors and the info rows of a shard. Raises ModelError where it is damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
            return tensors, json.loads(file.metadata()["info"])
    except SafetensorError as error:
        raise ModelError(f"The cached features {path} are damaged ({error}); delete the file.") from error


def _marked(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _start_worker(source: str, device: str) -> None:
    global _ENCODER
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    _ENCODER = load_encoder(source, device)
    _ENCODER.compile()


def _work(task: tuple[Callable[[Job, Trainable], None], Job]) -> None:
    write, job = task
    assert _ENCODER is not None
    write(job, _ENCODER)

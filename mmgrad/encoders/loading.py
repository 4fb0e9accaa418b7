"""CLIP, SigLIP and SigLIP 2 from a folder or the Hugging Face hub, read safely.

Only safetensors and JSON are read, no code and no pickle. Everything that can be wrong with a name or a folder ends in
one ModelError.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import HfApi, constants
from huggingface_hub.errors import StrictDataclassError
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils import httpx
from safetensors import SafetensorError
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from mmgrad.errors import ModelError
from mmgrad.utils import hub

FAMILIES = {"clip": "CLIP", "siglip": "SigLIP", "siglip2": "SigLIP 2"}
"""The model types of a config.json that can be used."""

_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors")
_FILES = [*_WEIGHTS, "*config.json", "tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*"]
_FILES += ["merges.txt", "spiece.model"]
_CHECKPOINT = ["model.json", "README.md"]  # what `mmgrad.models.model` keeps beside model.safetensors
_CONVERTER = "SFconvertbot"  # the hub's own service, which offers safetensors of a repository as a pull request

# What transformers, tokenizers and safetensors raise for files that are missing, damaged or contradict each other.
_BROKEN: tuple[type[Exception], ...] = (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError)
_BROKEN += (ImportError, SafetensorError, StrictDataclassError)


@dataclass(frozen=True, eq=False)
class Pretrained:
    """A dual encoder of transformers in float32 on the CPU, with its own tokenizer and image processor."""

    name: str
    model: Any  # a PreTrainedModel; torch types the parts of a module as `Tensor | Module`
    tokenizer: Any
    processor: Any


def load_pretrained(name: str | Path, folder: Path | None = None) -> Pretrained:
    """Read a model by the path of its folder, or by its hub id (owner/name), which is fetched once and then kept.

    `folder` is that of the hub's copy on this machine, where `fetch` has given it already.

    Raises ModelError for a name that is neither, a hub that cannot be reached, another kind of model, weights that are
    missing, damaged or only there as a pickle, and a missing tokenizer or image processor.
    """
    title, local = str(name), Path(name).expanduser()
    if folder is None and local.is_dir():
        folder, title = local, local.resolve().name
    elif folder is None:
        folder = fetch(title)
    _check(folder, title)
    transformers_logging.disable_progress_bar()
    settings: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    model, report = _read(
        AutoModel,
        "model",
        title,
        folder,
        use_safetensors=True,
        output_loading_info=True,
        dtype=torch.float32,
        **settings,
    )
    if report["missing_keys"]:
        first = min(report["missing_keys"])
        raise ModelError(f"The weights of '{title}' are incomplete (no {first}); fetch the model again.")
    tokenizer = _read(AutoTokenizer, "tokenizer", title, folder, **settings)
    processor = _read(AutoImageProcessor, "image processor", title, folder, backend="pil", **settings)
    return Pretrained(title, model.eval().requires_grad_(False), tokenizer, processor)


def fetch(name: str, **download: Any) -> Path:
    """The folder of the hub's copy of a model on this machine, fetched where it is missing; no pickle is ever fetched.

    It may hold a model of transformers or a checkpoint of this project, which has a model.json. `download` is what
    `huggingface_hub.snapshot_download` takes besides. Raises ModelError as `mmgrad.utils.hub.fetch` does.
    """
    if not hub.HUB_ID.fullmatch(name):
        raise ModelError(f"There is no model '{name}'; give 'compact', a model's folder or its hub id (owner/name).")
    folder = hub.fetch(name, [*_FILES, *_CHECKPOINT], ModelError, **download)
    if (folder / "model.json").is_file() or _has_weights(folder) or download.get("revision"):
        return folder
    revision = _conversion(name)
    return hub.fetch(name, _FILES, ModelError, **download | {"revision": revision}) if revision else folder


def _read(reader: Any, what: str, title: str, folder: Path, **settings: Any) -> Any:
    try:
        return reader.from_pretrained(folder, **settings)
    except _BROKEN as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ModelError(f"The {what} of '{title}' cannot be read ({reason}); fetch the model again.") from error


def _check(folder: Path, title: str) -> None:
    """Refuse what is not a model of a known family with safe weights, before any of it is interpreted."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        family = config.get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(
            f"The folder of '{title}' holds no readable config.json; give the folder of a model."
        ) from error
    if family not in FAMILIES:
        known = ", ".join(FAMILIES.values())
        raise ModelError(f"'{title}' is a model of type {family!r}; these can be used: {known}.")
    if not _has_weights(folder):
        if any(next(folder.glob(pattern), None) for pattern in ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")):
            raise ModelError(
                f"'{title}' has its weights as a pickle only, which may run any code when it is read; "
                "convert them to model.safetensors (save_pretrained of transformers does), or take another model."
            )
        raise ModelError(f"There is no model.safetensors in the folder of '{title}'; fetch the model again.")


def _has_weights(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _WEIGHTS[:2])


def _conversion(name: str) -> str | None:
    """The revision that holds the hub's own conversion to safetensors, of a model that was published as a pickle."""
    try:
        offers = HfApi().get_repo_discussions(
            name, author=_CONVERTER, discussion_type="pull_request", discussion_status="open"
        )
        return next((f"refs/pr/{offer.num}" for offer in offers if "safetensors" in offer.title), None)
    except (OSError, httpx.HTTPError):  # offline: the one that was fetched before
        kept = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model") / "refs" / "refs" / "pr"
        return next((f"refs/pr/{path.name}" for path in sorted(kept.glob("*"))), None)

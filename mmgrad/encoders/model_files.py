"""The files of a model of transformers: fetched from the hub, and checked before any of them is interpreted.

Nothing here imports transformers.
"""

import json
from pathlib import Path
from typing import Any

from mmgrad.errors import ModelError
from mmgrad.utils import hub

FAMILIES = {"clip": "CLIP", "siglip": "SigLIP", "siglip2": "SigLIP 2"}
"""The model types of a config.json that can be used."""

_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors")
_FILES = [*_WEIGHTS, "*config.json", "tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*"]
_FILES += ["merges.txt", "spiece.model"]
_CHECKPOINT = ["model.json", "README.md"]  # what `mmgrad.models.model` keeps beside model.safetensors
_CONVERTER = "SFconvertbot"  # the hub's own service, which offers safetensors of a repository as a pull request


def fetch(name: str, **download: Any) -> Path:
    """The folder of the hub's copy of a model on this machine, fetched where it is missing; no pickle is ever fetched.

    It may hold a model of transformers or a checkpoint of this project, which has a model.json. `download` is what
    `huggingface_hub.snapshot_download` takes besides. Raises ModelError as `mmgrad.utils.hub.fetch` does.
    """
    if Path(name).is_file():
        raise ModelError(f"'{name}' is a file; give the folder of a model, with its configuration and tokenizer.")
    if not hub.HUB_ID.fullmatch(name):
        raise ModelError(f"There is no model '{name}'; give 'compact', a model's folder or its hub id (owner/name).")
    folder = hub.fetch(name, [*_FILES, *_CHECKPOINT], ModelError, **download)
    if (folder / "model.json").is_file() or _has_weights(folder) or download.get("revision"):
        return folder
    revision = _conversion(name)
    return hub.fetch(name, _FILES, ModelError, **download | {"revision": revision}) if revision else folder


def check_folder(folder: Path, title: str) -> None:
    """Refuse what is not a model of a known family with safe weights, before any of it is interpreted."""
    if other := _other_kind(folder):
        raise ModelError(f"'{title}' is {other}.")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        family = config.get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(
            f"The folder of '{title}' is no model: it holds no model.json of mmgrad and no readable config.json of "
            "transformers; give the folder of a model."
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
        if variant := next(folder.glob("model.*.safetensors"), None):
            raise ModelError(
                f"The folder of '{title}' has only the variant {variant.name} of the weights; fetch model.safetensors, "
                f"or rename the file to it."
            )
        raise ModelError(f"There is no model.safetensors in the folder of '{title}'; fetch the model again.")
    for path in folder.glob("*.safetensors"):
        if hub.is_lfs_pointer(path):
            raise ModelError(
                f"{path.name} of '{title}' is a pointer of Git LFS, not the weights; run `git lfs pull` in its folder."
            )


def _other_kind(folder: Path) -> str | None:
    """What a folder is, if it is a model of another library, and what to give instead."""
    if (folder / "modules.json").is_file():
        return "a model of sentence-transformers; give the CLIP or SigLIP of transformers that it is made of"
    if (folder / "open_clip_config.json").is_file() and not _has_family(folder):
        return "a model of open_clip; give its conversion to transformers, a folder with config.json"
    return None


def _has_family(folder: Path) -> bool:
    try:
        return json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type") in FAMILIES
    except (OSError, ValueError, AttributeError):
        return False


def _has_weights(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _WEIGHTS[:2])


def _conversion(name: str) -> str | None:
    """The revision that holds the hub's own conversion to safetensors, of a model that was published as a pickle."""
    from huggingface_hub import HfApi, constants
    from huggingface_hub.file_download import repo_folder_name
    from huggingface_hub.utils import httpx

    try:
        offers = HfApi().get_repo_discussions(
            name, author=_CONVERTER, discussion_type="pull_request", discussion_status="open"
        )
        return next((f"refs/pr/{offer.num}" for offer in offers if "safetensors" in offer.title), None)
    except (OSError, httpx.HTTPError):  # offline: the one that was fetched before
        kept = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model") / "refs" / "refs" / "pr"
        return next((f"refs/pr/{path.name}" for path in sorted(kept.glob("*"))), None)

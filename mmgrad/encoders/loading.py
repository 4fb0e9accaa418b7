"""CLIP, SigLIP and SigLIP 2 from a folder or the Hugging Face hub, read safely.

Only safetensors and JSON are read, no code and no pickle. Whatever is wrong with a name or a folder raises a
ModelError.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from mmgrad.encoders.model_files import check_folder, fetch
from mmgrad.errors import ModelError

_PROBES = ("replace the dog with a cat", "put it on a beach")

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
    """Read a model from a folder, or by its hub id (owner/name), which is fetched once and cached.

    `folder` is the hub's copy on this machine, if `fetch` has returned it already.

    Raises ModelError for a name that is neither, a hub that cannot be reached, another kind of model, weights that are
    missing, damaged or only there as a pickle, and a missing tokenizer or image processor.
    """
    title, local = str(name), Path(name).expanduser()
    if folder is None and local.is_dir():
        folder, title = local, local.resolve().name
    elif folder is None:
        folder = fetch(title)
    check_folder(folder, title)
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
    _check_tokenizer(tokenizer, model.config.text_config.vocab_size, title)
    processor = _read(AutoImageProcessor, "image processor", title, folder, backend="pil", **settings)
    return Pretrained(title, model.eval().requires_grad_(False), tokenizer, processor)


def _read(reader: Any, what: str, title: str, folder: Path, **settings: Any) -> Any:
    try:
        return reader.from_pretrained(folder, **settings)
    except _BROKEN as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ModelError(f"The {what} of '{title}' cannot be read ({reason}); fetch the model again.") from error


def _check_tokenizer(tokenizer: Any, vocabulary: int, title: str) -> None:
    """Refuse a tokenizer that does not fit the model: transformers makes an empty one where its files are missing."""
    missing = f"The tokenizer of '{title}' is missing or is of another model"
    rows = [tokenizer(text)["input_ids"] for text in _PROBES]
    if rows[0] == rows[1]:
        raise ModelError(f"{missing} (all texts look the same to it); fetch the model again, with all its files.")
    unknown = {*tokenizer.all_special_ids, tokenizer.unk_token_id}
    if any(set(row) <= unknown for row in rows):
        raise ModelError(f"{missing} (it knows no word of English); fetch the model again, with all its files.")
    if len(tokenizer) < vocabulary / 2 or max(max(row) for row in rows) >= vocabulary:
        raise ModelError(
            f"{missing} ({len(tokenizer):,} tokens, where the model has {vocabulary:,}); fetch the model again."
        )

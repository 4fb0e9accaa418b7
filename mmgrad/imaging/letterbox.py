"""The exact geometry between a picture and the square that a model sees, both ways.

Pixel coordinates are indices: the centre of the top-left pixel is (0, 0), that of the bottom-right one is
(width - 1, height - 1). Resizing uses half-pixel centres (`align_corners=False`): pixel i of n covers the interval
[i / n, (i + 1) / n] of the picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

PAD = (124, 116, 104)
"""Colour around a letterboxed picture: the mean of ImageNet, about zero once a model has normalised it."""


@dataclass(frozen=True)
class Letterbox:
    """How a picture of (height, width) lies, aspect kept, in a square of `size` pixels, and the way back.

    Attributes:
        height, width: the picture, in pixels.
        size: side of the square that the model sees.
        top, left, inner_height, inner_width: where the picture lies in that square; the rest is padding.
    """

    height: int
    width: int
    size: int
    top: int
    left: int
    inner_height: int
    inner_width: int

    @classmethod
    def fit(cls, height: int, width: int, size: int) -> "Letterbox":
        """The largest centred placement that keeps the aspect (to the rounding of one pixel)."""
        if min(height, width, size) < 1:
            raise ValueError(f"height, width and size must be at least 1, not {height}, {width} and {size}")
        scale = size / max(height, width)
        inner_height = max(1, round(height * scale))
        inner_width = max(1, round(width * scale))
        return cls(
            height=height,
            width=width,
            size=size,
            top=(size - inner_height) // 2,
            left=(size - inner_width) // 2,
            inner_height=inner_height,
            inner_width=inner_width,
        )

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Lay a picture, uint8 [height, width, 3], into the square: uint8 [size, size, 3], padded with PAD."""
        if image.shape != (self.height, self.width, 3) or image.dtype != np.uint8:
            raise ValueError(
                f"expected uint8 of shape {(self.height, self.width, 3)}, not {image.dtype} of shape {image.shape}"
            )
        inner = Image.fromarray(image).resize((self.inner_width, self.inner_height), Image.Resampling.BICUBIC)
        square = np.empty((self.size, self.size, 3), np.uint8)
        square[:] = PAD
        square[self._inside] = np.asarray(inner)
        return square

    def apply_mask(self, mask: np.ndarray) -> np.ndarray:
        """Lay a mask [height, width] (any dtype, set where > 0) into the square.

        Returns float32 [size, size] in [0, 1]: the share of each pixel that the mask covers, 0 in the padding.
        """
        if mask.shape != (self.height, self.width):
            raise ValueError(f"expected a mask of shape {(self.height, self.width)}, not {mask.shape}")
        cover = Image.fromarray((mask > 0).astype(np.float32))
        inner = cover.resize((self.inner_width, self.inner_height), Image.Resampling.BOX)
        square = np.zeros((self.size, self.size), np.float32)
        square[self._inside] = np.asarray(inner)
        return square

    def covered(self, mask: np.ndarray, rows: int, columns: int) -> np.ndarray:
        """The share of each of `rows` x `columns` cells of the square that a mask [height, width] covers, as in
        `apply_mask`: float32 [rows, columns] in [0, 1]."""
        return np.asarray(cv2.resize(self.apply_mask(mask), (columns, rows), interpolation=cv2.INTER_AREA))

    def restore(self, values: np.ndarray) -> np.ndarray:
        """Bring a map over the square back onto the picture, the padding dropped.

        Args:
            values: float [h, w], any resolution; cell (i, j) covers its share of the square. Finite.

        Returns:
            float32 [height, width]: the map's cubic interpolant (half-pixel centres, edges held) read at the centre of
            each pixel of the picture. Values above and below 0 are interpolated apart, so that the overshoot beside the
            one is never taken for the other: a map without negative values gets none.
        """
        if values.ndim != 2:
            raise ValueError(f"expected a map of shape [h, w], not {values.shape}")
        rows = _cubic(self.height, self.top, self.inner_height, self.size, values.shape[0])  # [height, h]
        columns = _cubic(self.width, self.left, self.inner_width, self.size, values.shape[1])  # [width, w]

        def interpolated(positive: np.ndarray) -> np.ndarray:
            return np.maximum(rows @ positive @ columns.T, 0)

        values = values.astype(np.float32)
        above, below = np.maximum(values, 0), np.maximum(-values, 0)
        return interpolated(above) - interpolated(below) if below.any() else interpolated(above)

    def to_model(self, xy: tuple[float, float]) -> tuple[float, float]:
        """The point of the square where the point (x, y) of the picture lies."""
        x, y = xy
        return (
            (x + 0.5) * self.inner_width / self.width + self.left - 0.5,
            (y + 0.5) * self.inner_height / self.height + self.top - 0.5,
        )

    def to_original(self, xy: tuple[float, float]) -> tuple[float, float]:
        """The point of the picture that lies at the point (x, y) of the square; outside the picture for the padding."""
        x, y = xy
        return (
            (x - self.left + 0.5) * self.width / self.inner_width - 0.5,
            (y - self.top + 0.5) * self.height / self.inner_height - 0.5,
        )

    @property
    def _inside(self) -> tuple[slice, slice]:
        return (
            slice(self.top, self.top + self.inner_height),
            slice(self.left, self.left + self.inner_width),
        )


def _cubic(length: int, start: int, inner: int, size: int, cells: int) -> np.ndarray:
    """Weights, float32 [length, cells], that read a row of cells at the pixels of one axis of the picture.

    Cubic convolution with a = -1/2, which is exact for parabolas (Keys, IEEE Trans. ASSP 29, 1981).
    """
    centres = start + (np.arange(length) + 0.5) * inner / length  # in the square, [0, size]
    position = centres * cells / size - 0.5  # in cells
    lower = np.floor(position).astype(int)
    t = position - lower
    taps = (t * (-1 + t * (2 - t)) / 2, 1 + t * t * (3 * t - 5) / 2, t * (1 + t * (4 - 3 * t)) / 2, t * t * (t - 1) / 2)
    weights = np.zeros((length, cells))
    for offset, tap in enumerate(taps, start=-1):
        held = np.clip(lower + offset, 0, cells - 1)  # the edges
        np.add.at(weights, (np.arange(length), held), tap)
    return weights.astype(np.float32)  # those of a single cell are 1, exactly: a uniform map stays one

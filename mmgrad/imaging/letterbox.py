"""The exact geometry between a picture and the square that a model sees, both ways.

Pixel coordinates are indices: the center of the top-left pixel is (0, 0), that of the bottom-right one is
(width - 1, height - 1). Resizing uses half-pixel centers (`align_corners=False`): pixel i of n covers the interval
[i / n, (i + 1) / n] of the picture.

The geometry is that of the original picture. The pixels that are laid into the square may be a smaller copy of it.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image

PAD = (124, 116, 104)
"""Color around a letterboxed picture: the mean of ImageNet, about zero once a model has normalized it."""


@dataclass(frozen=True)
class Letterbox:
    """How a picture of (height, width) lies, aspect kept, in a square of `size` pixels, and the way back.

    Attributes:
        height, width: the original picture, in pixels.
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
        """The largest centered placement that keeps the aspect (to the rounding of one pixel)."""
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

    def for_size(self, height: int, width: int) -> "Letterbox":
        """The same placement for the same picture at another size, such as the original of a reduced copy."""
        self._check_aspect((height, width))
        return replace(self, height=height, width=width)

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Lay a picture into the square: uint8 [size, size, 3], padded with PAD.

        Args:
            image: uint8 [h, w, 3], the picture at its own size or reduced.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"expected uint8 of shape [h, w, 3], not {image.dtype} of shape {image.shape}")
        self._check_aspect(image.shape[:2])
        inner = Image.fromarray(image).resize((self.inner_width, self.inner_height), Image.Resampling.BICUBIC)
        square = np.empty((self.size, self.size, 3), np.uint8)
        square[:] = PAD
        square[self._inside] = np.asarray(inner)
        return square

    def apply_mask(self, mask: np.ndarray) -> np.ndarray:
        """Lay a mask [h, w] (any dtype, set where > 0) of the picture or of a reduced copy into the square.

        Returns float32 [size, size] in [0, 1]: the share of each pixel that the mask covers, 0 in the padding.
        """
        if mask.ndim != 2:
            raise ValueError(f"expected a mask of shape [h, w], not {mask.shape}")
        self._check_aspect(mask.shape)
        cover = Image.fromarray((mask > 0).astype(np.float32))
        inner = cover.resize((self.inner_width, self.inner_height), Image.Resampling.BOX)
        square = np.zeros((self.size, self.size), np.float32)
        square[self._inside] = np.asarray(inner)
        return square

    def covered(self, mask: np.ndarray, rows: int, columns: int) -> np.ndarray:
        """The share of each of `rows` x `columns` cells of the square that a mask covers, as in `apply_mask`:
        float32 [rows, columns] in [0, 1]."""
        return np.asarray(cv2.resize(self.apply_mask(mask), (columns, rows), interpolation=cv2.INTER_AREA))

    def restore(self, values: np.ndarray, shape: tuple[int, int] | None = None) -> np.ndarray:
        """Bring a map over the square back onto the picture, without the padding.

        Positive and negative values are interpolated separately. The overshoot of the cubic beside one sign is
        therefore never taken for the other: a map without negative values gets none.

        Args:
            values: float [h, w], any resolution; cell (i, j) covers its share of the square. Finite.
            shape: (height, width) of the result; by default those of the original picture. A reduced copy of the
                picture needs its own.

        Returns:
            float32 [height, width]: the cubic interpolant of the map (half-pixel centers, edges held) at the center of
            each pixel.
        """
        if values.ndim != 2:
            raise ValueError(f"expected a map of shape [h, w], not {values.shape}")
        height, width = shape or (self.height, self.width)
        rows = cubic_weights(height, self.top, self.inner_height, self.size, values.shape[0])  # [height, h]
        columns = cubic_weights(width, self.left, self.inner_width, self.size, values.shape[1])  # [width, w]

        def interpolate(part: np.ndarray) -> np.ndarray:
            resized: np.ndarray = np.maximum(rows @ part @ columns.T, 0)
            return resized

        values = values.astype(np.float32)
        positive, negative = np.maximum(values, 0), np.maximum(-values, 0)
        return interpolate(positive) - interpolate(negative) if negative.any() else interpolate(positive)

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

    def _check_aspect(self, shape: tuple[int, ...]) -> None:
        """Raise ValueError unless a picture of (h, w) is this one, scaled and rounded to whole pixels."""
        h, w = shape
        scale = max(h, w) / max(self.height, self.width)
        if min(h, w) < 1 or max(abs(h - scale * self.height), abs(w - scale * self.width)) > 1.5 * max(1, scale):
            raise ValueError(
                f"a picture of {h} x {w} has another aspect than the {self.height} x {self.width} of this geometry"
            )


def cubic_weights(length: int, start: int, inner: int, size: int, cells: int) -> np.ndarray:
    """Weights, float32 [length, cells], that read a row of cells at the pixels of one axis of the picture.

    Cubic convolution with a = -1/2 (Keys, IEEE Trans. ASSP 29, 1981). Pixel p of `length` has its center at
    c = start + (p + 1/2) inner / length in the square of `size` pixels, which is x = c cells / size - 1/2 in cells. Let
    k = floor(x) and t = x - k. The value at p is the sum of four cells with these weights:

        cell k - 1:  t (-1 + t (2 - t)) / 2
        cell k:      1 + t t (3 t - 5) / 2
        cell k + 1:  t (1 + t (4 - 3 t)) / 2
        cell k + 2:  t t (t - 1) / 2

    Cells outside [0, cells - 1] count as the nearest cell inside. The two axes are independent: rows first, then
    columns; each sign of the map by itself, the result cut off at 0 (see `restore`).
    """
    centers = start + (np.arange(length) + 0.5) * inner / length  # in the square, [0, size]
    position = centers * cells / size - 0.5  # in cells
    lower = np.floor(position).astype(int)
    t = position - lower
    taps = (t * (-1 + t * (2 - t)) / 2, 1 + t * t * (3 * t - 5) / 2, t * (1 + t * (4 - 3 * t)) / 2, t * t * (t - 1) / 2)
    weights = np.zeros((length, cells))
    for offset, tap in enumerate(taps, start=-1):
        held = np.clip(lower + offset, 0, cells - 1)  # the edges
        np.add.at(weights, (np.arange(length), held), tap)
    return weights.astype(np.float32)  # those of a single cell are 1, exactly: a uniform map stays one

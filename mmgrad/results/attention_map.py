"""An attention map over one picture: raw values, geometry, peak, overlay."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from mmgrad.imaging.letterbox import Letterbox
from mmgrad.imaging.peak import find_peak


@dataclass(frozen=True, eq=False, repr=False)
class AttentionMap:
    """An attention map over one picture.

    Attributes:
        values: float32 [h, w] on the model's grid, raw scale. Positive values mark where the signal depends on the
            picture; negative values speak against it.
        letterbox: geometry between the grid's square and the picture. Its `height` and `width` are those of the
            original file, even where the picture was decoded at a reduced size.
        threshold: a map whose positive values sum to less holds "no evidence"; 0 where none was calibrated.
        change: float32 [h, w], the map of the change alone where `values` also holds a faint map of the whole match
            (`mmgrad.attribution.blend`); None where both are the same.
        image: uint8 [H, W, 3], the picture below the map, for `overlay`; None where it is not known.
        computed: False for a placeholder: the picture could not be read, or maps were not asked for.
    """

    values: np.ndarray
    letterbox: Letterbox
    threshold: float = 0.0
    change: np.ndarray | None = None
    image: np.ndarray | None = None
    computed: bool = True

    @classmethod
    def placeholder(
        cls, grid: tuple[int, int], letterbox: Letterbox, image: np.ndarray | None = None
    ) -> "AttentionMap":
        """A map that was not computed: zeros on a grid of (rows, columns); it counts as empty."""
        return cls(np.zeros(grid, np.float32), letterbox, image=image, computed=False)

    @property
    def signed(self) -> np.ndarray:
        """The signed map of the change alone, float32 [h, w]."""
        return self.values if self.change is None else self.change

    @cached_property
    def total_positive(self) -> float:
        """The sum of the positive values."""
        return float(np.maximum(self.values, 0).sum())

    @property
    def empty(self) -> bool:
        """Whether the map holds no evidence worth showing."""
        return self.total_positive < self.threshold or self.total_positive == 0

    @property
    def peak(self) -> float:
        """The greatest value inside the picture; 0 for an empty map."""
        return self._peak[2]

    @property
    def peak_xy(self) -> tuple[int, int] | None:
        """The pixel (x, y) of the original picture where the map is greatest; None for an empty map."""
        x, y, _ = self._peak
        return None if self.empty else (x, y)

    def on_original(self, max_side: int | None = None) -> np.ndarray:
        """The positive map at the pixels of the original picture, float32 [height, width], raw scale.

        Args:
            max_side: scale down, aspect kept, so that the longest side has at most this many pixels. None: full size,
                which takes 48 MB for a photograph of 12 million pixels.
        """
        height, width = self.letterbox.height, self.letterbox.width
        share = 1.0 if max_side is None else min(1.0, max_side / max(height, width))
        return self.on_pixels(max(1, round(height * share)), max(1, round(width * share)))

    def on_pixels(self, height: int, width: int) -> np.ndarray:
        """The positive map over the whole picture sampled at height x width pixels, float32, raw scale."""
        return self.letterbox.restore(np.maximum(self.values, 0), (height, width))

    def overlay(self, alpha: float = 0.6, image: np.ndarray | None = None, peak: float | None = None) -> Image.Image:
        """The picture with the map drawn over it. An empty map draws nothing.

        Args:
            alpha: opacity of the peak, in [0, 1].
            image: uint8 [H, W, 3]; by default the picture that the map belongs to.
            peak: the value drawn as the brightest color; by default the map's own. Give `Explanation.scale` to compare
                the hits of one explanation.

        Raises ValueError where there is no picture to draw on, or alpha is out of range.
        """
        from mmgrad.render import overlay

        picture = self.image if image is None else image
        if picture is None:
            raise ValueError("This map does not know its picture; pass it as `image`.")
        scale = 0.0 if self.empty else self.peak if peak is None else peak
        return Image.fromarray(overlay.blend(picture, self.on_pixels(*picture.shape[:2]), scale, alpha))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        if not self.computed:
            return "AttentionMap(not computed)"
        rows, columns = self.values.shape
        shown = "no evidence" if self.empty else f"peak {self.peak:.3g} at {self.peak_xy}"
        return f"AttentionMap({rows} x {columns}, {shown})"

    @cached_property
    def _peak(self) -> tuple[int, int, float]:
        if self.empty:
            return 0, 0, 0.0
        return find_peak(np.maximum(self.values, 0), self.letterbox)

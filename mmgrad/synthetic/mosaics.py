"""Canvases: pictures that are one photograph, a mosaic of photographs, or photographs on a background."""

from dataclasses import dataclass

import cv2
import numpy as np

from mmgrad.synthetic.asset_library import AssetLibrary
from mmgrad.synthetic.photo_folder import Photograph
from mmgrad.synthetic.scene_sampler import shape
from mmgrad.synthetic.scenes import Scene, renderer

MOST_STRETCH = 1.2
"""How far a photograph may be squeezed to fit its cell, as a ratio of proportions."""


@dataclass(frozen=True, eq=False)
class PhotoCrop:
    """A crop of a photograph as a family shows it, the same in every picture and cell.

    Attributes:
        photograph: the photograph.
        center: position of the crop, 0 to 1 of the free room in x and y.
        share: area relative to the largest crop of the same aspect ratio.
        squeeze: aspect ratio relative to that of the photograph, where the picture is this photograph alone.
        flip: whether it is mirrored.
        light: factors of red, green and blue.
    """

    photograph: Photograph
    center: tuple[float, float]
    share: float
    squeeze: float
    flip: bool
    light: tuple[float, float, float]

    @classmethod
    def plain(cls, photograph: Photograph) -> "PhotoCrop":
        """The photograph unchanged, cropped at its center where necessary."""
        return cls(photograph, (0.5, 0.5), 1.0, 1.0, False, (1.0, 1.0, 1.0))

    @property
    def index(self) -> int:
        """Row of its class in the ImageNet classifier."""
        return self.photograph.index

    def whole(self, size: int) -> np.ndarray:
        """The crop in its own aspect ratio, long side `size`: uint8 [h, w, 3]."""
        height, width = self.photograph.rgb().shape[:2]
        height, width = shape(round(1000 * width * self.squeeze), round(1000 * height), size)
        return self.filling(height, width, 1.0)

    def filling(self, height: int, width: int, most_stretch: float = MOST_STRETCH) -> np.ndarray:
        """The crop at a size in pixels: uint8 [height, width, 3]."""
        photo = self.photograph.rgb()
        own = photo.shape[1] / photo.shape[0]
        asked = width / height
        taken = min(max(own, asked / most_stretch), asked * most_stretch)
        side = self.share**0.5
        across = photo.shape[1] * min(1.0, taken / own) * side
        down = photo.shape[0] * min(1.0, own / taken) * side
        left = round((photo.shape[1] - across) * self.center[0])
        top = round((photo.shape[0] - down) * self.center[1])
        part = photo[top : top + max(1, round(down)), left : left + max(1, round(across))]
        shrinks = part.shape[0] > height
        out = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        steps = np.arange(256, dtype=np.float32)[:, None] * np.asarray(self.light, np.float32)
        out = cv2.LUT(out, np.clip(steps + 0.5, 0, 255).astype(np.uint8)[None])
        return np.ascontiguousarray(out[:, ::-1]) if self.flip else out


def sample_crop(photograph: Photograph, rng: np.random.Generator, least_share: float) -> PhotoCrop:
    """A random crop of a photograph that keeps at least `least_share` of its area where its cell allows."""
    squeeze = float(rng.uniform(0.85, 1.18))
    center = (float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.25, 0.6)))  # heads are rather at the top
    share = float(rng.uniform(min(1.0, least_share * max(squeeze, 1 / squeeze)), 1))
    mirrored = bool(rng.random() < 0.3)
    red, green, blue = (float(x) for x in rng.uniform(0.88, 1.12) * rng.uniform(0.96, 1.04, 3))
    return PhotoCrop(photograph, center, share, squeeze, mirrored, (red, green, blue))


@dataclass(frozen=True, slots=True)
class Cell:
    """A rectangle of the canvas, in fractions of it, and the point (x, y) that places refer to."""

    left: float
    top: float
    right: float
    bottom: float
    x: float
    y: float

    def box(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Top, bottom, left and right in pixels."""
        return (
            round(self.top * height),
            round(self.bottom * height),
            round(self.left * width),
            round(self.right * width),
        )


@dataclass(frozen=True, eq=False)
class Canvas:
    """Cells on a ground, which is a cropped background or a color; `feather` softens the edges of the cells.

    A canvas of kind "single" is one photograph in its own aspect ratio, without a ground.
    """

    kind: str
    height: int
    width: int
    cells: tuple[Cell, ...]
    background: str = ""
    crop: tuple[float, float, float] = (0.5, 0.5, 1.0)
    color: tuple[int, int, int] | None = None
    blur: bool = False
    feather: float = 0.0

    def draw(self, state: tuple[PhotoCrop | None, ...], library: AssetLibrary, size: int) -> np.ndarray:
        """The picture with these crops in the cells, long side `size`: uint8 [H, W, 3]."""
        if self.kind == "single" and state[0] is not None:
            return state[0].whole(size)
        height, width = shape(self.width, self.height, size)
        canvas = self._ground(library, height, width)
        for cell, photo_crop in zip(self.cells, state, strict=True):
            if photo_crop is None:
                continue
            top, bottom, left, right = cell.box(height, width)
            picture = photo_crop.filling(bottom - top, right - left)
            area = canvas[top:bottom, left:right]
            if self.feather:
                soft = _soft(bottom - top, right - left, self.feather)
                area[:] = (picture * soft + area * (1 - soft) + 0.5).astype(np.uint8)
            else:
                area[:] = picture
        return canvas

    def mask(self, number: int, picture: np.ndarray) -> np.ndarray:
        """Pixels of a cell in a picture of this canvas, uint8 {0, 1} [H, W]."""
        height, width = picture.shape[:2]
        found = np.zeros((height, width), np.uint8)
        top, bottom, left, right = self.cells[number].box(height, width)
        found[top:bottom, left:right] = 1
        return found

    def _ground(self, library: AssetLibrary, height: int, width: int) -> np.ndarray:
        if self.color is not None:
            return np.full((height, width, 3), self.color, np.uint8)
        ground = renderer(library).render(Scene(self.background, (), height, width, self.crop)).rgb
        return cv2.GaussianBlur(ground, (0, 0), 0.03 * width) if self.blur else ground


def grid(rows: int, columns: int) -> Canvas:
    """Cells of equal size without gaps on mid gray."""
    cells = tuple(
        Cell(c / columns, r / rows, (c + 1) / columns, (r + 1) / rows, (c + 0.5) / columns, (r + 0.5) / rows)
        for r in range(rows)
        for c in range(columns)
    )
    return Canvas("mosaic", rows, columns, cells, color=(128, 128, 128))


def _soft(height: int, width: int, feather: float) -> np.ndarray:
    """Opacity that decreases towards the edges over `feather` of the short side: float32 [height, width, 1]."""
    reach = max(1.0, feather * min(height, width))
    down = np.minimum(np.arange(height) + 0.5, height - np.arange(height) - 0.5)
    across = np.minimum(np.arange(width) + 0.5, width - np.arange(width) - 0.5)
    alpha: np.ndarray = np.clip(down / reach, 0, 1)[:, None] * np.clip(across / reach, 0, 1)
    return alpha.astype(np.float32)[..., None]


GRIDS = ((2, 2, 1.0, 0.58), (1, 2, 4 / 3, 0.14), (2, 1, 3 / 4, 0.12), (1, 3, 2.0, 0.09), (3, 1, 0.5, 0.07))
"""Rows and columns of the mosaics, the width over the height, and how often they come."""


def single() -> Canvas:
    """A canvas for one photograph."""
    return Canvas("single", 1, 1, (Cell(0, 0, 1, 1, 0.5, 0.5),))


def mosaic(library: AssetLibrary, rng: np.random.Generator) -> Canvas:
    """A grid of cells, sometimes of unequal size and with gaps."""
    rows, columns, proportion, _ = GRIDS[int(rng.choice(len(GRIDS), p=[share for *_, share in GRIDS]))]
    height, width = shape(round(1000 * proportion * rng.uniform(0.85, 1.15)), 1000, 224)
    gap = float(rng.choice((0.0, 0.0, 0.01, 0.025)))
    across, down = _cuts(columns, rng), _cuts(rows, rng)
    cells = tuple(
        Cell(
            across[c] + gap / 2, down[r] + gap / 2, across[c + 1] - gap / 2, down[r + 1] - gap / 2,
            (c + 0.5) / columns, (r + 0.5) / rows,
        )
        for r in range(rows)
        for c in range(columns)
    )  # fmt: skip
    return _on_ground("mosaic", height, width, cells, 0.0, 0.5, library, rng)


def scattered(library: AssetLibrary, rng: np.random.Generator) -> Canvas:
    """One to four separate rectangles on a background."""
    height, width = shape(*((1, 1), (4, 3), (3, 4))[int(rng.choice(3, p=(0.7, 0.17, 0.13)))], 224)
    side = float(rng.uniform(0.25, 0.7))
    wide, high = side * rng.uniform(0.85, 1.15), side * rng.uniform(0.85, 1.15)
    cells: list[Cell] = []
    for _ in range(40):
        x, y = float(rng.uniform(wide / 2, 1 - wide / 2)), float(rng.uniform(high / 2, 1 - high / 2))
        if all(abs(x - other.x) > wide + 0.01 or abs(y - other.y) > high + 0.01 for other in cells):
            cells.append(Cell(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2, x, y))
        if len(cells) == 4:
            break
    feather = float(rng.choice((0.0, 0.06, 0.15)))
    return _on_ground("scattered", height, width, tuple(cells), feather, 0.0, library, rng)


def _cuts(count: int, rng: np.random.Generator) -> np.ndarray:
    """Borders of the cells along one side, 0 to 1; of equal size half of the time."""
    sizes = np.ones(count) if rng.random() < 0.5 else rng.uniform(0.75, 1.25, count)
    return np.concatenate([[0.0], np.cumsum(sizes) / sizes.sum()])


def _on_ground(
    kind: str,
    height: int,
    width: int,
    cells: tuple[Cell, ...],
    feather: float,
    plain: float,
    library: AssetLibrary,
    rng: np.random.Generator,
) -> Canvas:
    background = library.backgrounds[int(rng.integers(len(library.backgrounds)))].id
    crop = (float(rng.random()), float(rng.random()), float(rng.uniform(0.6, 1.0)))
    red, green, blue = (int(x) for x in np.clip(rng.choice((10, 70, 128, 190, 245)) + rng.integers(-25, 26, 3), 0, 255))
    blur = bool(rng.random() < 0.5)
    color = (red, green, blue) if rng.random() < plain else None
    return Canvas(kind, height, width, cells, background, crop, color, blur, feather)

"""Places drawn from seeded noise: skies, shores, plains and rooms, as backgrounds that need no photograph.

Every function returns float32 [SIDE, SIDE, 3] in 0..1 and depends on nothing but its own seed.
"""

from collections.abc import Callable

import cv2
import numpy as np
from atlas_textures import SIDE, Color, grain, noise, plain, planks, ramp, rows, speckle, strokes


def above(image: np.ndarray, ground: np.ndarray, line: np.ndarray | float) -> np.ndarray:
    """`image` above the height `line` (0 top to 1 bottom, one value per column) and `ground` below it."""
    share = np.clip((rows() - line) * SIDE + 0.5, 0, 1)[..., None]
    return image * (1 - share) + ground * share


def ridge(seed: int, middle: float, swing: float, octaves: int, cells: int = 3) -> np.ndarray:
    """A skyline around height `middle`, [SIDE]."""
    line: np.ndarray = middle + swing * (noise(seed, (2, cells), octaves)[SIDE // 2] - 0.5)
    return line


def sky(seed: int, top: Color, bottom: Color, cover: float) -> np.ndarray:
    """A sky from `top` to `bottom` with clouds over about `cover` of it."""
    base = ramp(rows(), top, bottom)
    cloud = np.clip((noise(seed, (4, 2), 6) - (1 - cover)) / 0.25, 0, 1)[..., None]
    shade = 0.86 + 0.14 * noise(seed + 1, (4, 3), 4)[..., None]
    return base * (1 - cloud) + cloud * shade


def night_sky(seed: int) -> np.ndarray:
    """Stars on a dark blue ground."""
    rng = np.random.default_rng(seed)
    image = ramp(0.7 * rows() + 0.3 * noise(seed, (2, 2), 4), (4, 6, 24), (16, 24, 66))
    stars = np.zeros((SIDE, SIDE), np.float32)
    for _ in range(260):
        x, y = rng.integers(2, SIDE - 2, 2)
        cv2.circle(stars, (int(x), int(y)), int(rng.random() < 0.12) + 1, float(rng.uniform(0.3, 1)), -1, cv2.LINE_AA)
    return np.clip(image + cv2.GaussianBlur(stars, (0, 0), 0.6)[..., None], 0, 1)


def shore(seed: int) -> np.ndarray:
    """A beach: sky, sea with waves, foam, sand."""
    y = rows()
    edge = 0.62 + 0.03 * (noise(seed + 5, (2, 3), 3)[0] - 0.5)
    image = sky(seed, (70, 140, 215), (190, 225, 245), 0.35)
    sea = ramp(
        0.6 * (y - 0.34) / 0.3 + 0.4 * noise(seed + 1, (50, 6), 3), (14, 84, 140), (40, 150, 180), (140, 215, 210)
    )
    sand = speckle(seed + 2, 60, ((196, 164, 112), (228, 202, 152), (242, 224, 184)), 0.03)
    image = np.where((y > 0.34)[..., None], sea, image)
    image = np.where((y > edge)[..., None], sand, image)
    foam = np.clip(1 - np.abs(y - edge) / 0.014, 0, 1)[..., None]
    mixed: np.ndarray = image * (1 - foam) + foam
    return mixed


def desert(seed: int) -> np.ndarray:
    """Sand dunes under a clear sky."""
    image = ramp(rows(), (66, 132, 206), (236, 226, 200), (236, 226, 200))
    for i, (middle, tone) in enumerate([(0.5, (206, 150, 92)), (0.6, (222, 170, 106)), (0.76, (236, 190, 126))]):
        dark = (int(0.78 * tone[0]), int(0.78 * tone[1]), int(0.78 * tone[2]))
        shade = 0.5 * noise(seed + i, (3, 2), 3) + 0.5 * noise(seed + 9 + i, (60, 4), 3)
        image = above(image, ramp(shade, dark, tone), ridge(seed + i, middle, 0.24, 2))
    return grain(image, seed, 0.015)


def meadow(seed: int) -> np.ndarray:
    """Green hills and grass under a sky with clouds."""
    image = sky(seed, (60, 134, 214), (196, 224, 244), 0.45)
    image = above(image, ramp(noise(seed + 1, (8, 8), 5), (56, 104, 66), (98, 146, 84)), ridge(seed + 1, 0.5, 0.2, 3))
    near = strokes(seed, 9000, (6, 18), 0.3, ((40, 84, 22), (82, 146, 40), (146, 196, 78)))
    return above(image, near, ridge(seed + 2, 0.62, 0.08, 2))


def snowy_mountains(seed: int) -> np.ndarray:
    """White peaks above a field of snow."""
    image = ramp(rows(), (64, 120, 196), (206, 226, 242), (206, 226, 242))
    rock = noise(seed, (9, 9), 6, 0.65) + 0.5 * (rows() - 0.4)
    image = above(
        image, ramp(np.clip(rock, 0, 1), (250, 252, 255), (196, 210, 230), (86, 96, 116)), ridge(seed, 0.4, 0.6, 6, 4)
    )
    return above(image, speckle(seed, 8, ((208, 220, 238), (250, 252, 255)), 0.01), ridge(seed + 1, 0.68, 0.1, 2))


def underwater(seed: int) -> np.ndarray:
    """The sea from within, with light from above and a sandy bottom."""
    x = np.mgrid[:SIDE, :SIDE][1] / SIDE
    beam = noise(seed, (1, 12), 3)[SIDE // 2]
    slant = np.clip(((x + 0.35 * rows()) * SIDE).astype(int), 0, SIDE - 1)
    image = ramp(rows(), (92, 196, 222), (22, 112, 170), (8, 56, 112)) + 0.2 * (beam[slant] * (1 - rows()))[..., None]
    bottom = speckle(seed + 1, 30, ((44, 104, 126), (96, 156, 160)), 0.02)
    drawn: np.ndarray = np.clip(above(image, bottom, ridge(seed + 2, 0.85, 0.1, 3)), 0, 1)
    return drawn


def room(seed: int, wall: Color) -> np.ndarray:
    """A painted wall with a white skirting board above a wooden floor."""
    floor = cv2.resize(planks(seed, 9, (132, 88, 50), (206, 154, 98)), (SIDE, SIDE // 3))
    image = plain(wall, seed)
    start = SIDE - floor.shape[0]
    image[start:] = floor
    image[start - 14 : start] = 0.93
    image[start - 15] = image[start] = 0.55
    return image


def road(seed: int) -> np.ndarray:
    """A straight asphalt road between fields, seen from its middle."""
    image = meadow(seed)
    level = 0.56
    image = above(image, strokes(seed, 9000, (5, 14), 0.3, ((70, 92, 30), (132, 150, 58), (178, 182, 92))), level)
    depth = np.clip((rows() - level) / (1 - level), 0, 1)
    side = np.abs(np.mgrid[:SIDE, :SIDE][1] / SIDE - 0.5)
    asphalt = speckle(seed + 3, 70, ((76, 76, 80), (108, 108, 112)), 0.03)
    lane = (depth > 0) & (side < 0.02 + 0.5 * depth)
    image = np.where(lane[..., None], asphalt, image)
    dash = lane & (side < 0.004 + 0.012 * depth) & (np.sin(9 / (depth + 0.12)) > 0)
    edge = lane & (np.abs(side - (0.018 + 0.45 * depth)) < 0.002 + 0.008 * depth)
    return np.where((dash | edge)[..., None], 0.92, image)


def sunset(seed: int) -> np.ndarray:
    """A low sun over the sea."""
    tone = 0.85 * rows() / 0.62 + 0.15 * noise(seed, (14, 3), 4)
    image = ramp(np.clip(tone, 0, 1), (54, 48, 110), (190, 84, 110), (250, 150, 70), (255, 214, 120))
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    sun = np.clip((0.085 - np.hypot(x - 0.62, y - 0.56)) * 90, 0, 1)[..., None]
    image = image * (1 - sun) + sun * np.array((1, 0.95, 0.74))
    glint = np.exp(-(((x - 0.62) / (0.05 + 0.3 * (y - 0.6))) ** 2)) * noise(seed + 1, (60, 5), 3)
    sea = ramp(0.5 * noise(seed + 2, (50, 6), 3) + 0.4 * (1 - y), (28, 22, 60), (112, 56, 92), (220, 120, 84))
    lit = sea + 0.9 * glint[..., None] * np.array((1, 0.7, 0.4))
    drawn: np.ndarray = np.clip(above(image, lit, 0.62), 0, 1).astype(np.float32)
    return drawn


PLACES: dict[str, Callable[[], np.ndarray]] = {
    "blue-sky": lambda: sky(11, (38, 110, 205), (165, 208, 240), 0.0),
    "cloudy-sky": lambda: sky(12, (64, 132, 210), (176, 212, 240), 0.55),
    "night-sky": lambda: night_sky(13),
    "beach": lambda: shore(30),
    "desert": lambda: desert(50),
    "meadow": lambda: meadow(51),
    "snowy-mountains": lambda: snowy_mountains(52),
    "underwater": lambda: underwater(53),
    "white-room": lambda: room(54, (226, 224, 216)),
    "green-room": lambda: room(55, (150, 186, 160)),
    "road": lambda: road(56),
    "sunset": lambda: sunset(57),
}
"""Every place by its id."""

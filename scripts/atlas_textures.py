"""Surfaces drawn from seeded noise, as backgrounds that need no photograph.

Every function returns float32 [SIDE, SIDE, 3] in 0..1 and depends on nothing but its own seed.
"""

from collections.abc import Callable

import cv2
import numpy as np

SIDE = 384

Color = tuple[int, int, int]


def noise(seed: int, cells: tuple[int, int], octaves: int = 5, fall: float = 0.5) -> np.ndarray:
    """Smooth noise in 0..1, float32 [SIDE, SIDE]: `octaves` layers, each twice as fine and `fall` times as strong.

    `cells` is the number of (rows, columns) of random values in the coarsest layer.
    """
    rng = np.random.default_rng(seed)
    total = np.zeros((SIDE, SIDE), np.float32)
    for octave in range(octaves):
        shape = tuple(min(SIDE, n * 2**octave) + 1 for n in cells)
        layer = rng.random(shape, np.float32)
        total += fall**octave * cv2.resize(layer, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    scaled: np.ndarray = (total - total.min()) / (total.max() - total.min())
    return scaled


def ramp(values: np.ndarray, *stops: Color) -> np.ndarray:
    """`values` in 0..1 mapped linearly through evenly spaced colors (0..255)."""
    at = np.linspace(0, 1, len(stops))
    table = np.array(stops, np.float32) / 255
    return np.stack([np.interp(values, at, table[:, c]) for c in range(3)], -1).astype(np.float32)


def grain(image: np.ndarray, seed: int, amount: float) -> np.ndarray:
    """`image` with gray pixel noise of standard deviation `amount`."""
    rng = np.random.default_rng(seed)
    grainy: np.ndarray = np.clip(image + rng.normal(0, amount, (*image.shape[:2], 1)).astype(np.float32), 0, 1)
    return grainy


def rows() -> np.ndarray:
    """Height in the picture, 0 at the top to 1 at the bottom, [SIDE, SIDE]."""
    return np.repeat(np.linspace(0, 1, SIDE, dtype=np.float32)[:, None], SIDE, 1)


def plain(color: Color, seed: int) -> np.ndarray:
    """A painted wall of one color under soft light."""
    light = 0.93 + 0.12 * noise(seed, (1, 1), 2)
    return grain(np.array(color, np.float32) / 255 * light[..., None], seed, 0.006)


def strokes(seed: int, count: int, length: tuple[int, int], slant: float, stops: tuple[Color, ...]) -> np.ndarray:
    """A mat of upright blades, later ones (lighter) over earlier ones: grass, straw."""
    rng = np.random.default_rng(seed)
    image = np.zeros((SIDE, SIDE, 3), np.float32) + np.array(stops[0], np.float32) / 255
    for i in range(count):
        x, y = (int(v) for v in rng.integers(-10, SIDE + 30, 2))
        reach = rng.integers(*length)
        tip = (int(x + rng.normal(0, slant) * reach), int(y - reach))
        tone = ramp(np.array([np.clip(i / count + rng.normal(0, 0.15), 0, 1)]), *stops)[0]
        cv2.line(image, (x, y), tip, tuple(float(v) for v in tone), int(rng.integers(1, 3)), cv2.LINE_AA)
    return image


def planks(seed: int, number: int, dark: Color, light: Color, upright: bool = False) -> np.ndarray:
    """Wooden boards with grain along them and dark gaps between."""
    rng = np.random.default_rng(seed)
    height = SIDE // number + 1
    image = np.zeros((height * number, SIDE, 3), np.float32)
    for i in range(number):
        fine = noise(seed + 7 * i, (40, 1), 4, 0.7)
        knots = noise(seed + 7 * i + 3, (3, 2), 3)
        tone = np.clip(0.55 * fine + 0.3 * np.sin(30 * knots) ** 2 + rng.uniform(-0.1, 0.25), 0, 1)
        board = ramp(tone[:height], dark, light)
        board[:2] *= 0.35
        board[2:4] *= 0.8
        image[i * height : (i + 1) * height] = board
    image = image[:SIDE, :SIDE]
    return np.ascontiguousarray(image.transpose(1, 0, 2)) if upright else image


def bricks(seed: int, dark: Color, light: Color, mortar: Color) -> np.ndarray:
    """A wall of staggered bricks with rough faces."""
    rng = np.random.default_rng(seed)
    image = np.zeros((SIDE, SIDE, 3), np.float32) + np.array(mortar, np.float32) / 255
    high, wide, gap = 32, 76, 4
    for row, y in enumerate(range(0, SIDE, high)):
        for x in range(-wide * (row % 2) // 2, SIDE, wide):
            tone = ramp(np.array([rng.random()]), dark, light)[0]
            image[y + gap : y + high, max(x + gap, 0) : max(x + wide, 0)] = tone
    rough = 0.75 + 0.4 * noise(seed, (24, 24), 4, 0.7)
    return grain(np.clip(image * rough[..., None], 0, 1), seed, 0.02)


def tiles(seed: int, step: int, tone: Color, other: Color, joint: Color) -> np.ndarray:
    """Square tiles, alternating between two colors, with a joint between them."""
    y, x = np.mgrid[:SIDE, :SIDE]
    odd = ((y // step + x // step) % 2)[..., None]
    image = np.where(odd, np.array(tone, np.float32), np.array(other, np.float32)) / 255
    image *= (0.92 + 0.12 * noise(seed, (3, 3), 3))[..., None]
    edge = (y % step < 3) | (x % step < 3)
    image[edge] = np.array(joint, np.float32) / 255
    return grain(image.astype(np.float32), seed, 0.008)


def marble(seed: int) -> np.ndarray:
    """White stone with gray veins."""
    bend = noise(seed, (3, 3), 6)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    vein = np.abs(np.sin(7 * (x + 0.6 * y) + 9 * bend)) ** 0.35
    return ramp(0.75 * vein + 0.25 * noise(seed + 1, (5, 5), 5), (110, 112, 120), (225, 225, 228), (250, 250, 248))


def speckle(seed: int, cells: int, stops: tuple[Color, ...], amount: float) -> np.ndarray:
    """A rough ground without direction: sand, soil, concrete, snow."""
    tone = 0.6 * noise(seed, (3, 3), 4) + 0.4 * noise(seed + 1, (cells, cells), 4, 0.8)
    return grain(ramp(tone, *stops), seed, amount)


def pebbles(seed: int) -> np.ndarray:
    """Round stones side by side, each of one gray or brown."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-20, SIDE + 20, (420, 2)).astype(np.float32)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    first = np.full((SIDE, SIDE), np.inf, np.float32)
    second = first.copy()
    owner = np.zeros((SIDE, SIDE), int)
    for i, (px, py) in enumerate(points):
        d = np.hypot(x - px, y - py)
        nearer = d < first
        second = np.where(nearer, first, np.minimum(second, d))
        owner[nearer] = i
        first = np.minimum(first, d)
    tone = ramp(rng.random(len(points)), (92, 88, 84), (150, 140, 128), (205, 200, 192))[owner]
    dome = np.clip((second - first) / 9, 0, 1) ** 0.5
    return grain(tone * (0.25 + 0.75 * dome)[..., None], seed, 0.02)


def water(seed: int) -> np.ndarray:
    """Open water with ripples, seen from above."""
    waves = noise(seed, (26, 7), 4, 0.6)
    return ramp(0.7 * waves + 0.3 * noise(seed + 2, (4, 2), 3), (6, 50, 92), (28, 104, 150), (150, 205, 225))


def stripes(step: int, one: Color, two: Color, seed: int) -> np.ndarray:
    """Upright stripes, as on a wallpaper."""
    odd = (np.mgrid[:SIDE, :SIDE][1] // step % 2)[..., None]
    return grain((np.where(odd, np.array(one), np.array(two)) / 255).astype(np.float32), seed, 0.01)


def gingham(step: int, color: Color, seed: int) -> np.ndarray:
    """A checked tablecloth."""
    y, x = np.mgrid[:SIDE, :SIDE]
    depth = ((y // step % 2) + (x // step % 2))[..., None] / 2
    weave = 0.96 + 0.04 * (((x + y) // 2) % 2)[..., None]
    return grain(((1 - depth) + depth * np.array(color) / 255).astype(np.float32) * weave, seed, 0.01)


def leaves(seed: int, stops: tuple[Color, ...]) -> np.ndarray:
    """A layer of fallen or hanging leaves."""
    rng = np.random.default_rng(seed)
    image = np.zeros((SIDE, SIDE, 3), np.float32) + np.array(stops[0], np.float32) / 400
    for i in range(1500):
        x, y = (int(v) for v in rng.integers(0, SIDE, 2))
        size, angle = int(rng.integers(9, 19)), float(rng.uniform(0, 360))
        tone = ramp(rng.random(1), *stops)[0] * (0.45 + 0.55 * i / 1500)
        cv2.ellipse(image, (x, y), (size, size // 2), angle, 0, 360, tuple(float(v) for v in tone), -1, cv2.LINE_AA)
        turn = np.deg2rad(angle)
        arm = (int(size * np.cos(turn)), int(size * np.sin(turn)))
        rib = tuple(float(v) for v in tone * 0.7)
        cv2.line(image, (x - arm[0], y - arm[1]), (x + arm[0], y + arm[1]), rib, 1, cv2.LINE_AA)
    return grain(image, seed, 0.02)


TEXTURES: dict[str, Callable[[], np.ndarray]] = {
    "grass": lambda: strokes(14, 9000, (12, 34), 0.3, ((18, 48, 10), (52, 110, 28), (120, 176, 60))),
    "straw": lambda: strokes(15, 7000, (20, 60), 1.6, ((90, 62, 20), (196, 156, 70), (240, 212, 130))),
    "wooden-planks": lambda: planks(16, 5, (98, 58, 28), (186, 128, 74)),
    "grey-planks": lambda: planks(17, 6, (120, 108, 94), (190, 180, 164), upright=True),
    "dark-wood": lambda: planks(18, 4, (38, 20, 12), (98, 60, 38)),
    "brick-wall": lambda: bricks(19, (128, 48, 34), (184, 88, 62), (196, 188, 176)),
    "white-brick-wall": lambda: bricks(20, (216, 214, 208), (240, 238, 234), (186, 184, 178)),
    "checkered-floor": lambda: tiles(21, 64, (238, 236, 230), (30, 30, 34), (110, 110, 110)),
    "blue-tiles": lambda: tiles(22, 48, (62, 130, 176), (74, 144, 190), (232, 236, 238)),
    "marble": lambda: marble(23),
    "sand": lambda: speckle(24, 90, ((188, 152, 98), (220, 188, 134), (240, 218, 174)), 0.035),
    "snow": lambda: speckle(25, 20, ((206, 216, 232), (236, 241, 248), (255, 255, 255)), 0.012),
    "soil": lambda: speckle(26, 80, ((30, 18, 10), (78, 52, 34), (124, 92, 64)), 0.05),
    "concrete": lambda: speckle(27, 60, ((126, 126, 124), (158, 158, 155), (184, 184, 180)), 0.022),
    "stone-floor": lambda: pebbles(28),
    "water": lambda: water(29),
    "red-gingham": lambda: gingham(24, (200, 30, 36), 31),
    "striped-wallpaper": lambda: stripes(32, (236, 222, 190), (176, 196, 168), 32),
    "autumn-leaves": lambda: leaves(33, ((120, 52, 18), (206, 98, 24), (232, 170, 48), (170, 44, 26))),
    "green-leaves": lambda: leaves(34, ((22, 70, 24), (52, 120, 40), (120, 180, 70))),
    "plain-white": lambda: plain((244, 244, 242), 35),
    "plain-grey": lambda: plain((150, 152, 154), 36),
    "plain-blue": lambda: plain((70, 124, 196), 37),
    "plain-yellow": lambda: plain((240, 206, 72), 38),
    "plain-pink": lambda: plain((240, 168, 190), 39),
    "plain-green": lambda: plain((112, 178, 112), 40),
    "plain-red": lambda: plain((190, 44, 44), 41),
    "plain-black": lambda: plain((28, 28, 30), 42),
}
"""Every texture by its id."""

"""Fill holes of photographs with patches from their surroundings.

A coarse-to-fine image completion: PatchMatch (Barnes et al. 2009) finds the nearest known patch of every patch that
touches the hole, and the patches vote on the colors of the hole (Wexler et al. 2007).
"""

import cv2
import numpy as np

RADIUS = 3
"""Patches have 2 * RADIUS + 1 pixels a side."""
COARSEST_SIDE = 40
"""Pixels of the shorter side of the coarsest level, at least."""
ROW_PENALTY = 25.0
"""How much a patch from another height costs in a landscape: the ground is to stay below and the sky above."""
_OFFSETS = np.mgrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1].reshape(2, -1)  # (2, P * P)


def fill(image: np.ndarray, hole: np.ndarray, row_penalty: float = ROW_PENALTY, seed: int = 0) -> np.ndarray:
    """`image` (uint8 [H, W, 3]) with the pixels of `hole` (bool [H, W]) replaced by what may lie behind."""
    random = np.random.default_rng(seed)
    levels = [(image.astype(np.float32) / 255, hole)]
    while min(levels[-1][1].shape) >= 2 * COARSEST_SIDE:
        levels.append(_halved(*levels[-1]))
    filled = cv2.inpaint((levels[-1][0] * 255).astype(np.uint8), levels[-1][1].astype(np.uint8), 3, cv2.INPAINT_TELEA)
    current: np.ndarray = filled.astype(np.float32) / 255
    matches: np.ndarray | None = None  # (2, H, W), the source of every pixel
    for depth in range(len(levels) - 1, -1, -1):
        known, mask = levels[depth]
        if depth < len(levels) - 1:
            current = cv2.resize(current, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
        current = np.where(mask[..., None], current, known)
        rounds = 10 if depth == len(levels) - 1 else 4 if depth else 2
        current, matches = _completed(current, mask, matches, rounds, row_penalty, random)
    return np.clip(current * 255 + 0.5, 0, 255).astype(np.uint8)


def _halved(image: np.ndarray, hole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The next coarser level. Only known pixels count for its colors."""
    size = (hole.shape[1] // 2, hole.shape[0] // 2)
    weight = cv2.resize((~hole).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    color = cv2.resize(image * ~hole[..., None], size, interpolation=cv2.INTER_AREA)
    return color / np.maximum(weight, 1e-3)[..., None], weight < 0.5


def _completed(
    image: np.ndarray,
    hole: np.ndarray,
    matches: np.ndarray | None,
    rounds: int,
    row_penalty: float,
    random: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    height, width = hole.shape
    kernel = np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8)
    touched = cv2.dilate(hole.astype(np.uint8), kernel).astype(bool)
    source = ~touched
    source[:RADIUS] = source[-RADIUS:] = False
    source[:, :RADIUS] = source[:, -RADIUS:] = False
    if not source.any():
        return image, np.mgrid[:height, :width]
    source_rows, source_columns = np.nonzero(source)
    rows, columns = np.nonzero(touched)
    count = len(rows)
    picks = random.integers(len(source_rows), size=count)
    y, x = source_rows[picks], source_columns[picks]
    if matches is not None:
        coarse = matches[:, np.minimum(rows // 2, matches.shape[1] - 1), np.minimum(columns // 2, matches.shape[2] - 1)]
        guess_y = np.clip(2 * coarse[0] + rows % 2, 0, height - 1)
        guess_x = np.clip(2 * coarse[1] + columns % 2, 0, width - 1)
        valid = source[guess_y, guess_x]
        y, x = np.where(valid, guess_y, y), np.where(valid, guess_x, x)
    number = np.full((height, width), -1)
    number[rows, columns] = np.arange(count)
    for turn in range(rounds):
        padded = np.pad(image, ((RADIUS, RADIUS), (RADIUS, RADIUS), (0, 0)), mode="reflect")
        target = _patches(padded, rows, columns)

        def cost(at_y: np.ndarray, at_x: np.ndarray, part: np.ndarray | slice = slice(None)) -> np.ndarray:
            difference = _patches(padded, at_y, at_x) - target[part]  # noqa: B023
            farther = row_penalty * ((at_y - rows[part]) / height) ** 2
            total: np.ndarray = np.einsum("ijk,ijk->i", difference, difference) + farther
            return total

        best = cost(y, x)
        for _ in range(2):
            for step_y, step_x in ((0, 1), (0, -1), (1, 0), (-1, 0)):
                near_y = np.clip(rows + step_y, 0, height - 1)
                near_x = np.clip(columns + step_x, 0, width - 1)
                neighbor = number[near_y, near_x]
                part = np.nonzero(neighbor >= 0)[0]
                new_y = np.clip(y[neighbor[part]] - step_y, 0, height - 1)
                new_x = np.clip(x[neighbor[part]] - step_x, 0, width - 1)
                _take_better(part, new_y, new_x, source, cost, y, x, best)
            reach = max(height, width)
            while reach >= 1:
                new_y = np.clip(y + random.integers(-reach, reach + 1, count), 0, height - 1)
                new_x = np.clip(x + random.integers(-reach, reach + 1, count), 0, width - 1)
                _take_better(np.arange(count), new_y, new_x, source, cost, y, x, best)
                reach //= 3
        image = _voted(image, hole, rows, columns, y, x, best, sharp=turn == rounds - 1)
    full = np.mgrid[:height, :width]
    full[0, rows, columns], full[1, rows, columns] = y, x
    return image, full


def _patches(padded: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(N, P * P, 3): the patches around the given pixels."""
    patches: np.ndarray = padded[rows[:, None] + RADIUS + _OFFSETS[0], columns[:, None] + RADIUS + _OFFSETS[1]]
    return patches


def _take_better(part, new_y, new_x, source, cost, y, x, best) -> None:  # type: ignore[no-untyped-def]
    """Replace the matches of the pixels in `part` by the new ones where these are valid and cost less."""
    valid = source[new_y, new_x]
    part, new_y, new_x = part[valid], new_y[valid], new_x[valid]
    if not len(part):
        return
    costs = cost(new_y, new_x, part)
    better = costs < best[part]
    part = part[better]
    y[part], x[part], best[part] = new_y[better], new_x[better], costs[better]


def _voted(
    image: np.ndarray,
    hole: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    costs: np.ndarray,
    sharp: bool,
) -> np.ndarray:
    """The image with the hole's colors as the weighted mean of what all patches over a pixel say of it."""
    height, width = hole.shape
    scale = np.percentile(costs, 30) * 0.3 + 1e-6
    weights = np.exp(-costs / scale) + 1e-6
    total = np.zeros(height * width)
    sums = np.zeros((height * width, 3))
    for offset_y, offset_x in _OFFSETS.T:
        to_y, to_x = rows + offset_y, columns + offset_x
        inside = (to_y >= 0) & (to_y < height) & (to_x >= 0) & (to_x < width)
        flat = to_y[inside] * width + to_x[inside]
        nearness = np.exp(-(offset_y**2 + offset_x**2) / (0.7 if sharp else 2.0))
        weight = weights[inside] * nearness
        colors = image[np.clip(y + offset_y, 0, height - 1)[inside], np.clip(x + offset_x, 0, width - 1)[inside]]
        total += np.bincount(flat, weight, height * width)
        for channel in range(3):
            sums[:, channel] += np.bincount(flat, weight * colors[:, channel], height * width)
    mean = (sums / np.maximum(total, 1e-12)[:, None]).reshape(height, width, 3).astype(np.float32)
    return np.where(hole[..., None], mean, image)


def fill_smoothly(image: np.ndarray, hole: np.ndarray, seed: int = 0) -> np.ndarray:
    """`image` with the pixels of `hole` replaced by a smooth surface and the grain of the picture around it.

    For backgrounds out of focus. The surface solves the equation of Laplace, coarse to fine.
    """
    levels = [(image.astype(np.float32), hole)]
    while min(levels[-1][1].shape) >= 12:
        levels.append(_halved(*levels[-1]))
    current: np.ndarray = levels[-1][0]
    mask = levels[-1][1]
    if (~mask).any():
        current = np.where(mask[..., None], current[~mask].mean(0), current)
    for known, mask in reversed(levels):
        current = cv2.resize(current, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
        current = np.where(mask[..., None], current, known)
        for _ in range(60):
            current = np.where(mask[..., None], cv2.blur(current, (3, 3), borderType=cv2.BORDER_REPLICATE), known)
    random = np.random.default_rng(seed)
    ring = cv2.dilate(hole.astype(np.uint8), np.ones((25, 25), np.uint8)).astype(bool) & ~hole
    detail = image.astype(np.float32) - cv2.GaussianBlur(image.astype(np.float32), (0, 0), 1.5)
    strength = np.median(np.abs(detail[ring]), axis=0) if ring.any() else np.zeros(3)
    grain = cv2.GaussianBlur(random.normal(size=image.shape).astype(np.float32), (0, 0), 0.7) * 2.2
    mixed = np.where(hole[..., None], current, image)
    rounded: np.ndarray = np.clip(mixed + hole[..., None] * grain * strength + 0.5, 0, 255).astype(np.uint8)
    return rounded

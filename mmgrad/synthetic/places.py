"""Places that a sentence can name, such as "top left" or "next to" another object."""

from dataclasses import dataclass

import numpy as np

ABSOLUTE = ("left", "right", "top", "bottom", "middle", "top left", "top right", "bottom left", "bottom right")
"""Places of the canvas."""

RELATIVE = ("left of", "right of", "above", "below", "next to")
"""Places beside another thing."""

_LOW, _HIGH = 0.36, 0.64


@dataclass(frozen=True, slots=True)
class Place:
    """A named place; `anchor` is the key of the object that a relative place refers to."""

    name: str
    anchor: str | None = None


def holds(name: str, x: float, y: float, anchor: tuple[float, float] | None = None, slack: float = 0.0) -> bool:
    """Whether an object centered at (x, y), in fractions of the canvas, is at the named place.

    Args:
        name: one of ABSOLUTE or RELATIVE.
        x, y: center of the object.
        anchor: center of the other object, for a relative place.
        slack: tolerance on each side, for deciding whether a sentence could mean another picture too.
    """
    if anchor is not None:
        dx, dy = x - anchor[0], y - anchor[1]
        sideways = abs(dy) <= 0.2 + 2 * slack
        if name == "left of":
            return dx <= -0.15 + slack and sideways
        if name == "right of":
            return dx >= 0.15 - slack and sideways
        if name == "next to":
            return 0.15 - slack <= abs(dx) <= 0.55 + 2 * slack and sideways
        upright = abs(dx) <= 0.2 + 2 * slack
        if name == "above":
            return dy <= -0.15 + slack and upright
        return dy >= 0.15 - slack and upright
    if name == "middle":
        return abs(x - 0.5) <= 0.1 + slack and abs(y - 0.5) <= 0.1 + slack
    sides = {
        "left": x <= _LOW + slack,
        "right": x >= _HIGH - slack,
        "top": y <= _LOW + slack,
        "bottom": y >= _HIGH - slack,
    }
    return all(sides[word] for word in name.split())


def sample_position(
    name: str,
    half: tuple[float, float],
    rng: np.random.Generator,
    anchor: tuple[float, float] | None = None,
    anchor_half: tuple[float, float] = (0.0, 0.0),
) -> tuple[float, float]:
    """A random center for an object at the named place.

    `half` and `anchor_half` are half the width and height of the object and of its anchor, in fractions of the canvas.
    Most of the object stays inside the frame, so a large one may miss a narrow place; check with `holds`.
    """
    if anchor is not None:
        near_x = (half[0] + anchor_half[0]) * rng.uniform(0.9, 1.1)
        near_y = (half[1] + anchor_half[1]) * rng.uniform(0.9, 1.1)
        side = {"left of": -1, "right of": 1}.get(name, 1 if rng.random() < 0.5 else -1)
        if name in ("above", "below"):
            x = anchor[0] + rng.uniform(-0.08, 0.08)
            y = anchor[1] + (-near_y if name == "above" else near_y)
        else:
            x, y = anchor[0] + side * near_x, anchor[1] + rng.uniform(-0.08, 0.08)
    else:
        x, y = rng.uniform(0.42, 0.58), rng.uniform(0.42, 0.58)
        words = name.split()
        if "left" in words:
            x = rng.uniform(0.14, 0.28)
        if "right" in words:
            x = rng.uniform(0.72, 0.86)
        if "top" in words:
            y = rng.uniform(0.14, 0.28)
        if "bottom" in words:
            y = rng.uniform(0.72, 0.86)
    return clamp_center(x, half[0], 0.85), clamp_center(y, half[1], 0.85)


def clamp_center(center: float, half: float, share: float) -> float:
    """The center moved so that about `share` of a half extent stays in the frame; wide objects move to the middle."""
    margin = min(half * share, 0.5)
    return float(min(max(center, margin), 1 - margin))

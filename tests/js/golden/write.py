"""Write the values that the page's reading of maps must repeat: PYTHONPATH=. python tests/js/golden/write.py

They come from `Letterbox.restore`, the engine's own reading. tests/app/test_golden.py fails when they are stale.
"""

import base64
import json
from pathlib import Path

import numpy as np

from mmgrad.imaging.letterbox import Letterbox

PATH = Path(__file__).resolve().parent / "interpolation.json"
CASES = (
    # height, width, rows, columns, signed
    (21, 28, 14, 14, False),
    (30, 17, 14, 14, True),
    (24, 24, 7, 7, True),
    (9, 40, 16, 16, True),
    (40, 9, 5, 8, True),
    (12, 13, 1, 1, True),
    (11, 15, 2, 3, False),
)


def golden() -> list[dict[str, object]]:
    """Each case: the map as the page gets it, where the picture lies, and the value at every pixel of the picture."""
    random = np.random.default_rng(7)
    cases = []
    for height, width, rows, columns, signed in CASES:
        values = random.normal(0, 0.01, (rows, columns)).astype(np.float32)
        values = values if signed else np.abs(values)
        box = Letterbox.fit(height, width, 224)
        cases.append(
            {
                "map": {
                    "values": base64.b64encode(values.astype("<f4").tobytes()).decode(),
                    "shape": [rows, columns],
                },
                "box": [box.top, box.left, box.inner_height, box.inner_width, box.size],
                "width": width,
                "height": height,
                "expected": [float(f"{value:.9g}") for value in box.restore(values).ravel()],
            }
        )
    return cases


if __name__ == "__main__":
    PATH.write_text(json.dumps(golden()) + "\n", encoding="utf-8")

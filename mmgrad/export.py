"""An explanation as files: maps as arrays at the resolution of the original pictures, overlays as PNGs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmgrad import overlay
from mmgrad.engine import Explanation, Map

_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def write_explanation(explanation: Explanation, image: Path, out: Path) -> dict[str, Any]:
    """Write the maps and overlays of an explanation of the file `image` to the folder `out`, and describe it.

    Returns what JSON can hold: `text`, `model`, `gallery`; `reference` with `peak_xy`, `evidence`, `map`, `overlay`;
    `words` with `word`, `start`, `end`, `weight`; `hits` with `rank`, `id`, `path`, `score` and the same;
    `timing_ms`. `map` is the path of a float32 .npy [H, W], the positive evidence in raw scale at the pixels
    of the original picture, and `peak_xy` its maximum there: [x, y] from the top left, null where the evidence is too
    weak to show ("no evidence"). The reference is drawn on a scale of its own, the hits share one.

    Raises OSError where a file cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    reference = explanation.reference
    described = _write(reference, explanation.image, image, reference.peak, out / "reference")
    hits = []
    for hit in explanation.hits:
        found = _write(hit.map, hit.image, hit.record.path, explanation.scale, out / f"hit-{hit.rank:02d}")
        hits.append({"rank": hit.rank, "id": hit.record.id, "path": str(hit.record.path), "score": hit.score, **found})
    words = [{"word": w.word, "start": w.start, "end": w.end, "weight": w.weight} for w in explanation.words]
    return {
        "text": explanation.text,
        "model": explanation.model,
        "gallery": explanation.gallery,
        "reference": described,
        "words": words,
        "hits": hits,
        "timing_ms": explanation.timing_ms,
    }


def _write(shown: Map, pixels: np.ndarray, source: Path, peak: float, stem: Path) -> dict[str, Any]:
    """`stem`.npy at the resolution of the file `source`, and `stem`.png over `pixels`, the picture as it was read."""
    # The same place of the model's square, read at more pixels: pictures are scaled down when they are read.
    height, width = _upright_size(source)
    values = replace(shown, letterbox=replace(shown.letterbox, height=height, width=width)).on_original()
    y, x = divmod(int(values.argmax()), width)
    np.save(stem.with_suffix(".npy"), values)
    drawn = pixels if shown.empty else overlay.blend(pixels, shown.on_original(), peak)
    Image.fromarray(drawn).save(stem.with_suffix(".png"))
    return {
        "peak_xy": None if shown.empty else [x, y],
        "evidence": shown.evidence,
        "map": str(stem.with_suffix(".npy")),
        "overlay": str(stem.with_suffix(".png")),
    }


def _upright_size(path: Path) -> tuple[int, int]:
    """Height and width of a picture that has been read before, as a person sees it, without decoding it."""
    with Image.open(path) as picture:
        width, height = picture.size
        turned = picture.getexif().get(0x0112, 1) in _TURNED
    return (width, height) if turned else (height, width)

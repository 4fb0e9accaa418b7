"""An explanation as files: maps as arrays at the resolution of the original pictures, overlays as PNGs."""

import io
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmgrad.imaging.files import File
from mmgrad.render import overlay
from mmgrad.results import AttentionMap, Explanation, Hit

_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def describe(explanation: Explanation) -> dict[str, Any]:
    """An explanation as what JSON can hold, without maps and pictures.

    `text`, `text_weight`, `excluded`, `confidence` (null where none was calibrated), `model`, `fingerprint`, `gallery`;
    `reference` with `peak_xy` and `evidence`; `words` with `word`, `start`, `end`, `weight`; `hits` with `rank`, `id`,
    `caption`, `licence`, `link`, `score`, `peak_xy`, `evidence`; `timing_ms`. `peak_xy` is the pixel [x, y] where the
    evidence is greatest, null where there is "no evidence".
    """
    return {
        "text": explanation.text,
        "text_weight": explanation.text_weight,
        "excluded": list(explanation.excluded),
        "confidence": explanation.confidence,
        "model": explanation.model,
        "fingerprint": explanation.fingerprint,
        "gallery": explanation.gallery,
        "reference": _seen(explanation.reference),
        "words": _words(explanation),
        "hits": [
            {"rank": hit.rank, "id": hit.record.id, **said(hit), "score": hit.score, **_seen(hit.attention)}
            for hit in explanation.hits
        ],
        "timing_ms": explanation.timing_ms,
    }


def said(hit: Hit) -> dict[str, str | None]:
    """What the gallery says of a picture: `caption`, `licence` and `link` (of the web only), each None for nothing."""
    return {"caption": hit.record.caption, "licence": hit.record.licence, "link": hit.link}


def raw_maps(explanation: Explanation) -> bytes:
    """All maps of an explanation as the bytes of an .npz file, signed float32 in raw scale, one cell a place.

    `reference` [h, w], `targets` [K, h, w], `words_reference` [W, h, w], `words_targets` [W, K, h, w];
    `reference_change` and `targets_change`, the evidence for and against the change alone;
    `explanation`, the JSON of `describe`; `geometry`, the JSON of where each picture lies in the square that the maps
    cover, the reference first.
    """
    hits, words = explanation.hits, explanation.words
    maps = [explanation.reference, *(hit.attention for hit in hits)]
    shape = explanation.reference.values.shape
    targets = np.zeros((len(words), len(hits), *shape), np.float32)
    for row, word in enumerate(words):
        for column, target in enumerate(word.targets):
            targets[row, column] = target.values
    file = io.BytesIO()
    np.savez_compressed(
        file,
        reference=maps[0].values,
        targets=np.array([each.values for each in maps[1:]], np.float32).reshape(-1, *shape),
        reference_change=maps[0].signed,
        targets_change=np.array([each.signed for each in maps[1:]], np.float32).reshape(-1, *shape),
        words_reference=np.array([word.reference.values for word in words], np.float32).reshape(-1, *shape),
        words_targets=targets,
        explanation=np.array(json.dumps(describe(explanation))),
        geometry=np.array(json.dumps([asdict(each.letterbox) for each in maps])),
    )
    return file.getvalue()


def write_explanation(explanation: Explanation, image: Path, out: Path) -> dict[str, Any]:
    """Write the maps and overlays of an explanation of the file `image` to the folder `out`, and describe it.

    Returns what JSON can hold: `text`, `model`, `gallery`, `confidence`; `reference` with `peak_xy`, `evidence`, `map`,
    `overlay`; `words` with `word`, `start`, `end`, `weight`; `hits` with `rank`, `id`, `path`, `caption`, `licence`,
    `link`, `score` and the same; `timing_ms`. `map` is the path of a float32 .npy [H, W], the positive evidence in raw
    scale at the pixels of the original picture, and `peak_xy` its maximum there: [x, y] from the top left, null where
    the evidence is too weak to show ("no evidence"). The reference is drawn on a scale of its own, the hits share one.

    Raises OSError where a file cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    reference = explanation.reference
    described = _write(reference, explanation.image, image, reference.peak, out / "reference")
    hits = []
    for hit in explanation.hits:
        found = _write(hit.attention, hit.image, hit.record.path, explanation.scale, out / f"hit-{hit.rank:02d}")
        known = {"rank": hit.rank, "id": hit.record.id, "path": str(hit.record.path), **said(hit), "score": hit.score}
        hits.append(known | found)
    return {
        "text": explanation.text,
        "model": explanation.model,
        "gallery": explanation.gallery,
        "confidence": explanation.confidence,
        "reference": described,
        "words": _words(explanation),
        "hits": hits,
        "timing_ms": explanation.timing_ms,
    }


def _seen(shown: AttentionMap) -> dict[str, Any]:
    return {"peak_xy": None if shown.empty else list(shown.peak_xy or ()), "evidence": shown.total_positive}


def _words(explanation: Explanation) -> list[dict[str, Any]]:
    return [{"word": w.word, "start": w.start, "end": w.end, "weight": w.weight} for w in explanation.words]


def _write(shown: AttentionMap, pixels: np.ndarray, source: File, peak: float, stem: Path) -> dict[str, Any]:
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
        "evidence": shown.total_positive,
        "map": str(stem.with_suffix(".npy")),
        "overlay": str(stem.with_suffix(".png")),
    }


def _upright_size(file: File) -> tuple[int, int]:
    """Height and width of a picture that has been read before, as a person sees it, without decoding it."""
    with Image.open(file if isinstance(file, Path) else io.BytesIO(file.read_bytes())) as picture:
        width, height = picture.size
        turned = picture.getexif().get(0x0112, 1) in _TURNED
    return (width, height) if turned else (height, width)

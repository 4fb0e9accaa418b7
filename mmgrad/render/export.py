"""An explanation as files: raw maps, overlays, JSON."""

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mmgrad.results import AttentionMap, Explanation


def raw_maps(explanation: Explanation) -> bytes:
    """All maps of an explanation as the bytes of an .npz file: signed float32, raw scale, on the model's grid [h, w].

    `reference` [h, w], `targets` [K, h, w], `words_reference` [W, h, w], `words_targets` [W, K, h, w];
    `reference_change` and `targets_change`, the maps of the change alone; `explanation`, the JSON of
    `Explanation.to_dict`; `geometry`, the JSON list of where each picture lies in the square that the grid covers, the
    reference first (`mmgrad.imaging.letterbox.Letterbox`).
    """
    hits, words = explanation.hits, explanation.words
    maps = [explanation.reference, *(hit.attention for hit in hits)]
    shape = explanation.reference.values.shape
    targets = [[target.values for target in word.targets] for word in words]
    file = io.BytesIO()
    np.savez_compressed(
        file,
        reference=maps[0].values,
        targets=_stacked([each.values for each in maps[1:]], shape),
        reference_change=maps[0].signed,
        targets_change=_stacked([each.signed for each in maps[1:]], shape),
        words_reference=_stacked([word.reference.values for word in words], shape),
        words_targets=np.array(targets, np.float32).reshape(len(words), len(hits), *shape),
        explanation=np.array(json.dumps(explanation.to_dict())),
        geometry=np.array(json.dumps([asdict(each.letterbox) for each in maps])),
    )
    return file.getvalue()


def write_explanation(explanation: Explanation, folder: Path, full_resolution: bool = False) -> dict[str, Any]:
    """Write an explanation to a folder: `maps.npz`, `explanation.json` overlays as `reference.png`, `hit-01.png`, ...

    The reference is drawn on a scale of its own; the hits share one. A map without evidence is not drawn.

    Args:
        folder: created where it is missing.
        full_resolution: also write each map at the pixels of the original picture, float32 [H, W], the positive values
            in raw scale: `reference.npy`, `hit-01.npy`, ... They take 48 MB for a photograph of 12 million pixels.

    Returns:
        What `explanation.json` holds: `Explanation.to_dict` with `maps`, the path of `maps.npz`, and for the reference
        and each hit `overlay`, `map` (null unless `full_resolution`); each hit has
        `path`, the file of the picture, too.

    Raises:
        OSError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    result = explanation.to_dict() | {"maps": str(folder / "maps.npz")}
    (folder / "maps.npz").write_bytes(raw_maps(explanation))
    reference = explanation.reference
    result["reference"] |= _write(reference, explanation.image, reference.peak, folder / "reference", full_resolution)
    for hit, entry in zip(explanation.hits, result["hits"], strict=True):
        stem = folder / f"hit-{hit.rank:02d}"
        entry |= {"path": str(hit.record.path)}
        entry |= _write(hit.attention, hit.image, explanation.scale, stem, full_resolution)
    (folder / "explanation.json").write_text(json.dumps(result, indent=2), encoding="utf-8")
    return result


def _write(
    shown: AttentionMap, pixels: np.ndarray, peak: float, stem: Path, full_resolution: bool
) -> dict[str, str | None]:
    """`stem`.png over the pixels of a picture, and `stem`.npy at the resolution of its original."""
    overlay, values = stem.with_suffix(".png"), stem.with_suffix(".npy")
    shown.overlay(image=pixels, peak=peak).save(overlay)
    if full_resolution:
        np.save(values, shown.on_original())
    return {"overlay": str(overlay), "map": str(values) if full_resolution else None}


def _stacked(maps: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    return np.array(maps, np.float32).reshape(-1, *shape)

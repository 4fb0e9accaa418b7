"""What `python -m mmgrad train` does: features of edit scenes, photographs or a benchmark, then the loop over them."""

import re
from argparse import Namespace
from pathlib import Path

from mmgrad.encoders.base import Trainable
from mmgrad.errors import InputError
from mmgrad.models.model import DEFAULT, load_encoder
from mmgrad.synthetic.families import TRAIN_FAMILIES, VALIDATION_FAMILIES
from mmgrad.synthetic.photo_folder import load_photographs
from mmgrad.training import benchmark_cache as benchmarks
from mmgrad.training import scene_cache as cache
from mmgrad.training.batches import Settings
from mmgrad.training.features import Features
from mmgrad.training.loop import train
from mmgrad.training.scene_cache import Part


def run(options: Namespace) -> None:
    """Train as the options of the command say. Raises MMGradError where something of it cannot be."""
    given = {key: getattr(options, key) for key in ("steps", "learning_rate", "attention", "seed")}
    settings = Settings(**{key: value for key, value in given.items() if value is not None})
    _check(options)
    encoder = load_encoder(options.model)
    title = options.data if encoder.source == DEFAULT else "-".join(filter(None, (_plain(encoder.name), options.data)))
    out = options.out or Path("runs") / (title or DEFAULT)
    kept = options.cache or Path("runs") / ("cache" if encoder.source == DEFAULT else f"cache-{_plain(encoder.name)}")
    data, validation = (_benchmark if options.data else _scenes)(options, encoder, kept)
    photographs = load_photographs(options.photos) if options.photos else ()
    train(settings, data, validation, encoder, out, options.begin, photographs)
    print(f"The best checkpoint by validation is in {out}")


def _check(options: Namespace) -> None:
    if options.data and options.root is None:
        raise InputError(f"Say where {options.data} lies: --data {options.data} --root DIR.")
    if options.root is not None and not options.data:
        raise InputError("A --root belongs to a benchmark; say which: --data fashioniq or --data cirr.")
    if options.data and options.first_family:
        raise InputError("A --first-family belongs to composed scenes; a benchmark is trained on from its beginning.")
    if options.data and options.photos:
        raise InputError("Train on a benchmark or on photographs, --data or --photos, in one run.")


def _scenes(options: Namespace, encoder: Trainable, folder: Path) -> tuple[Features, dict[str, Features]]:
    families, held_out = options.families or TRAIN_FAMILIES, options.validation_families or VALIDATION_FAMILIES
    first = options.first_family
    parts = [Part("train", families, first=first)]
    validation = {"validation": cache.build(folder, encoder, Part("validation", held_out))}
    if options.photos:
        parts.append(Part("train", families // 5, options.photos, first // 5))
        photographs = Part("validation", held_out // 2, options.photos)
        validation["photographs"] = cache.build(folder, encoder, photographs)
    return cache.build(folder, encoder, *parts), validation


def _benchmark(options: Namespace, encoder: Trainable, folder: Path) -> tuple[Features, dict[str, Features]]:
    def build(split: str, most: int | None) -> Features:
        return benchmarks.build(folder, encoder, options.data, options.root, split, most)

    held_out = build("val", options.validation_families)
    return build("train", options.families), {"validation": held_out}


def _plain(name: str) -> str:
    """A name as part of a folder's."""
    return re.sub(r"[^\w.\-]+", "-", name)

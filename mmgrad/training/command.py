"""`python -m mmgrad train` and `calibrate`: features of scenes, photographs or a benchmark, then the work on them."""

import re
from argparse import Namespace
from pathlib import Path

from mmgrad.encoders.base import Trainable
from mmgrad.errors import InputError
from mmgrad.models.model import DEFAULT, load_encoder
from mmgrad.synthetic.families import TRAIN_FAMILIES, VALIDATION_FAMILIES
from mmgrad.synthetic.photo_folder import load_photographs
from mmgrad.training import benchmark_cache, scene_cache
from mmgrad.training.calibrate import calibrate
from mmgrad.training.features import Features
from mmgrad.training.loop import train
from mmgrad.training.run_state import stored_settings
from mmgrad.training.scene_cache import Part
from mmgrad.training.settings import Settings, default_precision
from mmgrad.utils.device import choose_device


def run(options: Namespace) -> None:
    """Train as the options of the command say; with `--steps 0`, calibrate. Raises MMGradError for unusable options."""
    if options.steps == 0:  # the calibrate command of earlier releases
        run_calibrate(options)
        return
    _check(options)
    if options.data and options.start_index:
        raise InputError("--start-index belongs to composed scenes; a benchmark is trained on from its beginning.")
    encoder, out, cache = _encoder_and_folders(options)
    settings = _settings(options, encoder, out)
    data = (_benchmark if options.data else _scenes)(options, encoder, cache, "train")
    validation = _validation(options, encoder, cache)
    photographs = load_photographs(options.photos) if options.photos else ()
    train(settings, data, validation, encoder, out, options.init_from, photographs)
    print(f"The best checkpoint by validation is in {out}")


def run_calibrate(options: Namespace) -> None:
    """Calibrate a checkpoint as the options of the command say. Raises MMGradError for unusable options."""
    _check(options)
    if not options.init_from:
        raise InputError("Say which checkpoint is to be calibrated: --init-from DIR.")
    encoder, out, cache = _encoder_and_folders(options)
    photographs = load_photographs(options.photos) if options.photos else ()
    recalls = calibrate(options.init_from, _validation(options, encoder, cache), encoder, out, photographs)
    print("  ".join(f"{name} {value:.4f}" for name, value in recalls.items()))
    print(f"The calibrated checkpoint is in {out}")


def _check(options: Namespace) -> None:
    if options.data and options.root is None:
        raise InputError(f"Say where {options.data} lies: --data {options.data} --root DIR.")
    if options.root is not None and not options.data:
        raise InputError("A --root belongs to a benchmark; say which: --data fashioniq or --data cirr.")
    if options.data and options.photos:
        raise InputError("Train on a benchmark or on photographs, --data or --photos, in one run.")


def _encoder_and_folders(options: Namespace) -> tuple[Trainable, Path, Path]:
    """The encoder on its device, the folder of the run, and that of the cached features."""
    encoder = load_encoder(options.model, choose_device(options.device))
    title = options.data if encoder.source == DEFAULT else "-".join(filter(None, (_plain(encoder.name), options.data)))
    out = options.out or Path("runs") / (title or DEFAULT)
    cache = options.cache or Path("runs") / ("cache" if encoder.source == DEFAULT else f"cache-{_plain(encoder.name)}")
    return encoder, out, cache


def _settings(options: Namespace, encoder: Trainable, out: Path) -> Settings:
    """The settings that are given; a precision that is not is that of the run to resume, else the device's own."""
    names = ("steps", "learning_rate", "attention_loss_weight", "seed", "precision")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    stored = stored_settings(out) or {}
    given.setdefault("precision", stored.get("precision", default_precision(encoder.device)))
    return Settings(**given)


def _validation(options: Namespace, encoder: Trainable, cache: Path) -> dict[str, Features]:
    if options.data:
        return {"validation": _benchmark(options, encoder, cache, "val")}
    held_out = options.validation_families or VALIDATION_FAMILIES
    validation = {"validation": scene_cache.build(cache, encoder, Part("validation", held_out))}
    if options.photos:
        photographs = Part("validation", held_out // 2, options.photos)
        validation["photographs"] = scene_cache.build(cache, encoder, photographs)
    return validation


def _scenes(options: Namespace, encoder: Trainable, cache: Path, split: str) -> Features:
    families, first = options.families or TRAIN_FAMILIES, options.start_index
    parts = [Part(split, families, first=first)]
    if options.photos:
        parts.append(Part(split, families // 5, options.photos, first // 5))
    return scene_cache.build(cache, encoder, *parts)


def _benchmark(options: Namespace, encoder: Trainable, cache: Path, split: str) -> Features:
    most = options.families if split == "train" else options.validation_families
    return benchmark_cache.build(cache, encoder, options.data, options.root, split, most)


def _plain(name: str) -> str:
    """A name as part of a folder's."""
    return re.sub(r"[^\w.\-]+", "-", name)

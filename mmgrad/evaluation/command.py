"""What `python -m mmgrad evaluate` does: judge models on edit scenes, on photographs, or on a field benchmark."""

import os
from argparse import Namespace
from pathlib import Path
from typing import Any

from mmgrad.encoders.dual_encoder import DualEncoder
from mmgrad.encoders.prompts import PromptEncoder
from mmgrad.errors import InputError, ModelError
from mmgrad.evaluation.protocols.benchmarks import benchmark_markdown, evaluate_benchmark
from mmgrad.evaluation.protocols.photographs import evaluate_photographs, photographs_markdown
from mmgrad.evaluation.protocols.scenes import evaluate
from mmgrad.evaluation.reporting.plots import draw_plots
from mmgrad.evaluation.reporting.report import markdown, write_json
from mmgrad.models.checkpoint import load_composer
from mmgrad.models.confidence import Confidence
from mmgrad.models.dual import dual_model
from mmgrad.models.model import Model, check_fits, load_model
from mmgrad.models.zero_shot import COMPOSITIONS
from mmgrad.synthetic.families import TEST_FAMILIES, VALIDATION_FAMILIES
from mmgrad.synthetic.photo_boxes import load_boxes
from mmgrad.synthetic.photo_families import load_photographs


def run(options: Namespace) -> None:
    """Judge the models that the options of the command name, print the tables and write what was asked for.

    Raises MMGradError where something of it cannot be.
    """
    if options.boxes and not options.photos:
        raise InputError("The --boxes belong to photographs; say where these lie: --photos DIR --boxes FILE.")
    chosen = {key: getattr(options, key) for key in ("device", "composition", "weight", "adapter")}
    model = load_model(options.model, **chosen)
    models = {model.name: model}
    for folder in options.compare:
        name, other = _other(folder, model, models)
        models[name] = other
    if options.data:
        report = _judged_on_a_benchmark(options, model)
        text = benchmark_markdown(report)
    elif options.photos:
        report = _judged_on_photographs(options, models)
        text = photographs_markdown(report)
    else:
        report = _judged_on_a_split(options, models)
        text = markdown(report)
    if options.json:
        write_json(report, options.json)
    if options.markdown:
        options.markdown.parent.mkdir(parents=True, exist_ok=True)
        options.markdown.write_text(text + "\n", encoding="utf-8")
    print(text)


def _judged_on_a_benchmark(options: Namespace, model: Model) -> dict[str, Any]:
    if options.root is None:
        raise InputError(f"Say where {options.data} lies: --data {options.data} --root DIR.")
    return evaluate_benchmark(model, options.data, options.root, options.split or "val", options.submission_dir)


def _judged_on_a_split(options: Namespace, models: dict[str, Model]) -> dict[str, Any]:
    split = options.split or "test"
    if split not in ("test", "validation"):
        raise InputError(f"The edit scenes have no split '{split}'; choose test or validation.")
    cards = {name: each.card for name, each in models.items()}
    whole = TEST_FAMILIES if split == "test" else VALIDATION_FAMILIES
    report = evaluate(
        next(iter(models.values())).encoder,
        {name: each.composer for name, each in models.items()},
        {name: card["no_evidence"] for name, card in cards.items() if "no_evidence" in card},
        split=split,
        families=options.families or whole,
        validation_families=options.validation_families,
        maps=options.maps,
        seed=options.seed,
        workers=options.workers,
        faithfulness=options.faithfulness,
        words=options.words,
        confidences={name: found for name, card in cards.items() if (found := Confidence.from_card(card))},
    )
    report["fingerprints"] = _fingerprints(models)
    if options.plots:
        beside = (options.markdown or options.json or options.plots / "report").parent
        paths = draw_plots(report, options.plots)
        report["plots"] = [Path(os.path.relpath(path, beside)).as_posix() for path in paths]
    return report


def _judged_on_photographs(options: Namespace, models: dict[str, Model]) -> dict[str, Any]:
    composers = {name: each.composer for name, each in models.items()}
    encoder = next(iter(models.values())).encoder
    boxes = None if options.boxes is None else load_boxes(options.boxes)
    photographs = load_photographs(options.photos)
    report = evaluate_photographs(encoder, composers, photographs, seed=options.seed, boxes=boxes)
    return report | {"fingerprints": _fingerprints(models)}


def _fingerprints(models: dict[str, Model]) -> dict[str, str]:
    return {name: each.fingerprint for name, each in models.items()}


def _other(folder: Path, model: Model, taken: dict[str, Model]) -> tuple[str, Model]:
    """Name and model of another checkpoint, or of another composition of a CLIP or SigLIP.

    It must fit the encoder of the first and differ from those taken.
    """
    if isinstance(model.encoder, PromptEncoder):
        raise ModelError(f"'{model.name}' reads texts as prompts and is judged alone; leave --compare out.")
    if str(folder) in COMPOSITIONS and isinstance(model.encoder, DualEncoder):
        composed = dual_model(model.encoder, str(folder))
        if composed.name in taken:
            raise ModelError(f"'{composed.name}' is already there; give another composition to compare.")
        return composed.name, composed
    composer, card = load_composer(folder)
    check_fits(composer, card, model.encoder, folder)
    other = Model(model.encoder, composer.to(model.device), card, composer.dimension)
    same = next((name for name, each in taken.items() if each.fingerprint == other.fingerprint), None)
    if same is not None:
        raise ModelError(f"The checkpoint in {folder} has the very weights of '{same}'; give another one to compare.")
    name = folder.resolve().name
    return (str(folder) if name in taken else name), other

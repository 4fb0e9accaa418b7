"""The command `mmgrad evaluate`: measure models on edit scenes, on photographs, or on a published benchmark."""

import os
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from mmgrad.encoders.dual_encoder import DualEncoder
from mmgrad.encoders.prompts import PromptEncoder
from mmgrad.errors import InputError, ModelError
from mmgrad.evaluation.protocols.benchmarks import evaluate_benchmark
from mmgrad.evaluation.protocols.photographs import evaluate_photographs
from mmgrad.evaluation.protocols.scenes import EvaluationOptions, evaluate
from mmgrad.evaluation.reporting.markdown import markdown
from mmgrad.evaluation.reporting.plots import draw_plots
from mmgrad.evaluation.table import Results
from mmgrad.models.checkpoint import load_composer
from mmgrad.models.confidence import Confidence
from mmgrad.models.dual import dual_model
from mmgrad.models.model import Model, check_fits, load_model
from mmgrad.models.zero_shot import COMPOSITIONS
from mmgrad.synthetic.families import TEST_FAMILIES, VALIDATION_FAMILIES
from mmgrad.synthetic.photo_boxes import load_boxes
from mmgrad.synthetic.photo_families import load_photographs


def run(options: Namespace) -> None:
    """Measure the models that the command's options name, print the tables and write the requested files.

    Raises MMGradError where an option cannot be used.
    """
    if options.boxes and not options.photos:
        raise InputError("The --boxes belong to photographs; give their folder too: --photos DIR --boxes FILE.")
    chosen = {key: getattr(options, key) for key in ("device", "composition", "weight", "adapter")}
    model = load_model(options.model, **chosen)
    models = {model.name: model}
    for folder in options.compare:
        name, other = _other(folder, model, models)
        models[name] = other
    if options.data:
        results = _on_benchmark(options, model)
    elif options.photos:
        results = _on_photographs(options, models)
    else:
        results = _on_scenes(options, models)
    if options.json:
        results.write_json(options.json)
    if options.csv:
        results.write_csv(options.csv)
    text = markdown(results)
    if options.markdown:
        options.markdown.parent.mkdir(parents=True, exist_ok=True)
        options.markdown.write_text(text + "\n", encoding="utf-8")
    print(text)


def _on_benchmark(options: Namespace, model: Model) -> Results:
    if options.root is None:
        raise InputError(f"Give the folder of {options.data}: --data {options.data} --root DIR.")
    return evaluate_benchmark(model, options.data, options.root, options.split or "val", options.submission_dir)


def _on_scenes(options: Namespace, models: dict[str, Model]) -> Results:
    split = options.split or "test"
    if split not in ("test", "validation"):
        raise InputError(f"The edit scenes have no split '{split}'; choose test or validation.")
    cards = {name: each.card for name, each in models.items()}
    whole = TEST_FAMILIES if split == "test" else VALIDATION_FAMILIES
    results = evaluate(
        next(iter(models.values())).encoder,
        {name: each.composer for name, each in models.items()},
        EvaluationOptions(
            split=split,
            families=options.families or whole,
            validation_families=options.validation_families,
            maps=options.maps,
            faithfulness=options.faithfulness,
            words=options.words,
            seed=options.seed,
            workers=options.workers,
        ),
        thresholds={name: card["no_evidence"] for name, card in cards.items() if "no_evidence" in card},
        confidences={name: found for name, card in cards.items() if (found := Confidence.from_card(card))},
    )
    results = _with_settings(results, fingerprints=_fingerprints(models))
    if not options.plots:
        return results
    beside = (options.markdown or options.json or options.plots / "report").parent
    paths = draw_plots(results, options.plots)
    return _with_settings(results, plots=[Path(os.path.relpath(path, beside)).as_posix() for path in paths])


def _on_photographs(options: Namespace, models: dict[str, Model]) -> Results:
    composers = {name: each.composer for name, each in models.items()}
    encoder = next(iter(models.values())).encoder
    boxes = None if options.boxes is None else load_boxes(options.boxes)
    photographs = load_photographs(options.photos)
    results = evaluate_photographs(encoder, composers, photographs, seed=options.seed, boxes=boxes)
    return _with_settings(results, fingerprints=_fingerprints(models))


def _with_settings(results: Results, **settings: object) -> Results:
    return replace(results, settings=dict(results.settings) | settings)


def _fingerprints(models: dict[str, Model]) -> dict[str, str]:
    return {name: each.fingerprint for name, each in models.items()}


def _other(folder: Path, model: Model, taken: dict[str, Model]) -> tuple[str, Model]:
    """Name and model of another checkpoint, or of another composition of a CLIP or SigLIP.

    Raises ModelError if it does not fit the encoder of the first model, or is among those taken.
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

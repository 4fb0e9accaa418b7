"""`mmgrad push-model` and `mmgrad push-gallery`: publish on the Hugging Face Hub."""

import argparse
from pathlib import Path

from mmgrad.cli.options import Commands, Run, add_command, add_gallery_option, add_model_options


def add_to(commands: Commands) -> None:
    """Add both commands to a parser."""
    model = _add(commands, "push-model", push_model, "publish a trained model on the Hugging Face Hub")
    model.add_argument("--results", type=Path, metavar="FILE", help="its report, written by `evaluate --json`")
    add_gallery_option(_add(commands, "push-gallery", push_gallery, "publish a gallery on the Hugging Face Hub"))


def push_model(options: argparse.Namespace) -> None:
    """Publish a model. Raises MMGradError if it cannot be loaded or the Hub refuses it."""
    from mmgrad.models.model import Model

    model = Model.from_pretrained(options.model or "compact", device=options.device)
    if options.results:
        model = model.with_results(options.results)
    print(model.push_to_hub(options.repository, private=options.private or None))


def push_gallery(options: argparse.Namespace) -> None:
    """Publish a gallery. Raises MMGradError if it cannot be loaded or the Hub refuses it."""
    from mmgrad.engine import load

    gallery = load(options.model, options.gallery, options.device).gallery
    print(gallery.push_to_hub(options.repository, private=options.private or None))


def _add(commands: Commands, name: str, run: Run, help_text: str) -> argparse.ArgumentParser:
    parser = add_command(commands, name, run, help_text)
    parser.add_argument("repository", metavar="OWNER/NAME", help="the repository; made if it does not exist")
    parser.add_argument("--private", action="store_true", help="make a new repository private")
    add_model_options(parser)
    return parser

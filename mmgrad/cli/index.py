"""`mmgrad index`: embed the pictures of a gallery, or bring its index up to date."""

import argparse
import logging
import sys
from pathlib import Path

from mmgrad.cli.options import Commands, add_command, add_model_options, add_renamed


def add_to(commands: Commands) -> None:
    """Add the command to a parser."""
    parser = add_command(commands, "index", run, "embed the pictures of a gallery, or bring its index up to date")
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder, a zip archive or a dataset on this disk")
    add_renamed(
        parser, "--anew", "--force", action="store_true", help="embed every picture, not only new and changed ones"
    )
    parser.add_argument("--no-thumbnails", action="store_true", help="store no thumbnails (about 20 kB per picture)")
    add_model_options(parser)


def run(options: argparse.Namespace) -> None:
    """Index a gallery. Raises MMGradError if the gallery or the model cannot be used."""
    from mmgrad.gallery.gallery import Gallery
    from mmgrad.models.model import load_model

    logging.getLogger("mmgrad.gallery.index").setLevel(logging.INFO)  # reports how many pictures are new
    model = load_model(options.model, options.device)
    gallery = Gallery.build(options.folder, model, force=options.force, thumbnails=not options.no_thumbnails)
    for name, reason in gallery.skipped:
        print(f"left out: {name}: {reason}", file=sys.stderr)
    print(f"{len(gallery)} pictures indexed in {gallery.folder}")

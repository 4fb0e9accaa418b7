"""`mmgrad calibrate`: measure the thresholds and the confidence of a trained head again, without training it."""

import argparse
from pathlib import Path

from mmgrad.cli.options import Commands, add_command
from mmgrad.cli.train import add_data_options, check_folders


def add_to(commands: Commands) -> None:
    """Add the command to a parser."""
    parser = add_command(
        commands,
        "calibrate",
        run,
        "measure thresholds, confidence and edit scale of a checkpoint again, without training",
    )
    parser.add_argument(
        "init_from",
        type=Path,
        nargs="+",
        metavar="CHECKPOINT",
        help="a checkpoint, or several: the mean of their weights",
    )
    add_data_options(parser)


def run(options: argparse.Namespace) -> None:
    """Calibrate as the options say. Raises MMGradError if a checkpoint, the data or a folder cannot be used."""
    check_folders(options)
    from mmgrad.training.command import run_calibrate

    run_calibrate(options)

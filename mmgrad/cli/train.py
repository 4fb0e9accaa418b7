"""`mmgrad train`: train a composition head over a frozen encoder."""

import argparse
from pathlib import Path

from mmgrad.cli.options import (
    Commands,
    add_command,
    add_device_option,
    add_renamed,
    check_folder,
    non_negative_int,
    non_negative_number,
    positive_int,
)


def add_to(commands: Commands) -> None:
    """Add the command to a parser."""
    parser = add_command(commands, "train", run, "train a composition head; an interrupted run resumes")
    add_data_options(parser)
    parser.add_argument("--families", type=positive_int, help="number of families of 7 scenes (default: 14500)")
    add_renamed(
        parser,
        "--first-family",
        "--start-index",
        type=non_negative_int,
        default=0,
        metavar="N",
        help="index of the first family (default: 0)",
    )
    add_renamed(
        parser,
        "--begin",
        "--init-from",
        type=Path,
        nargs="+",
        default=(),
        metavar="DIR",
        help="start from this checkpoint, or from the mean of several (default: random weights)",
    )
    parser.add_argument("--steps", type=non_negative_int, help="number of training steps (default: 1700)")
    parser.add_argument("--learning-rate", type=non_negative_number, help="default: 0.0015")
    add_renamed(
        parser,
        "--attention",
        "--attention-loss-weight",
        type=non_negative_number,
        metavar="W",
        help="weight of the attention loss; 0 turns it off (default: 0.5)",
    )
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        help="precision of matrix products (default: bfloat16 on a GPU that computes in it, else float32)",
    )
    parser.add_argument("--seed", type=non_negative_int, help="default: 0")


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """The options that `train` and `calibrate` share: the encoder, the data, and where files are written."""
    parser.add_argument("--model", metavar="NAME", help="the frozen encoder: 'compact' (default), a CLIP or a SigLIP")
    add_device_option(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: runs/compact, or runs/ and the model's name")
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="cached features of the encoder; default: runs/cache, or runs/cache- and the model's name",
    )
    parser.add_argument("--data", choices=("fashioniq", "cirr"), help="use this benchmark, not edit scenes")
    parser.add_argument("--root", type=Path, metavar="DIR", help="folder of the benchmark")
    parser.add_argument("--validation-families", type=positive_int, help="number of validation families (default: 600)")
    parser.add_argument(
        "--photos", type=Path, metavar="DIR", help="labeled photographs to use as well (a folder with labels.csv)"
    )


def check_folders(options: argparse.Namespace) -> None:
    """Raise InputError if `--out` or `--cache` cannot be folders."""
    for folder, option in ((options.out, "--out"), (options.cache, "--cache")):
        if folder is not None:
            check_folder(folder, option)


def run(options: argparse.Namespace) -> None:
    """Train as the options say. Raises MMGradError if the data, the encoder or an output folder cannot be used."""
    check_folders(options)
    from mmgrad.training.command import run as train

    train(options)

"""`mmgrad evaluate`: measure retrieval and attention maps, with baselines for comparison."""

import argparse
from pathlib import Path

from mmgrad.cli.options import (
    Commands,
    add_command,
    add_composition_options,
    add_model_options,
    add_renamed,
    check_file,
    check_folder,
    non_negative_int,
    positive_int,
)


def add_to(commands: Commands) -> None:
    """Add the command to a parser."""
    parser = add_command(commands, "evaluate", run, "measure retrieval and attention maps, with baselines")
    splits = ("test", "validation", "train", "val", "test1")
    parser.add_argument(
        "--split", choices=splits, help="test (default) or validation; for a public benchmark: val (default), test ..."
    )
    parser.add_argument("--data", choices=("fashioniq", "cirr", "circo"), help="evaluate on this public benchmark")
    parser.add_argument("--root", type=Path, metavar="DIR", help="folder of the benchmark")
    add_renamed(
        parser,
        "--submit",
        "--submission-dir",
        type=Path,
        metavar="DIR",
        help="write the files for the benchmark's evaluation server to this folder",
    )
    parser.add_argument(
        "--families", type=positive_int, help="number of scene families of 7 pictures (default: the whole split)"
    )
    parser.add_argument(
        "--validation-families",
        type=positive_int,
        default=150,
        help="number of validation families used to choose thresholds (default: 150)",
    )
    parser.add_argument(
        "--photos", type=Path, metavar="DIR", help="evaluate on labeled photographs (a folder with labels.csv)"
    )
    parser.add_argument(
        "--boxes",
        type=Path,
        metavar="FILE",
        help="boxes of the objects in these photographs (file,left,top,right,bottom in percent)",
    )
    parser.add_argument(
        "--maps", type=positive_int, default=2000, help="maximum number of explained queries (default: 2000)"
    )
    add_model_options(parser)
    add_composition_options(parser)
    parser.add_argument(
        "--compare",
        type=Path,
        nargs="+",
        default=[],
        metavar="DIR",
        help="further checkpoints (or compositions) to evaluate and compare",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the settings and all values as JSON")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write all values as a table")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables to this file")
    parser.add_argument(
        "--faithfulness",
        type=non_negative_int,
        default=0,
        metavar="N",
        help="run the faithfulness, sanity and stability checks on N of the explained queries; slow (default: 0)",
    )
    parser.add_argument(
        "--words",
        type=non_negative_int,
        default=150,
        metavar="N",
        help="number of replacement queries for word-level localization (default: 150)",
    )
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write plots as PNG files to this folder")
    parser.add_argument("--seed", type=non_negative_int, default=0)
    parser.add_argument(
        "--workers", type=non_negative_int, default=1, help="number of processes that draw scenes (default: 1)"
    )


def run(options: argparse.Namespace) -> None:
    """Evaluate as the options say. Raises MMGradError if a model, the data or an output path cannot be used."""
    for folder, option in ((options.submission_dir, "--submission-dir"), (options.plots, "--plots")):
        if folder is not None:
            check_folder(folder, option)
    for file, option in ((options.json, "--json"), (options.csv, "--csv"), (options.markdown, "--markdown")):
        if file is not None:
            check_file(file, option)
    from mmgrad.evaluation.command import run as evaluate

    evaluate(options)

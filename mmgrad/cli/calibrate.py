"""`mmgrad calibrate`: measure the thresholds and the confidence of a trained head again, without training it."""

from pathlib import Path

from mmgrad.cli.options import Commands, add_command
from mmgrad.cli.train import add_data_options, run


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
    parser.set_defaults(steps=0, data=None, root=None, learning_rate=None, attention_loss_weight=None, seed=None)

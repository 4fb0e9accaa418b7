"""Options that several commands share, and checks of their values. Imports nothing that is slow to import."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmgrad.arguments import DEFAULT_TOP_K
from mmgrad.errors import InputError
from mmgrad.models.spec import ModelSpec

if TYPE_CHECKING:
    from mmgrad.engine import Engine

Run = Callable[[argparse.Namespace], None]
Commands = Any  # what `ArgumentParser.add_subparsers` returns; argparse has no public name for it


def add_command(commands: Commands, name: str, run: Run, help_text: str) -> argparse.ArgumentParser:
    """A parser for the command `name`, which `run` runs."""
    command: argparse.ArgumentParser = commands.add_parser(name, help=help_text, description=help_text)
    command.set_defaults(run=run)
    return command


def add_renamed(parser: argparse.ArgumentParser, former: str, name: str, **options: Any) -> None:
    """Add the option `name`, and accept its `former` spelling for one release without advertising it."""
    option = parser.add_argument(name, **options)
    hidden = options | {"dest": option.dest, "help": argparse.SUPPRESS, "default": argparse.SUPPRESS}
    parser.add_argument(former, **hidden)


def add_query_options(parser: argparse.ArgumentParser) -> None:
    """What to search, and with which model: the arguments of `explain` and `search`."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help="path of the reference picture")
    parser.add_argument("text", metavar="TEXT", help="the change to search for, such as 'replace the dog with a cat'")
    add_renamed(
        parser,
        "--top",
        "--top-k",
        type=int,
        default=DEFAULT_TOP_K,
        metavar="K",
        help=f"number of results (default: {DEFAULT_TOP_K}, or the whole of a smaller gallery)",
    )
    parser.add_argument(
        "--text-weight",
        type=non_negative_number,
        default=1.0,
        metavar="W",
        help="weight of the text: 0 picture only, 1 as trained (default), 2 double",
    )
    parser.add_argument(
        "--exclude-duplicates", action="store_true", help="leave out gallery pictures that are copies of IMAGE"
    )
    add_gallery_option(parser)
    add_model_options(parser)
    add_composition_options(parser)


def add_gallery_option(parser: argparse.ArgumentParser) -> None:
    """`--gallery`."""
    parser.add_argument(
        "--gallery",
        metavar="NAME",
        help="a folder, zip archive or dataset of pictures, or the id of a dataset on the Hugging Face Hub "
        "(default: the included gallery)",
    )


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """`--model` and `--device`."""
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="'compact' (default), the folder of a checkpoint, or the folder or Hub id of a CLIP or SigLIP model",
    )
    add_device_option(parser)


def add_device_option(parser: argparse.ArgumentParser) -> None:
    """`--device`."""
    parser.add_argument(
        "--device", help="where the model runs: cuda, mps or cpu (default: the first of these that is available)"
    )


def add_composition_options(parser: argparse.ArgumentParser) -> None:
    """How a CLIP or SigLIP model combines the picture and the text."""
    parser.add_argument(
        "--composition",
        metavar="NAME",
        help="how a CLIP or SigLIP model combines picture and text: direction (default), sum, slerp or pseudo-word",
    )
    parser.add_argument(
        "--weight", type=non_negative_number, metavar="W", help="weight of the text in this composition"
    )
    parser.add_argument(
        "--adapter",
        type=Path,
        metavar="FILE",
        help="weights of the network that the composition 'pseudo-word' needs (SEARLE, Pic2Word, LinCIR)",
    )


def model_spec(options: argparse.Namespace) -> ModelSpec:
    """The model that the options name."""
    return ModelSpec(options.model, options.device, options.composition, options.weight, options.adapter)


def load_engine(options: argparse.Namespace) -> "Engine":
    """The engine for the model and the gallery that the options name."""
    from mmgrad.engine import load

    spec = model_spec(options)
    return load(spec.name, options.gallery, spec.device, spec.composition, spec.weight, spec.adapter)


def check_query(image: Path, text: str) -> None:
    """Raise InputError for a text that is not valid, or for a picture and a text given in the wrong order."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError("The text is not valid UTF-8; please type it again.") from error
    if _exists(image):
        if _exists(Path(text)) and Path(text).suffix:
            raise InputError(
                f"The text '{text}' is the path of a file; please give the picture first and then, in words, "
                "what should change."
            )
    elif _exists(Path(text)):
        raise InputError(f"The picture comes first and the text second; please swap '{image}' and '{text}'.")
    elif not image.suffix and " " in str(image):
        raise InputError(
            f"There is no picture at '{image}'; the first argument must be the path of a picture, the second the text."
        )


def check_folder(folder: Path, option: str) -> None:
    """Raise InputError if results cannot be written to `folder`, because it or a folder above it is a file."""
    for path in (folder, *folder.parents):
        if path.is_dir():
            return
        if path.exists() or path.is_symlink():
            raise InputError(f"'{path}' is a file; {option} needs a folder, which may be new.")


def check_file(file: Path, option: str) -> None:
    """Raise InputError if `file` cannot be written, because it is a folder or lies below a file."""
    if file.is_dir():
        raise InputError(f"'{file}' is a folder; {option} needs the path of a file.")
    check_folder(file.parent, option)


def positive_int(text: str) -> int:
    """A whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {number}")
    return number


def non_negative_int(text: str) -> int:
    """A whole number of at least 0."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be at least 0, not {number}")
    return number


def non_negative_number(text: str) -> float:
    """A finite number of at least 0."""
    number = float(text)
    if not (math.isfinite(number) and number >= 0):
        raise argparse.ArgumentTypeError(f"must be a number of at least 0, not {text}")
    return number


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # such as a name that is too long
        return False

"""From flags and environment variables to the page: what `python app.py` and `python -m mmgrad serve` do.

A flag wins over its variable, and an empty variable is none. What was loaded, and from where, is logged on the way.
"""

import argparse
import logging
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mmgrad.errors import InputError

if TYPE_CHECKING:
    from mmgrad.engine import Engine
    from mmgrad.models.model import Model

DTYPES = ("float32", "float16")

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the page, each with its environment variable, if it has one, in brackets."""
    add = parser.add_argument
    add("--model", metavar="NAME", help="'compact' (the default), a folder or a hub id (MMGRAD_MODEL)")
    add(
        "--composition",
        metavar="NAME",
        help="of a CLIP or SigLIP: direction (the default), sum, slerp or pseudo-word (MMGRAD_COMPOSITION)",
    )
    add("--weight", metavar="W", help="how much the text counts in it (MMGRAD_WEIGHT)")
    add("--adapter", metavar="FILE", help="the network of the composition pseudo-word (MMGRAD_ADAPTER)")
    several = f"MMGRAD_GALLERY, several with '{os.pathsep}' between them"
    add("--gallery", action="append", metavar="DIR", help=f"pictures; more than once for a choice ({several})")
    add("--gallery-dtype", metavar="TYPE", help="float16 halves the galleries' memory (MMGRAD_GALLERY_DTYPE)")
    add("--device", help="cuda, mps or cpu; by itself the first of these that is here (MMGRAD_DEVICE)")
    add("--host", help="address to listen on; this machine only by default, 0.0.0.0 for all (GRADIO_SERVER_NAME)")
    add("--port", type=_port, help="by default the first free one from 7860 (GRADIO_SERVER_PORT)")
    add("--root-path", metavar="PATH", help="where a proxy serves the page, such as /mmgrad (GRADIO_ROOT_PATH)")
    add("--share", action="store_true", help="make a public link through Gradio's servers (GRADIO_SHARE)")


def serve(options: argparse.Namespace) -> None:
    """Load what the options and the environment name, say so, and serve the page until interrupted.

    Raises MMGradError for what is missing or mistyped, and where the page cannot be served.
    """
    if find_spec("gradio") is None:
        raise InputError("The page needs Gradio; please install it with: pip install 'mmgrad[app]'.")
    logger.setLevel(logging.INFO)
    from mmgrad.app import zerogpu as zero
    from mmgrad.app.settings import Limits

    limits = Limits.of(os.environ)
    # On ZeroGPU there is no GPU until a visitor asks: what is computed before then is computed on the CPU.
    model = _load_model(options, "cpu" if zero.is_here() else _given(options.device, "MMGRAD_DEVICE"))
    engines = _load_engines(options, model)

    from mmgrad.app.blocks import launch  # after the checks: it takes seconds, a missing checkpoint should not
    from mmgrad.app.example_cache import TOP, prepare
    from mmgrad.app.examples import load_examples

    first = next(iter(engines.values()))
    examples = _examples(first)
    prepared = prepare(first, load_examples(examples), top=min(TOP, limits.results))
    if zero.is_here():
        engines = zero.lend(_load_engines(options, _load_model(options, "cuda")))
    logger.info(
        "Limits: %d visitors in line, uploads of %d MB, %d results.", limits.queue, limits.upload, limits.results
    )
    try:
        launch(
            engines,
            examples,
            limits,
            prepared,
            server_name=options.host,
            server_port=options.port,
            root_path=options.root_path,
            share=options.share or None,  # None leaves it to the variable
        )
    except OSError as error:  # such as a port that is in use
        raise InputError(f"The page cannot be served: {str(error).strip().splitlines()[0]}") from error


def _load_model(options: argparse.Namespace, device: str | None) -> "Model":
    from mmgrad.models.model import load_model

    name, weight = _given(options.model, "MMGRAD_MODEL"), _given(options.weight, "MMGRAD_WEIGHT")
    composition = _given(options.composition, "MMGRAD_COMPOSITION")
    adapter = _given(options.adapter, "MMGRAD_ADAPTER")
    model = load_model(name, device, composition, None if weight is None else _number(weight), adapter)
    logger.info(
        "Model %s, fingerprint %s, from %s, on %s.", model.name, model.fingerprint, _origin(name), _named(model)
    )
    return model


def _load_engines(options: argparse.Namespace, model: "Model") -> dict[str, "Engine"]:
    import torch

    from mmgrad.app.galleries import load_engines

    dtype = _given(options.gallery_dtype, "MMGRAD_GALLERY_DTYPE") or DTYPES[0]
    if dtype not in DTYPES:
        raise InputError(f"There is no type '{dtype}' for a gallery; please choose {' or '.join(DTYPES)}.")
    folders = options.gallery or os.environ.get("MMGRAD_GALLERY", "").split(os.pathsep)
    engines = load_engines(model, [folder for folder in folders if folder], getattr(torch, dtype))
    for name, engine in engines.items():
        left_out = f" ({len(engine.gallery.skipped)} could not be read)" if engine.gallery.skipped else ""
        where = os.path.abspath(engine.gallery.folder)
        logger.info("Gallery “%s”: %d pictures from %s%s.", name, len(engine.gallery), where, left_out)
    return engines


def _examples(engine: "Engine") -> Path:
    """Where the examples of a gallery lie: those that are shipped speak of the shipped one, others beside theirs."""
    from mmgrad.app.examples import FOLDER
    from mmgrad.app.galleries import is_shipped

    return FOLDER if is_shipped(engine.gallery.folder) else engine.gallery.folder


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 65535, not '{text}'")
    return int(text)


def _given(flag: str | None, variable: str) -> str | None:
    return flag if flag is not None else os.environ.get(variable, "").strip() or None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"The weight of the text must be a number, not '{text}'.") from error


def _origin(name: str | None) -> str:
    from mmgrad.models.model import CHECKPOINTS, DEFAULT

    if name is None or name == DEFAULT:
        return str(CHECKPOINTS / DEFAULT)
    folder = Path(name).expanduser()
    return os.path.abspath(folder) if folder.is_dir() else "the Hugging Face hub"


def _named(model: "Model") -> str:
    import torch

    return f"cuda ({torch.cuda.get_device_name()})" if model.device.type == "cuda" else str(model.device)

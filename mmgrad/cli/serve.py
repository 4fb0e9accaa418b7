"""`mmgrad serve`: open the page in a browser. Each option wins over its environment variable."""

import argparse
import os

from mmgrad.cli.options import Commands, add_command


def add_to(commands: Commands) -> None:
    """Add the command to a parser."""
    parser = add_command(commands, "serve", run, "serve the page, as app.py does")
    add = parser.add_argument
    add("--model", metavar="NAME", help="'compact' (default), a folder or a Hub id (MMGRAD_MODEL)")
    add(
        "--composition",
        metavar="NAME",
        help="how a CLIP or SigLIP model combines picture and text: direction (default), sum, slerp or pseudo-word "
        "(MMGRAD_COMPOSITION)",
    )
    add("--weight", metavar="W", help="weight of the text in this composition (MMGRAD_WEIGHT)")
    add("--adapter", metavar="FILE", help="weights that the composition 'pseudo-word' needs (MMGRAD_ADAPTER)")
    add(
        "--gallery",
        action="append",
        metavar="DIR",
        help=f"a gallery; repeat the option to offer several (MMGRAD_GALLERY, several separated by '{os.pathsep}')",
    )
    add(
        "--gallery-dtype",
        metavar="TYPE",
        help="float32 (default); half for half the memory and a faster search; or float16, bfloat16 "
        "(MMGRAD_GALLERY_DTYPE)",
    )
    add(
        "--device",
        help="where the model runs: cuda, mps or cpu; default: the first of these that is available (MMGRAD_DEVICE)",
    )
    add("--host", help="address to listen on; default: this machine only; 0.0.0.0: all (GRADIO_SERVER_NAME)")
    add("--port", type=_port, help="default: the first free port from 7860 (GRADIO_SERVER_PORT)")
    add("--root-path", metavar="PATH", help="path at which a proxy serves the page, such as /mmgrad (GRADIO_ROOT_PATH)")
    add("--share", action="store_true", help="make a public link through Gradio's servers (GRADIO_SHARE)")


def run(options: argparse.Namespace) -> None:
    """Serve the page until it is interrupted. Raises MMGradError if a setting is wrong or something is missing."""
    from mmgrad.app.serve import Address, serve
    from mmgrad.app.settings import EngineSpec, Limits

    spec = EngineSpec.from_settings(vars(options), os.environ)
    address = Address(options.host, options.port, options.root_path, options.share)
    serve(spec, Limits.from_environment(os.environ), address)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 65535, not '{text}'")
    return int(text)

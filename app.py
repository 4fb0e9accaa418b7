"""Serve the page: `python app.py`. Everything runs on this machine; nothing is asked of the network."""

import argparse
import os
import sys
from collections.abc import Sequence

import mmgrad


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the engine and serve the page until interrupted. Returns the exit status: 2 where something is missing."""
    options = _parser().parse_args(arguments)
    try:
        engine = mmgrad.load(
            options.model or None,
            options.gallery or None,
            options.device,
            options.composition or None,
            adapter=options.adapter or None,
        )
        from mmgrad.ui import launch  # after the checks: it takes seconds, a missing checkpoint should not

        launch(engine, server_name=options.host, server_port=options.port, share=options.share)
    except (mmgrad.MMGradError, OSError) as error:
        print(f"mmgrad: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Serve the mmgrad page.")
    model, gallery = os.environ.get("MMGRAD_MODEL"), os.environ.get("MMGRAD_GALLERY")
    parser.add_argument("--model", default=model, help="'compact', a folder or a hub id (MMGRAD_MODEL)")
    composition = os.environ.get("MMGRAD_COMPOSITION")
    parser.add_argument(
        "--composition",
        default=composition,
        help="sum, slerp, direction or pseudo-word, for a CLIP or SigLIP (MMGRAD_COMPOSITION)",
    )
    adapter = os.environ.get("MMGRAD_ADAPTER")
    parser.add_argument("--adapter", default=adapter, help="the network of a pseudo-word (MMGRAD_ADAPTER)")
    parser.add_argument("--gallery", default=gallery, help="a folder of pictures (MMGRAD_GALLERY)")
    parser.add_argument("--host", help="address to listen on; this machine only by default, 0.0.0.0 for all")
    parser.add_argument("--port", type=int, help="port to listen on; the first free one from 7860 by default")
    parser.add_argument("--share", action="store_true", help="make a public link through Gradio's servers")
    parser.add_argument("--device", help="a torch device; by default cuda where there is one, else cpu")
    return parser


if __name__ == "__main__":
    sys.exit(main())

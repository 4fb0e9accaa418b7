"""Serve the page: `python app.py` is the same as `python -m mmgrad serve`. A Hugging Face Space runs this file.

Everything runs on this machine. The network is not used once the model is here.
"""

import os
import sys
from collections.abc import Sequence

if os.environ.get("SPACES_ZERO_GPU"):
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # gradio reads it when `spaces` imports it
    import spaces  # noqa: F401  # on ZeroGPU this import must come before torch

from mmgrad import cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the page until it is interrupted. Returns the exit status: 2 if something is missing or mistyped."""
    return cli.main(["serve", *(sys.argv[1:] if arguments is None else arguments)])


if __name__ == "__main__":
    sys.exit(main())

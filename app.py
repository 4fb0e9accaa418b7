"""Serve the page: `python app.py`, which is `python -m mmgrad serve`. It is also what a Hugging Face Space runs.

Everything runs on this machine; nothing is asked of the network once the model is there.
"""

import os
import sys
from collections.abc import Sequence

if os.environ.get("SPACES_ZERO_GPU"):
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported, which `spaces` does
    import spaces  # noqa: F401  # on ZeroGPU it has to come before torch

from mmgrad import cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the page until interrupted. Returns the exit status: 2 where something is missing."""
    return cli.main(["serve", *(sys.argv[1:] if arguments is None else arguments)])


if __name__ == "__main__":
    sys.exit(main())

"""The page: a picture and a sentence in, pictures with their reasons out. It shows what the engine returns, no more."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported: no request may leave the machine

from mmgrad.ui.layout import build, launch

__all__ = ["build", "launch"]

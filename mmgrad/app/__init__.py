"""The page. In: an engine for each gallery. Out: a Gradio app that shows the explanations of the engine."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported: no request may leave the machine

"""The page, its HTTP and MCP functions. In: an engine for each gallery. Out: a Gradio app that shows explanations."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # gradio reads it on import: nothing may be sent anywhere

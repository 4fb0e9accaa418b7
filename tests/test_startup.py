"""What a start with the default model does without."""

import subprocess
import sys

HEAVY = {"transformers", "torch._dynamo", "sympy", "scipy", "matplotlib", "gradio", "huggingface_hub.hf_api"}


def test_the_default_model_is_loaded_without_heavy_packages() -> None:
    """transformers and what it imports take longer than all the rest of a start."""
    code = "import sys, mmgrad.engine; mmgrad.load_model(device='cpu'); print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "torch" in loaded
    assert not HEAVY & loaded

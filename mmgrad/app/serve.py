"""Load the engines, prepare the examples and serve the page: what `python app.py` and `mmgrad serve` do.

What is loaded, and from where, is logged.
"""

import logging
import os
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mmgrad.app.settings import EngineSpec, Limits
from mmgrad.arguments import DEFAULT_TOP_K
from mmgrad.errors import InputError
from mmgrad.models.spec import ModelSpec

if TYPE_CHECKING:
    from mmgrad.engine import Engine
    from mmgrad.models.model import Model

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Address:
    """Where the page is served. None and False leave the choice to Gradio and its environment variables."""

    host: str | None = None
    port: int | None = None
    root_path: str | None = None
    share: bool = False


def serve(spec: EngineSpec, limits: Limits, address: Address) -> None:
    """Load what `spec` names and serve the page until it is interrupted.

    Raises MMGradError if something cannot be loaded or the page cannot be served.
    """
    if find_spec("gradio") is None:
        raise InputError("The page needs Gradio; please install it with: pip install 'mmgrad[app]'.")
    logger.setLevel(logging.INFO)
    from mmgrad.app import zerogpu

    # On ZeroGPU there is no GPU before a visitor asks. Everything that is computed before that runs on the CPU.
    on_zerogpu = zerogpu.is_available()
    model = _load_model(replace(spec.model, device="cpu") if on_zerogpu else spec.model)
    engines = _load_engines(spec, model)

    from mmgrad.app.blocks import launch  # takes seconds; errors in the settings are reported before
    from mmgrad.app.example_cache import prepare
    from mmgrad.app.examples import load_examples
    from mmgrad.app.memory import limit_arenas

    limit_arenas()
    examples = _examples_folder(next(iter(engines.values())))
    prepared = prepare(engines, load_examples(examples, engines), top_k=min(DEFAULT_TOP_K, limits.results))
    if on_zerogpu:
        engines = zerogpu.wrap(_load_engines(spec, _load_model(replace(spec.model, device="cuda"))))
    logger.info(
        "Limits: %d visitors in line, uploads of %d MB, %d results.", limits.queue, limits.upload, limits.results
    )
    try:
        launch(
            engines,
            examples,
            limits,
            prepared,
            server_name=address.host,
            server_port=address.port,
            root_path=address.root_path,
            share=address.share or None,  # None leaves the choice to GRADIO_SHARE
        )
    except OSError as error:  # such as a port that is in use
        raise InputError(f"The page cannot be served: {str(error).strip().splitlines()[0]}") from error


def _load_model(spec: ModelSpec) -> "Model":
    from mmgrad.models.model import load_model

    model = load_model(spec.name, spec.device, spec.composition, spec.weight, spec.adapter)
    logger.info(
        "Model %s, fingerprint %s, from %s, on %s.", model.name, model.fingerprint, _origin(spec.name), _device(model)
    )
    return model


def _load_engines(spec: EngineSpec, model: "Model") -> dict[str, "Engine"]:
    engines = spec.load_engines(model)
    for name, engine in engines.items():
        skipped = f" ({len(engine.gallery.skipped)} could not be read)" if engine.gallery.skipped else ""
        folder = os.path.abspath(engine.gallery.folder)
        logger.info("Gallery “%s”: %d pictures from %s%s.", name, len(engine.gallery), folder, skipped)
    return engines


def _examples_folder(engine: "Engine") -> Path:
    """The included examples belong to the included galleries; another gallery may have examples in its own folder."""
    from mmgrad.app.galleries import is_shipped
    from mmgrad.utils.resources import EXAMPLES

    return EXAMPLES if is_shipped(engine.gallery.folder) else engine.gallery.folder


def _origin(name: str | Path | None) -> str:
    from mmgrad.models.model import DEFAULT
    from mmgrad.utils.resources import CHECKPOINTS

    if name is None or name == DEFAULT:
        return str(CHECKPOINTS / DEFAULT)
    folder = Path(name).expanduser()
    return os.path.abspath(folder) if folder.is_dir() else "the Hugging Face Hub"


def _device(model: "Model") -> str:
    import torch

    return f"cuda ({torch.cuda.get_device_name()})" if model.device.type == "cuda" else str(model.device)

"""mmgrad: composed image retrieval that shows why it found what it found.

The public names are imported on first use, so that `python -m mmgrad --help` needs neither torch nor transformers.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmgrad.engine import Engine, load
    from mmgrad.errors import GalleryError, InputError, MMGradError, ModelError
    from mmgrad.gallery.gallery import Gallery
    from mmgrad.models.model import Model, load_model
    from mmgrad.results import AttentionMap, Explanation, Hit, SearchHits, WordAttribution

__version__ = "0.2.0"

__all__ = [
    "AttentionMap",
    "Engine",
    "Explanation",
    "Gallery",
    "GalleryError",
    "Hit",
    "InputError",
    "MMGradError",
    "Model",
    "ModelError",
    "SearchHits",
    "WordAttribution",
    "load",
    "load_model",
]

_MODULES = {
    "mmgrad.engine": ("Engine", "load"),
    "mmgrad.errors": ("GalleryError", "InputError", "MMGradError", "ModelError"),
    "mmgrad.gallery.gallery": ("Gallery",),
    "mmgrad.models.model": ("Model", "load_model"),
    "mmgrad.results": ("AttentionMap", "Explanation", "Hit", "SearchHits", "WordAttribution"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mmgrad' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])

"""mmgrad: composed image retrieval that shows why it found what it found."""

from mmgrad.engine import Engine, Explanation, Hit, Map, WordEvidence, load
from mmgrad.errors import GalleryError, InputError, MMGradError, ModelError
from mmgrad.gallery import Gallery
from mmgrad.model import Model, load_model
from mmgrad.version import version

__version__ = version

__all__ = [
    "Engine",
    "Explanation",
    "Gallery",
    "GalleryError",
    "Hit",
    "InputError",
    "MMGradError",
    "Map",
    "Model",
    "ModelError",
    "WordEvidence",
    "load",
    "load_model",
]

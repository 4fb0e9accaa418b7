"""What a server is told by options and environment variables: which engines to load, and what one visitor may ask.

An option wins over its variable. An empty variable counts as not set. Imports nothing that is slow to import.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from mmgrad.arguments import MAX_TOP_K
from mmgrad.errors import InputError
from mmgrad.models.spec import ModelSpec

if TYPE_CHECKING:
    from mmgrad.engine import Engine
    from mmgrad.models.model import Model

GALLERY_DTYPES = ("float32", "float16", "bfloat16", "half")
"""Types of the embeddings in memory; "half" is the half precision that the device multiplies in."""


@dataclass(frozen=True)
class EngineSpec:
    """The engines of a server: one model, and one engine per gallery.

    Attributes:
        model: see `ModelSpec`.
        galleries: folders of pictures; empty for the included galleries.
        gallery_dtype: type in which the embeddings are kept in memory, one of GALLERY_DTYPES.
    """

    model: ModelSpec = field(default_factory=ModelSpec)
    galleries: tuple[str, ...] = ()
    gallery_dtype: str = GALLERY_DTYPES[0]

    def __post_init__(self) -> None:
        if self.gallery_dtype not in GALLERY_DTYPES:
            raise InputError(
                f"There is no gallery type '{self.gallery_dtype}'; please choose one of {', '.join(GALLERY_DTYPES)}."
            )

    @classmethod
    def from_settings(cls, options: Mapping[str, Any], environment: Mapping[str, str]) -> "EngineSpec":
        """The engines that the options of `serve` name, or else the variables MMGRAD_MODEL, MMGRAD_GALLERY and so on.

        Raises InputError for a value that cannot be used.
        """

        def setting(name: str) -> str | None:
            option = options.get(name)
            return option if option is not None else environment.get(f"MMGRAD_{name.upper()}", "").strip() or None

        weight = setting("weight")
        model = ModelSpec(
            name=setting("model"),
            device=setting("device"),
            composition=setting("composition"),
            weight=None if weight is None else _number(weight),
            adapter=setting("adapter"),
        )
        folders = options.get("gallery") or environment.get("MMGRAD_GALLERY", "").split(os.pathsep)
        return cls(model, tuple(folder for folder in folders if folder), setting("gallery_dtype") or GALLERY_DTYPES[0])

    def load_engines(self, model: "Model") -> dict[str, "Engine"]:
        """An engine for each gallery over a model that is loaded already. Raises GalleryError or InputError."""
        import torch

        from mmgrad.app.galleries import load_engines
        from mmgrad.gallery.search import half_dtype

        dtype = half_dtype(model.device) if self.gallery_dtype == "half" else getattr(torch, self.gallery_dtype)
        return load_engines(model, self.galleries, dtype)


@dataclass(frozen=True)
class Limits:
    """What one visitor may ask. Each limit is set by the environment variable beside it.

    Attributes:
        queue: visitors who may wait in line; further ones are told that the server is busy. MMGRAD_QUEUE
        upload: maximum size of an uploaded file in megabytes. MMGRAD_MAX_UPLOAD
        results: maximum number of results per answer, at most MAX_TOP_K. MMGRAD_MAX_RESULTS
    """

    queue: int = 32
    upload: int = 64
    results: int = MAX_TOP_K

    def __post_init__(self) -> None:
        if self.results > MAX_TOP_K:
            raise InputError(f"{VARIABLES['results']} must be at most {MAX_TOP_K}, not {self.results}.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Limits":
        """The limits that the variables set. Raises InputError for a value that is not a whole number of at least 1."""
        given = {field.name: environment.get(VARIABLES[field.name], "").strip() for field in fields(cls)}
        return cls(**{name: _count(VARIABLES[name], text) for name, text in given.items() if text})


VARIABLES = {"queue": "MMGRAD_QUEUE", "upload": "MMGRAD_MAX_UPLOAD", "results": "MMGRAD_MAX_RESULTS"}


def _count(variable: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= 1):
        raise InputError(f"{variable} must be a whole number of at least 1, not '{text}'.")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"The weight of the text must be a number, not '{text}'.") from error

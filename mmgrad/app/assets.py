"""Files that the page loads by URL: its ES modules, the thumbnails of the examples, the plots of the report.

The URLs are relative, so they work behind a proxy. They contain a digest of the content, so browsers may keep the files
for good.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mmgrad.app.examples import Example
from mmgrad.app.view import THUMB_SIDE
from mmgrad.imaging.io import load_image
from mmgrad.utils.resources import REPORT

STATIC = Path(__file__).resolve().parent / "static"
PREFIX = "mmgrad-assets"
"""First part of the paths; Gradio has none of this name."""

MEDIA_TYPES = {".js": "text/javascript", ".jpg": "image/jpeg", ".png": "image/png"}
FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}


@cache
def modules() -> Mapping[str, bytes]:
    """The page's ES modules by their path below `static/`."""
    return {path.relative_to(STATIC).as_posix(): path.read_bytes() for path in sorted(STATIC.rglob("*.js"))}


@cache
def module_folder() -> str:
    """The relative URL of the folder of the modules; it changes with any of them."""
    return f"{PREFIX}/js-{_digest(*modules().values())}"


def entry() -> str:
    """The relative URL of the module that the page imports."""
    return f"{module_folder()}/index.js"


def thumbnail_url(example: Example) -> str:
    """The relative URL of an example's thumbnail; examples of one picture share it."""
    return f"{PREFIX}/thumbnails/{_picture_digest(example.path)}.jpg"


def plot_url(name: str, folder: Path = REPORT.parent / "plots") -> str:
    """The relative URL of a plot of the report."""
    return f"{PREFIX}/plots/{_digest((folder / name).read_bytes())}/{name}"


def routes(examples: Sequence[Example], plots: Path = REPORT.parent / "plots") -> list[Route]:
    """The routes that serve these files. Thumbnails are made when they are first asked for."""
    pictures = {f"{_picture_digest(example.path)}.jpg": example.path for example in examples}

    @cache
    def thumbnail(name: str) -> bytes:
        picture = Image.fromarray(load_image(pictures[name], max_side=THUMB_SIDE))
        picture.thumbnail((THUMB_SIDE, THUMB_SIDE))
        buffer = BytesIO()
        picture.save(buffer, "JPEG", quality=82, optimize=True)
        return buffer.getvalue()

    def serve_module(request: Request) -> Response:
        return _file(request.path_params["name"], modules().get(request.path_params["name"]))

    def serve_thumbnail(request: Request) -> Response:
        name = request.path_params["name"]
        return _file(name, thumbnail(name) if name in pictures else None)

    def serve_plot(request: Request) -> Response:
        name = request.path_params["name"]
        known = {path.name for path in plots.glob("*.png")}
        return _file(name, (plots / name).read_bytes() if name in known else None)

    return [
        Route(f"/{module_folder()}/{{name:path}}", serve_module),
        Route(f"/{PREFIX}/thumbnails/{{name}}", serve_thumbnail),
        Route(f"/{PREFIX}/plots/{{digest}}/{{name}}", serve_plot),
    ]


def _file(name: str, content: bytes | None) -> Response:
    if content is None:
        return Response(status_code=404)
    return Response(content, media_type=MEDIA_TYPES[Path(name).suffix], headers=FOR_GOOD)


@cache
def _picture_digest(path: Path) -> str:
    return _digest(path.read_bytes())


def _digest(*contents: bytes) -> str:
    digest = hashlib.sha256()
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]

"""Answers of the curated examples, computed beforehand by the code that answers anyone, so that each opens at once.

They are kept in the user's cache by a key of all that they depend on: model, gallery, picture, text and the form of the
answer. To compute them ahead of the first start: python -m mmgrad.app.example_cache
"""

import gzip
import hashlib
import json
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from mmgrad.app.examples import Example, load_examples
from mmgrad.app.view import View, hits_view, reference_view, words_view
from mmgrad.engine import Engine, load
from mmgrad.results import Explanation

TOP = 12
STEPS = (reference_view, hits_view, words_view)
"""How each explanation that `Engine.stream` yields is added to the page."""

_FORM = Path(__file__).resolve().parent

logger = logging.getLogger(__name__)


def answer(explanation: Explanation) -> View:
    """A whole explanation as the page shows it."""
    shown: View = {}
    for view in STEPS:
        shown |= view(explanation)
    return shown


def prepare(
    engine: Engine, examples: Sequence[Example], folder: Path | None = None, top: int = TOP
) -> dict[str, bytes]:
    """The answer of each example, by its id, as JSON in UTF-8: read from the cache or computed and kept there.

    `top` is how many results each has, fewer where the gallery is smaller. `folder` is the cache; by itself
    `mmgrad/examples` in the user's. One that cannot be written to is done without.
    """
    folder = folder or _cache()
    top = min(top, len(engine.gallery))
    common = _common(engine, top)
    prepared = {}
    for example in examples:
        key = _digest([common, example.path.read_bytes(), example.text.encode()])
        path = folder / f"{key}.json.gz"
        prepared[example.id] = _read(path) or _computed(engine, example, top, path)
    return prepared


def _computed(engine: Engine, example: Example, top: int, path: Path) -> bytes:
    *_, explanation = engine.stream(example.path, example.text, top)
    content = json.dumps(answer(explanation), ensure_ascii=False).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(gzip.compress(content, 3))
        part.replace(path)
    except OSError as error:
        logger.warning("The answers of the examples cannot be kept in '%s': %s", path.parent, error)
    return content


def _read(path: Path) -> bytes | None:
    try:
        content = gzip.decompress(path.read_bytes())
        json.loads(content)
    except (OSError, EOFError, ValueError):
        return None
    return content


def _common(engine: Engine, top: int) -> bytes:
    """What all answers depend on: the model, the gallery, what is known of its pictures, and the form of an answer."""
    gallery = engine.gallery
    rows = gallery.embeddings.cpu().numpy().tobytes()
    said = repr([(record.id, record.caption, record.license, record.link) for record in gallery.records])
    names = f"{engine.name} {engine.model.name} {top} {said}".encode()
    form = [(_FORM / name).read_bytes() for name in ("view.py", "example_cache.py")]
    return _digest([engine.model.fingerprint.encode(), rows, names, *form]).encode()


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:24]


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mmgrad" / "examples"


if __name__ == "__main__":
    made = prepare(load(), load_examples())
    print(f"{len(made)} examples are ready in {_cache()}")

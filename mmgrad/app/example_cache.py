"""Answers to the curated examples, computed in advance, so that an example opens at once.

They are kept in the user's cache, under a key of everything they depend on: model, gallery, picture, text, and the code
that makes the page's data. To compute them before the first start: python -m mmgrad.app.example_cache
"""

import gzip
import hashlib
import json
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mmgrad.app.examples import Example, load_examples
from mmgrad.app.galleries import load_engines
from mmgrad.app.memory import release_memory
from mmgrad.app.view import View, hits_view, reference_view, words_view
from mmgrad.engine import DEFAULT_TOP_K, Engine
from mmgrad.models.model import load_model
from mmgrad.results import Explanation
from mmgrad.utils.cache import cache_root

STEPS = (reference_view, hits_view, words_view)
"""What each explanation that `Engine.stream` yields adds to the page."""

_CODE = tuple(Path(__file__).resolve().parent / name for name in ("view.py", "example_cache.py"))

logger = logging.getLogger(__name__)


def answer(explanation: Explanation) -> View:
    """A whole explanation as plain data for the page."""
    shown: View = {}
    for view in STEPS:
        shown |= view(explanation)
    return shown


def prepare(
    engines: Mapping[str, Engine], examples: Sequence[Example], folder: Path | None = None, top_k: int = DEFAULT_TOP_K
) -> dict[str, bytes]:
    """The answer to each example, by its id, as JSON in UTF-8: read from the cache, or computed and kept there.

    Args:
        engines: by the name of their gallery; the first answers an example that names none.
        examples: each names a gallery of `engines`, or none.
        folder: the cache; by default `mmgrad/examples` in the user's cache. If it cannot be written, answers are
            computed at each start.
        top_k: number of results, fewer if the gallery is smaller.
    """
    folder = folder or cache_root() / "examples"
    counts = {name: min(top_k, len(engine.gallery)) for name, engine in engines.items()}
    common = {name: _common_key(engine, counts[name]) for name, engine in engines.items()}
    prepared = {}
    for example in examples:
        name = example.gallery or next(iter(engines))
        key = _digest([common[name], example.path.read_bytes(), example.text.encode()])
        path = folder / f"{key}.json.gz"
        prepared[example.id] = _read(path) or _compute(engines[name], example, counts[name], path)
    release_memory()
    return prepared


def _compute(engine: Engine, example: Example, top_k: int, path: Path) -> bytes:
    *_, explanation = engine.stream(example.path, example.text, top_k)
    content = json.dumps(answer(explanation), ensure_ascii=False).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(gzip.compress(content, 3))
        part.replace(path)
    except OSError as error:
        logger.warning("The answers to the examples cannot be kept in '%s': %s", path.parent, error)
    return content


def _read(path: Path) -> bytes | None:
    try:
        content = gzip.decompress(path.read_bytes())
        json.loads(content)
    except (OSError, EOFError, ValueError):
        return None
    return content


def _common_key(engine: Engine, top_k: int) -> bytes:
    """What all answers depend on: the model, the gallery and its metadata, and the code that makes the page's data."""
    gallery = engine.gallery
    rows = gallery.embeddings.cpu().numpy().tobytes()
    metadata = repr([(record.id, record.caption, record.license, record.link) for record in gallery.records])
    names = f"{engine.name} {engine.model.name} {top_k} {metadata}".encode()
    code = [path.read_bytes() for path in _CODE]
    return _digest([engine.model.fingerprint.encode(), rows, names, *code]).encode()


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:24]


if __name__ == "__main__":
    made = prepare(load_engines(load_model()), load_examples())
    print(f"{len(made)} examples are ready in {cache_root() / 'examples'}")

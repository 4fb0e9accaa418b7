"""Indexes of the format before this one, `gallery.safetensors` with a manifest in its header. Read for one release.

Their rows were made from pictures of up to 2048 pixels without color profiles. Where a picture has at most 512 pixels
and no profile, they are what this version would compute.
"""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

FORMAT = "mmgrad gallery 1"


def read_legacy(path: Path, fingerprint: str, dimension: int) -> dict[tuple[str, int], np.ndarray]:
    """The embeddings, float32 [D], of an older index by (id, bytes of the file); none where it is of another model."""
    try:
        with safe_open(path, framework="np") as file:
            manifest = json.loads((file.metadata() or {}).get("manifest", "{}"))
            if (manifest.get("format"), manifest.get("fingerprint")) != (FORMAT, fingerprint):
                return {}
            embeddings = file.get_tensor("embeddings")
        skipped = {name for name, _ in manifest["skipped"]}
        kept = [(str(name), int(size)) for name, size in manifest["files"] if name not in skipped]
    except (OSError, SafetensorError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    if embeddings.shape != (len(kept), dimension) or embeddings.dtype != np.float32:
        return {}
    return dict(zip(kept, embeddings, strict=True))

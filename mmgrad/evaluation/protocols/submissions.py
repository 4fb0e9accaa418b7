"""Files for the evaluation servers of the test splits of CIRR and CIRCO."""

import json
import os
from pathlib import Path
from typing import Any

from mmgrad.datasets import circo, cirr
from mmgrad.datasets.base import Benchmark
from mmgrad.errors import InputError
from mmgrad.evaluation.metrics.ranking import Ranked

BEST = 50
"""Pictures of each query that a server takes; all there are of a smaller gallery."""

BEST_OF_SUBSET = 3

SERVED = (cirr.NAME, circo.NAME)


def check_submission(benchmark: Benchmark, folder: Path | None) -> None:
    """Create the folder of a submission.

    Raises:
        InputError: the benchmark has no server, the folder cannot be created, or none is given for a hidden split.
    """
    if folder is None:
        if benchmark.hidden:
            way = "give a folder for the files of its server, or choose" if benchmark.name in SERVED else "choose"
            raise InputError(f"The truths of {benchmark.name}'s split '{benchmark.split}' are secret; {way} 'val'.")
        return
    if benchmark.name not in SERVED:
        raise InputError(f"{benchmark.name} has no server to submit to; please leave out the folder, and choose 'val'.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"'{folder}' cannot be made a folder; please choose another for the submission.") from error


def write_submission(benchmark: Benchmark, ranked: Ranked, folder: Path) -> list[Path]:
    """Write the files that the server of CIRR or CIRCO accepts; returns their paths.

    CIRR: two files, {"version": "rc2", "metric": "recall" or "recall_subset", pairid: names}, with the first 50
    pictures of the gallery and the first 3 of the image set, both without the reference (`Test-split_server.md` of its
    repository). The server accepts files of up to 5 MB, so there is no white space. CIRCO: one file, {query id: the
    first 50 COCO ids} (its README).
    """
    ids = [query.id for query in benchmark.queries]
    stem = f"{benchmark.name.lower()}.{benchmark.split}"
    if benchmark.name == circo.NAME:
        numbers = {one: [int(name) for name in names[:BEST]] for one, names in zip(ids, ranked.best, strict=True)}
        return [_write(folder / f"{stem}.json", numbers)]
    columns = {"recall": (ranked.best, BEST), "recall_subset": (ranked.best_of_subset, BEST_OF_SUBSET)}
    return [
        _write(
            folder / f"{stem}.{metric}.json",
            {"version": "rc2", "metric": metric} | {i: list(names[:k]) for i, names in zip(ids, column, strict=True)},
        )
        for metric, (column, k) in columns.items()
    ]


def _write(path: Path, content: dict[str, Any]) -> Path:
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
    os.replace(part, path)
    return path

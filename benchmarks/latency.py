"""How long a query takes from submit to each step, and what the program weighs: a Markdown table.

    python benchmarks/latency.py [--model NAME] [--gallery DIR] [--runs 15] [--top 12] [--threads 2] [--device cuda]

Medians over `--runs` queries after two that warm up, each with another reference of the gallery and another text. The
target maps are timed in one batch and one by one, taking turns, and compared as the median of the ratios of each pair.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import torch

from mmgrad.attribution.blend import explain_targets
from mmgrad.attribution.encoded import attribution_model
from mmgrad.engine import Engine, load
from mmgrad.imaging.files import File
from mmgrad.imaging.io import load_image

TEXTS = (
    "replace the dog with a red car",
    "remove the ball",
    "add a cat on the left",
    "make the flower blue",
    "make it much bigger, please",
    "move the bird to the top right",
    "put it on a beach",
)
STEPS = ("reference map", "all result maps", "words")
MAPS, MAPS_AND_FEATURES = "target maps", "target maps with the encoding of the pictures"
_LOAD = """
import sys, time
start = time.perf_counter()
import mmgrad
mmgrad.load(sys.argv[1] or None, sys.argv[2] or None, sys.argv[3] or None)
print(time.perf_counter() - start)
"""


def main() -> None:
    """Measure and print the table."""
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    loading = _loading_time(options.model, options.gallery, options.device)
    engine = load(options.model, options.gallery, options.device)
    paths = [record.path for record in engine.gallery.records]
    times: dict[str, list[float]] = {step: [] for step in STEPS}
    laps: dict[str, list[float]] = {}
    pairs: dict[str, list[tuple[float, float]]] = {MAPS: [], MAPS_AND_FEATURES: []}
    for run in range(-2, options.runs):
        path, text = paths[(run + 2) * 37 % len(paths)], TEXTS[run % len(TEXTS)]
        seen, timing = _query(engine, path, text, options.top)
        batched = _batched(engine, path, text, options.top)
        if run < 0:
            continue
        for step, value in zip(STEPS, seen, strict=True):
            times[step].append(value)
        for lap, value in timing.items():
            laps.setdefault(lap, []).append(value)
        for what, pair in batched.items():
            pairs[what].append(pair)
    rows = [(f"submit to {step}", f"{1000 * statistics.median(values):.0f} ms") for step, values in times.items()]
    rows += [
        (f"  of it: {lap}", f"{statistics.median(values):.0f} ms") for lap, values in laps.items() if lap != "total"
    ]
    for what, seconds in pairs.items():
        batch, single = (1000 * statistics.median(column) for column in zip(*seconds, strict=True))
        gain = statistics.median(one / together for together, one in seconds)
        rows.append((f"{options.top} {what}: one batch", f"{batch:.1f} ms"))
        rows.append((f"{options.top} {what}: one by one", f"{single:.1f} ms, {gain:.2f} times as long"))
    rows += [
        ("resident memory, peak", f"{_peak_memory():.2f} GB"),
        ("loading model and gallery, a fresh process", f"{loading:.1f} s"),
    ]
    on = torch.cuda.get_device_name() if engine.model.device.type == "cuda" else f"{options.threads} threads"
    print(f"| {options.runs} queries, {on}, gallery of {len(paths):,} | median |\n|:--|--:|")
    print("\n".join(f"| {name} | {value} |" for name, value in rows))
    if options.json:
        options.json.write_text(json.dumps(dict(rows), indent=2) + "\n")


def _query(engine: Engine, path: File, text: str, top: int) -> tuple[list[float], dict[str, float]]:
    """Seconds from submit to each of STEPS, and the engine's own laps."""
    start, seen, timing = time.perf_counter(), [], {}
    for explanation in engine.stream(path, text, top):
        seen.append(time.perf_counter() - start)
        timing = explanation.timing_ms
    return seen, timing


def _batched(engine: Engine, path: File, text: str, top: int) -> dict[str, tuple[float, float]]:
    """Seconds in one batch and one by one: the maps of `top` pictures, without and with the encoding of these."""
    model, tokens = engine.model, engine.model.encode_text(text)
    features, _ = model.features([load_image(path)])
    with torch.no_grad():
        query = model.composer.encode_query(features, tokens.states, tokens.mask)
        change = query - model.composer.encode_reference(features)
    attributed = attribution_model(model)
    found = engine.gallery.search(query, top).indices[0].tolist()
    pictures = [load_image(engine.gallery.records[row].path) for row in found]
    clock = [_now(model.device)]
    targets, _ = model.features(pictures)
    clock.append(_now(model.device))
    explain_targets(attributed, targets, change, query)
    clock.append(_now(model.device))
    alone = [model.features([picture])[0] for picture in pictures]
    clock.append(_now(model.device))
    for target in alone:
        explain_targets(attributed, target, change, query)
    clock.append(_now(model.device))
    encode, explain, encode_alone, explain_alone = (after - before for before, after in pairwise(clock))
    return {MAPS: (explain, explain_alone), MAPS_AND_FEATURES: (encode + explain, encode_alone + explain_alone)}


def _now(device: torch.device) -> float:
    """The time when a device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _loading_time(model: str | None, gallery: str | None, device: str | None) -> float:
    """Seconds until a fresh process has imported the package and loaded a model and its gallery."""
    command = [sys.executable, "-c", _LOAD, model or "", gallery or "", device or ""]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def _peak_memory() -> float:
    """The largest resident size of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9  # Linux counts in KiB


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="'compact' (the default) or the folder of a checkpoint")
    parser.add_argument("--gallery", help="a folder of pictures (default: the shipped one)")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--top", type=int, default=12)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", help="cuda, mps or cpu; default: the first of these that is there")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    return parser


if __name__ == "__main__":
    main()

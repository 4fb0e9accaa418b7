"""How long exact search takes beside a plain product, by one command:

    python benchmarks/search.py [--rows 1000000] [--dimension 512] [--device cuda] [--json FILE]

For one query and 50 results, each line is the median of several runs, all of one process, taken by turns. "plain" is
`torch.topk(query @ rows.T, 50)` in the precision of the rows, which says nothing of ties and rounds in half precision.
"read" reads every byte of the rows once. faiss (IndexFlatIP) is measured where it is installed.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from mmgrad.gallery.search import half_dtype, top_k_search

TOP_K = 50


def main() -> None:
    options = _options()
    device = torch.device(options.device)
    rows = _unit(options.rows, options.dimension, device)
    query = _unit(1, options.dimension, device)
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    print(f"{options.rows:,} x {options.dimension}, one query, top {TOP_K}, on {name}\n")
    print(f"| {'rows':9} | {'what':14} | {'ms':>8} | {'of plain':>8} |\n|---|---|--:|--:|")
    report = {"device": name, "machine": platform.machine(), "torch": torch.__version__, "rows": options.rows}
    report["results"] = []
    for dtype in dict.fromkeys((torch.float32, torch.float16, half_dtype(device))):
        stored = rows.to(dtype)
        ways = _ways(stored, query)
        if dtype == torch.float32 and device.type == "cpu" and find_spec("faiss"):
            ways["faiss"] = _faiss(stored, query)
        medians = _medians(ways, options.repeats)
        for way, seconds in medians.items():
            kind = str(dtype).removeprefix("torch.")
            print(f"| {kind:9} | {way:14} | {1000 * seconds:8.2f} | {seconds / medians['plain']:8.2f} |")
            report["results"].append({"dtype": kind, "what": way, "ms": round(1000 * seconds, 3)})
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


def _unit(count: int, dimension: int, device: torch.device) -> Tensor:
    generator = torch.Generator(device).manual_seed(count)
    return functional.normalize(torch.randn(count, dimension, generator=generator, device=device), dim=1)


def _ways(stored: Tensor, query: Tensor) -> dict[str, Callable[[], object]]:
    return {
        "plain": lambda: torch.topk(query.to(stored.dtype) @ stored.T, TOP_K).values.cpu(),
        "top_k_search": lambda: top_k_search(stored, query, TOP_K),
        "read": lambda: stored.view(torch.int32).amax().cpu(),
    }


def _faiss(rows: Tensor, query: Tensor) -> Callable[[], object]:
    import faiss

    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows.numpy())
    return lambda: index.search(query.numpy(), TOP_K)


def _medians(ways: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each way; every round runs all of them, so that a busy moment strikes none alone."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for repeat in range(repeats + 1):
        for way, run in ways.items():
            start = time.perf_counter()
            run()
            if repeat:  # the first round warms up
                seconds[way].append(time.perf_counter() - start)
    return {way: statistics.median(each) for way, each in seconds.items()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()

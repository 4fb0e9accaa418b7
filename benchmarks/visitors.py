"""Many visitors at once, and the memory of the page over many queries: Markdown tables.

    python benchmarks/visitors.py [--visitors 20] [--queries 500] [--port 7899]

Starts `app.py` in a process of its own. Each visitor is a client of its own that sends another picture of the gallery
with another text, all at the same moment; the queue tells each where it stands. Then one client asks `--queries` times,
and the resident memory of the server is read on the way.
"""

import argparse
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier

from gradio_client import Client, handle_file
from latency import TEXTS

ROOT = Path(__file__).resolve().parent.parent
POLL = 0.05  # seconds between two looks at the queue
START = 120  # seconds that the page may take to start


def main() -> None:
    """Measure and print the tables."""
    options = _parser().parse_args()
    pictures = sorted((ROOT / "examples" / "gallery").rglob("*.webp"))
    with _server(options.port) as (address, process):
        clients = [Client(address, verbose=False) for _ in range(options.visitors)]
        _ask(clients[0], pictures[0], TEXTS[0])  # the first query of a process warms it up
        _print_visitors(*_all_at_once(clients, pictures))
        _print_memory(_memory_over(clients[0], pictures, options.queries, process.pid))


@contextmanager
def _server(port: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    command = [sys.executable, str(ROOT / "app.py"), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address, began = f"http://127.0.0.1:{port}", time.monotonic()
    try:
        while not _answers(address):
            if process.poll() is not None or time.monotonic() - began > START:
                raise SystemExit(f"The page did not start on port {port}; is the port free?")
            time.sleep(POLL)
        yield address, process
    finally:
        process.terminate()
        process.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1):
            return True
    except OSError:
        return False


def _ask(client: Client, picture: Path, text: str) -> tuple[float, int]:
    """Seconds until the answer, and the farthest place in the queue that the client was told of."""
    start, place = time.perf_counter(), 0
    job = client.submit(handle_file(str(picture)), text, 12, 1.0, False, api_name="/explain")
    while not job.done():
        place = max(place, job.status().rank or 0)
        time.sleep(POLL)
    assert len(job.result()["hits"]) == 12
    return time.perf_counter() - start, place


def _all_at_once(clients: list[Client], pictures: list[Path]) -> tuple[list[float], list[int]]:
    barrier = Barrier(len(clients))

    def visit(number: int) -> tuple[float, int]:
        barrier.wait()
        return _ask(clients[number], pictures[number * 37 % len(pictures)], TEXTS[number % len(TEXTS)])

    with ThreadPoolExecutor(len(clients)) as pool:
        seconds, places = zip(*pool.map(visit, range(len(clients))), strict=True)
    return list(seconds), list(places)


def _memory_over(client: Client, pictures: list[Path], queries: int, process: int) -> list[tuple[int, float]]:
    """Resident memory in GB after some numbers of queries."""
    marks = sorted({1, queries // 10, queries // 4, queries // 2, queries * 3 // 4, queries})
    found = []
    for number in range(1, queries + 1):
        _ask(client, pictures[number * 101 % len(pictures)], TEXTS[number % len(TEXTS)])
        if number in marks:
            found.append((number, _resident(process)))
    return found


def _resident(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e9


def _print_visitors(seconds: list[float], places: list[int]) -> None:
    print(f"| {len(seconds)} visitors at once, every one answered | |\n|:--|--:|")
    print(f"| first answer | {min(seconds):.1f} s |")
    print(f"| median | {statistics.median(seconds):.1f} s |")
    print(f"| last answer | {max(seconds):.1f} s |")
    print(f"| visitors who were told their place in line | {sum(place > 0 for place in places)} |\n")


def _print_memory(memory: list[tuple[int, float]]) -> None:
    print("| queries | resident memory |\n|--:|--:|")
    print("\n".join(f"| {number} | {size:.2f} GB |" for number, size in memory))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--port", type=int, default=7899)
    return parser


if __name__ == "__main__":
    main()

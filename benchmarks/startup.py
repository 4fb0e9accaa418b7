"""Where the time of a start goes: imports, the model, the gallery. A Markdown table.

    python benchmarks/startup.py [--gallery NAME] [--runs 5]

Each run is a process of its own, so that imports count. CPU seconds are of one process with all its threads; they
depend less on what else the machine does than the elapsed seconds. The smallest of all runs counts.
"""

import argparse
import json
import subprocess
import sys

STEPS = ("import torch", "import mmgrad", "load the model", "load the gallery", "all")

PROBE = """
import json, resource, sys, time
marks = [(time.perf_counter(), time.process_time())]
def mark():
    marks.append((time.perf_counter(), time.process_time()))
import torch
mark()
import mmgrad.engine
mark()
model = mmgrad.load_model(device="cpu")
mark()
from mmgrad.utils.resources import GALLERY
mmgrad.engine.Engine(model, mmgrad.Gallery.load(sys.argv[1] if len(sys.argv) > 1 else GALLERY, model))
mark()
steps = [[b[i] - a[i] for i in range(2)] for a, b in zip(marks, marks[1:])]
steps.append([marks[-1][i] - marks[0][i] for i in range(2)])
size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
print(json.dumps({"steps": steps, "megabytes": size}))
"""


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gallery", help="a folder with its index (default: the shipped one)")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    command = [sys.executable, "-c", PROBE, *([options.gallery] if options.gallery else [])]
    runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(options.runs)]
    print("| step | seconds | CPU seconds |\n|:--|--:|--:|")
    for row, name in enumerate(STEPS):
        elapsed, cpu = (min(run["steps"][row][kind] for run in runs) for kind in range(2))
        print(f"| {name} | {elapsed:.2f} | {cpu:.2f} |")
    print(f"\nPeak memory: {max(run['megabytes'] for run in runs):.0f} MB")


if __name__ == "__main__":
    main()

"""Check the line ends of text files and the size of all files: python scripts/check_files.py [FILE ...]

Without files it checks all files that git tracks. Exit status 1 and one line per fault.
"""

import subprocess
import sys
from pathlib import Path

LARGEST = 10_000_000
"""Bytes that a file may have; larger ones belong on the Hugging Face hub."""

TEXT = {".cff", ".css", ".csv", ".html", ".js", ".md", ".mjs", ".py", ".sh", ".toml", ".txt", ".yml"}


def faults(path: Path) -> list[str]:
    """What is wrong with a file."""
    data = path.read_bytes()
    found = [f"has {len(data):,} bytes; at most {LARGEST:,} are allowed"] if len(data) > LARGEST else []
    if path.suffix in TEXT and data:
        if b"\r" in data:
            found.append("has carriage returns; lines must end with a line feed only")
        if not data.endswith(b"\n"):
            found.append("must end with a line feed")
    return found


def main(names: list[str]) -> int:
    """Print the faults of the named files, or of all tracked files."""
    if not names:
        names = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True).stdout.split("\0")
    wrong = [f"{name}: {fault}" for name in names if name and Path(name).is_file() for fault in faults(Path(name))]
    print("\n".join(wrong), end="\n" if wrong else "")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

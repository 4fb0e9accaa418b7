"""Where what ships beside the code lies: trained checkpoints, examples with their gallery, measured tables.

In a clone these are folders of the repository, beside the package. A wheel carries them within the package, in
`_shipped`, where the build settings in `pyproject.toml` put them.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_CARRIED = _PACKAGE / "_shipped"

ROOT = _CARRIED if _CARRIED.is_dir() else _PACKAGE.parent
CHECKPOINTS = ROOT / "checkpoints"
EXAMPLES = ROOT / "examples"
GALLERY = EXAMPLES / "gallery"
PHOTOGRAPHS = EXAMPLES / "photographs"
REPORT = ROOT / "benchmarks" / "results" / "compact-test.md"

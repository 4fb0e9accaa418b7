"""Print the lowest version that pyproject.toml allows of each dependency, one requirement a line, for pip."""

import re
import tomllib
from pathlib import Path

EXTRAS = ("app", "datasets")


def main() -> None:
    """Print `name==version` for each dependency of the package and of some of its extras."""
    project = tomllib.loads((Path(__file__).resolve().parent.parent / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for requirement in (*project["dependencies"], *(one for extra in EXTRAS for one in extras[extra])):
        found = re.fullmatch(r"([\w.\-\[\]]+?)(?:>=|==)([\w.]+).*", requirement)
        if found is None:
            raise SystemExit(f"The requirement '{requirement}' names no lowest version.")
        print(f"{found[1]}=={found[2]}")


if __name__ == "__main__":
    main()

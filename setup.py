"""What `pyproject.toml` cannot say: a wheel carries what lies beside the package, where `mmgrad.utils.resources` finds
it."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
CARRIED = ("checkpoints/**/*", "examples/**/*", "benchmarks/results/compact-test.md")
"""Files of the repository that are used at run time."""

LEFT_OUT = (".part", ".npy", ".npz")


class Build(build_py):
    """Copies what is carried into `mmgrad/_shipped`; an editable installation finds it in the repository instead."""

    def run(self) -> None:
        super().run()
        shutil.rmtree(Path(self.build_lib, "mmgrad", "_shipped"), ignore_errors=True)  # of an earlier build
        if not self.editable_mode:
            for source, target in self._carried().items():
                self.mkpath(str(Path(target).parent))
                self.copy_file(source, target, preserve_mode=False)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        carried = [] if self.editable_mode else list(self._carried().values())
        return [*super().get_outputs(include_bytecode), *carried]

    def get_source_files(self) -> list[str]:
        return [*super().get_source_files(), *(str(Path(path).relative_to(ROOT)) for path in self._carried())]

    def _carried(self) -> dict[str, str]:
        """Each file that is carried -> where the build puts it."""
        place = Path(self.build_lib, "mmgrad", "_shipped")
        found = {}
        for pattern in CARRIED:
            for path in sorted(ROOT.glob(pattern)):
                relative = path.relative_to(ROOT)
                hidden = any(part.startswith(".") for part in relative.parts)
                if path.is_file() and not hidden and path.suffix not in LEFT_OUT:
                    found[str(path)] = str(place / relative)
        return found


setup(cmdclass={"build_py": Build})

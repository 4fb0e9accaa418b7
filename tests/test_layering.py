"""Imports between the rooms of the package point downward, and the run-time path stays light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import mmgrad

PACKAGE = Path(mmgrad.__file__).parent

RUN_TIME = (
    "errors",
    "utils",
    "lexicon",
    "imaging",
    "encoders",
    "models",
    "gallery",
    "results",
    "attribution",
    "retrieval",
    "suggestions",
    "arguments",
    "engine",
    "render",
    "app",
    "cli",
)
"""Rooms from low to high: each may import those before it."""

BESIDE = {
    "synthetic": {"errors", "utils", "lexicon", "imaging"},
    "datasets": {"errors", "utils", "imaging"},
    "training": {"errors", "utils", "lexicon", "imaging", "encoders", "models", "attribution", "synthetic", "datasets"},
    "evaluation": {*RUN_TIME[: RUN_TIME.index("retrieval")], "synthetic", "datasets"},
}
"""Rooms beside the run-time path, with the rooms that they may import."""

EXCEPTIONS = {
    # Results draw and save themselves: `AttentionMap.overlay`, `Explanation.figure` and `Explanation.save`.
    ("mmgrad.results.attention_map", "render"),
    ("mmgrad.results.explanation", "render"),
}
"""Imports inside functions (importing module, imported room) that still point upward. Remove entries; add none."""

CIRCLES = {
    # `load_model` imports the loading of CLIP and SigLIP when such a model is asked for, because it needs transformers.
    ("mmgrad.models.model", "mmgrad.models.dual"),
}
"""Imports inside functions (importing module, imported module) that close a circle. Remove entries; add none."""

LAZY = {("mmgrad.cli", "training"), ("mmgrad.cli", "evaluation")}
"""Imports that a command makes when it runs, inside a function."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Name and syntax tree of every module."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, ast.parse(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Imported:
    """A module of the package, or a name in it; where it is imported: inside a function, or for type checkers only."""

    name: str
    lazy: bool
    typing: bool


def imports(name: str, tree: ast.AST) -> Iterator[Imported]:
    """What a module imports of the package."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    lazy, typing = ({id(child) for node in nodes for child in ast.walk(node)} for nodes in (functions, blocks))
    for node in ast.walk(tree):
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import"
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        for one in found:
            if one.split(".")[0] == "mmgrad":
                yield Imported(one, id(node) in lazy, id(node) in typing)


def room(name: str) -> str:
    """The room of a module: the first part of its name below the package; "" for the package itself."""
    return [*name.split("."), ""][1]


def allowed(importer: str) -> set[str]:
    """The rooms that the modules of a room may import."""
    if importer in BESIDE:
        return BESIDE[importer] | {importer}
    return set(RUN_TIME[: RUN_TIME.index(importer) + 1])


def test_every_room_has_its_place_in_the_order() -> None:
    rooms = {room(name) for name, _ in modules()} - {"", "__main__"}
    assert rooms == {*RUN_TIME, *BESIDE}


def test_imports_point_downward() -> None:
    upward = {
        (name, room(one.name))
        for name, tree in modules()
        if room(name) not in ("", "__main__")  # the package itself offers names of all rooms
        for one in imports(name, tree)
        if room(one.name) in {*RUN_TIME, *BESIDE} and room(one.name) not in allowed(room(name))
        if not (one.lazy and (".".join(name.split(".")[:2]), room(one.name)) in LAZY)
    }
    assert upward == EXCEPTIONS


def test_no_modules_import_each_other_in_a_circle() -> None:
    trees = dict(modules())
    graph = {
        name: {
            known
            for one in imports(name, tree)
            for known in (one.name, one.name.rpartition(".")[0])
            if not one.typing and (name, room(known)) not in EXCEPTIONS and (name, known) not in CIRCLES
        }
        & (trees.keys() - {name, "mmgrad"})
        for name, tree in trees.items()
        if name != "mmgrad"
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize(
    "loaded",
    ["mmgrad.engine", "mmgrad.app.serve", "mmgrad.cli", "mmgrad.gallery.indexer", "mmgrad.models.model"],
)
def test_the_run_time_path_loads_no_training_data_and_no_evaluation(loaded: str) -> None:
    beside = tuple(f"mmgrad.{name}" for name in BESIDE)
    code = f"import sys, {loaded}; print([name for name in sys.modules if name.startswith({beside!r})])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert run.stdout.strip() == "[]"

"""Common form of the benchmarks of composed image retrieval: queries with their targets, and the gallery."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmgrad.errors import InputError

ALL = "all"
"""The category of the queries of a benchmark that has but one gallery."""


@dataclass(frozen=True)
class Query:
    """A reference image and a modification text.

    Attributes:
        id: identifier in the benchmark; unique in the split.
        reference: name of the reference image.
        text: the modification text.
        truths: names of the correct images, the target image first; empty if they are secret.
        subset: names of its image set, including the reference (CIRR only).
        category: gallery that is searched.
    """

    id: str
    reference: str
    text: str
    truths: tuple[str, ...] = ()
    subset: tuple[str, ...] = ()
    category: str = ALL


@dataclass(frozen=True, eq=False)
class Benchmark:
    """One split of a benchmark.

    Attributes:
        name: its usual name, such as "CIRR".
        split: name of the split.
        queries: in the order of the annotation file.
        gallery: path of each picture by name.
        pools: for each category, the names that its queries are searched among, in the order of the split's file.

    Raises:
        InputError: no queries, duplicate ids, a picture missing from its pool, or targets for some queries only.
    """

    name: str
    split: str
    queries: tuple[Query, ...]
    gallery: Mapping[str, Path]
    pools: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        what = f"The split '{self.split}' of {self.name}"
        if not self.queries:
            raise InputError(f"{what} has no queries; please download its annotations again.")
        if len({query.id for query in self.queries}) != len(self.queries):
            raise InputError(f"{what} has two queries of one id; please download its annotations again.")
        if 0 < sum(not query.truths for query in self.queries) < len(self.queries):
            raise InputError(f"{what} tells the targets of some queries only; please download its annotations again.")
        known = {category: frozenset(names) for category, names in self.pools.items()}
        for query in self.queries:
            for name in (query.reference, *query.truths, *query.subset):
                if name not in known[query.category]:
                    raise InputError(
                        f"{what} does not list the picture '{name}' that its query {query.id} names; please download "
                        "captions and image splits of one version."
                    )

    @property
    def hidden(self) -> bool:
        """Whether the targets are secret, so that only the benchmark's own server can evaluate results."""
        return not self.queries[0].truths


def check_split(name: str, split: str, known: Sequence[str]) -> None:
    """Raise InputError unless the split is known."""
    if split not in known:
        raise InputError(f"{name} has no split '{split}'; choose one of {', '.join(known)}.")


def check_root(name: str, root: Path, *parts: str) -> None:
    """Raise InputError unless the folder exists and contains the folders `parts`."""
    if not root.is_dir():
        raise InputError(f"There is no folder '{root}'; please give the folder of {name}, with {_listed(parts)} in it.")
    for part in parts:
        if not (root / part).is_dir():
            raise InputError(f"The folder '{root}' of {name} has no '{part}' in it; please add {_listed(parts)}.")


def check_pictures(name: str, missing: Iterable[Path], count: int) -> None:
    """Raise InputError if pictures are missing, with their number out of `count` and the first one."""
    lost = list(missing)
    if lost:
        raise InputError(
            f"{len(lost):,} of {count:,} pictures of {name} are missing, the first of them '{lost[0]}'; please "
            "download them there."
        )


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(f"{part}/" for part in parts)

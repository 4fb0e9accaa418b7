"""A dataset on the disk as a list of records: a folder that `datasets.Dataset.save_to_disk` wrote, or parquet files.

It needs pyarrow. The pictures must be stored in the table itself, as the encoded bytes of the Image feature. A path in
their place is not followed, because it may lead anywhere.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from mmgrad.errors import GalleryError, InputError
from mmgrad.gallery.sources import metadata
from mmgrad.gallery.sources.record import Record
from mmgrad.imaging import files

ARROW_FILES = ("state.json", "dataset_dict.json")
"""One of these lies in a folder that `save_to_disk` wrote."""

MAX_GROUP = 2**31
"""Bytes of a row group of parquet; a larger one would have to be read whole for each picture."""

_SHARD = re.compile(r"-\d{5}-of-\d{5}$")
_GROUPS = 4  # row groups that are kept in memory, because neighboring pictures lie in the same group


class Table(Protocol):
    """A file of a dataset."""

    @property
    def path(self) -> Path: ...

    @property
    def schema(self) -> Any:
        """Its columns, as a pyarrow.Schema."""

    def rows(self) -> int:
        """How many rows it has."""

    def values(self, column: str) -> list[Any]:
        """A whole column, for columns of words."""

    def value(self, column: str, row: int) -> Any:
        """One cell, for columns of pictures."""


@dataclass(frozen=True)
class ArrowFile:
    """An Arrow stream, as `save_to_disk` writes it, mapped into memory: nothing is read before it is asked for."""

    path: Path
    table: Any = field(repr=False, compare=False)

    @property
    def schema(self) -> Any:
        return self.table.schema

    def rows(self) -> int:
        return int(self.table.num_rows)

    def values(self, column: str) -> list[Any]:
        found: list[Any] = self.table.column(column).to_pylist()
        return found

    def value(self, column: str, row: int) -> Any:
        return self.table.column(column)[row].as_py()


@dataclass(frozen=True)
class ParquetFile:
    """A parquet file, read by row groups, of which the last few are kept."""

    path: Path
    file: Any = field(repr=False, compare=False)
    lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    @property
    def schema(self) -> Any:
        return self.file.schema_arrow

    def rows(self) -> int:
        return int(self.file.metadata.num_rows)

    def values(self, column: str) -> list[Any]:
        found: list[Any] = self.file.read(columns=[column]).column(column).to_pylist()
        return found

    def value(self, column: str, row: int) -> Any:
        group = 0
        while row >= (count := self.file.metadata.row_group(group).num_rows):
            row, group = row - count, group + 1
        if self.file.metadata.row_group(group).total_byte_size > MAX_GROUP:
            raise InputError(
                f"A row group of '{self.path.name}' is larger than {MAX_GROUP:,} bytes; please write it again with "
                "smaller ones."
            )
        with self.lock:  # several threads ask for neighbors: one reads, the others find it read
            return _group(self.file, group, column)[row].as_py()


@lru_cache(maxsize=_GROUPS)
def _group(file: Any, group: int, column: str) -> Any:
    return file.read_row_group(group, columns=[column]).column(column)


@dataclass(frozen=True)
class DatasetMember:
    """The picture of one row."""

    table: Table = field(repr=False)
    column: str
    row: int
    size: int
    stat_signature: str = field(compare=False)

    @property
    def name(self) -> str:
        """The number of the row: pictures of a table have no names."""
        return f"row {self.row} of {self.table.path.name}"

    def __str__(self) -> str:
        return f"{self.table.path}:{self.row}"

    def read_bytes(self) -> bytes:
        """The encoded picture. Raises InputError where there is none in the table."""
        try:
            cell = self.table.value(self.column, self.row)
        except (OSError, ValueError, IndexError) as error:  # pyarrow's own errors are of these kinds
            raise InputError(f"'{self.table.path.name}' is damaged at row {self.row}; please save it again.") from error
        data = cell.get("bytes") if isinstance(cell, dict) else cell
        if not isinstance(data, bytes):
            raise InputError(
                f"Row {self.row} of '{self.table.path.name}' holds no picture, at most a path to one; please save the "
                "dataset with its pictures."
            )
        return data


def read_dataset(path: Path) -> list[Record]:
    """The pictures of a dataset in its own order. Their ids are row numbers, after the split where there are several.

    Columns of text with the names in `metadata.FIELDS` are read as what is said about a picture.

    Args:
        path: a folder that `save_to_disk` wrote (of one split or of several), a parquet file, or a folder of these.

    Raises:
        GalleryError: pyarrow is missing, the dataset is missing or damaged, or no column holds pictures.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise GalleryError(
            f"'{path}' is a dataset, which needs the package pyarrow; please install it with `pip install pyarrow`."
        ) from error
    try:
        parts = dict(_parts(path))
        several = len(parts) > 1
        records = [record for part, tables in parts.items() for record in _records(tables, part if several else "")]
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise GalleryError(f"The dataset '{path}' is damaged and cannot be read; please save it again.") from error
    if not records:
        raise GalleryError(f"The dataset '{path}' holds no pictures; please add some.")
    return records


def _parts(path: Path) -> Iterator[tuple[str, list[Table]]]:
    """The splits of a dataset with their files, in order."""
    if (path / "dataset_dict.json").is_file():
        for split in json.loads((path / "dataset_dict.json").read_text(encoding="utf-8"))["splits"]:
            yield str(split), _arrow(path / Path(split).name)
    elif (path / "state.json").is_file():
        yield "", _arrow(path)
    else:
        yield from _parquet(path)


def _arrow(folder: Path) -> list[Table]:
    import pyarrow

    state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    paths = [folder / Path(file["filename"]).name for file in state["_data_files"]]
    return [ArrowFile(path, pyarrow.ipc.open_stream(pyarrow.memory_map(str(path))).read_all()) for path in paths]


def _parquet(path: Path) -> Iterator[tuple[str, list[Table]]]:
    import pyarrow.parquet

    found: dict[str, list[Table]] = {}
    for file in parquet_files(path):
        part = _SHARD.sub("", file.relative_to(path).with_suffix("").as_posix()) if file != path else ""
        found.setdefault(part, []).append(ParquetFile(file, pyarrow.parquet.ParquetFile(file)))
    yield from found.items()


def parquet_files(path: Path) -> list[Path]:
    """The parquet files of a folder, or the one that is given; hidden folders are passed over."""
    if path.is_file():
        return [path]
    found = (file for file in path.rglob("*.parquet") if file.is_file())
    return sorted(file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts))


def _records(tables: Sequence[Table], part: str) -> Iterator[Record]:
    number = 0
    for table in tables:
        schema = table.schema
        column = _picture_column(schema, table.path)
        size, stat = files.size(table.path), files.stat_signature(table.path)
        words = {name: table.values(name) for name in _word_columns(schema)}
        for row in range(table.rows()):
            member = DatasetMember(table, column, row, size, f"{stat} {row}" if stat else "")
            name = f"{part}/{number:06}" if part else f"{number:06}"
            yield Record(name, member, **metadata.record_fields({key: values[row] for key, values in words.items()}))
            number += 1


def _picture_column(schema: Any, path: Path) -> str:
    """The column of pictures: the one with the Image feature, else one that holds bytes and is called so."""
    written = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    features: Mapping[str, Any] = written.get("info", {}).get("features", {})
    typed = [name for name, kind in features.items() if isinstance(kind, dict) and kind.get("_type") == "Image"]
    shaped = [each.name for each in schema if str(each.type).startswith("struct<bytes: ")]
    named = [each.name for each in schema if each.name in ("image", "img", "jpg", "png") and "binary" in str(each.type)]
    found = [name for name in (*typed, *shaped, *named) if name in schema.names]
    if not found:
        raise GalleryError(
            f"No column of '{path.name}' holds pictures (the Image feature of datasets); it has "
            f"{', '.join(schema.names[:8]) or 'none'}."
        )
    column: str = found[0]
    return column


def _word_columns(schema: Any) -> list[str]:
    names = {name for names in metadata.FIELDS.values() for name in names}
    return [each.name for each in schema if each.name in names and "string" in str(each.type)]

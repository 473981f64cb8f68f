"""Table sources: a file of CSV, Parquet or JSON stands for a table, one below ``views/`` for a view."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from emulator.domain.inference import Column, columns_of_objects, typed, typed_columns
from emulator.engine.sources import formats, parquet, row_reading
from emulator.engine.sources.compression import RUN_LIMIT, opened
from emulator.engine.sources.folders import Folder, nearest
from emulator.engine.sources.source import (
    DELIMITED,
    JSON,
    BadRow,
    Entry,
    FileProperties,
    Flat,
    NoColumns,
    NoData,
    Record,
)

TABLE, VIEW = "table", "view"
# Where the files of each kind lie.
_PLACES = {TABLE: "", VIEW: "views"}
_CSV, _PARQUET = ".csv", ".parquet"
_JSON_LINES, _JSON = ".ndjson", ".json"
SUFFIXES = (_CSV, _PARQUET, _JSON_LINES, _JSON)
_AS_TEXT = FileProperties(DELIMITED)
_AS_JSON = FileProperties(JSON)
# The types of columns are told from so many rows; a later value of another kind stays a text.
_SAMPLE = 10_000


class Tables:
    """The tables of one source; ``kinds`` says whether it has views too."""

    def __init__(self, *roots: Path, kinds: tuple[str, ...] = (TABLE,)) -> None:
        self._folder = Folder(*roots)
        self._kinds = kinds

    def entries(self) -> list[Entry]:
        """Every table, and every view after them; there are no folders."""
        return [Entry(kind, name, name) for kind in self._kinds for name in self._files(kind)]

    def table(self, name: str, kind: str = TABLE) -> Table:
        """The table or view of that name. Raises ``NoData``."""
        files = self._files(kind)
        if name not in files:
            raise NoData(f"there is no {kind} {name!r}; {nearest(name, files)}")
        return Table(files[name])

    def any_of(self, name: str) -> Table:
        """The table of that name, or the view. Raises ``NoData``."""
        views = self._files(VIEW)
        return Table(views[name]) if name in views and name not in self._files(TABLE) else self.table(name)

    def _files(self, kind: str) -> dict[str, Path]:
        """The file of every table, by the table's name: the file's without its suffix."""
        children = [path for _, path in self._folder.children(_PLACES[kind]) or []]
        found = [path for path in children if path.suffix in SUFFIXES and path.is_file()]
        first: dict[str, Path] = {}
        for path in found:
            # Of a table that is there in two formats, the one in the earlier folder is it.
            kept = first.get(path.stem)
            if kept is None or self._folder.root_of(path) <= self._folder.root_of(kept):
                first[path.stem] = path
        return first


@dataclass(frozen=True)
class Table:
    """One table."""

    path: Path

    def shape(self) -> Flat:
        return Flat(self.columns)

    @cached_property
    def columns(self) -> list[Column]:
        """Typed columns. Raises ``NoColumns``."""
        if self.path.suffix == _PARQUET:
            columns = parquet.shape(self.path, None).columns
        elif self.path.suffix == _CSV:
            columns = self._columns_of_text()
        else:
            columns = columns_of_objects(list(islice(self._read(_AS_JSON), _SAMPLE)))
        if not columns:
            raise NoColumns(f"{self.path.name} has no header line")
        return columns

    def records(self) -> Generator[Record]:
        """Rows with values of the columns' types; what is empty is null."""
        if self.path.suffix == _PARQUET:
            yield from parquet.records(self.path, None)
        elif self.path.suffix == _CSV:
            kinds = self._kinds
            yield from (_typed(row, kinds) for row in self._read(_AS_TEXT))
        else:
            yield from self._read(_AS_JSON)

    def rows(self) -> Generator[Record | BadRow]:
        """What a run reads: every row, and what is none. Raises ``UnreadableData``."""
        if self.path.suffix == _PARQUET:
            yield from parquet.records(self.path, None)
            return
        is_text = self.path.suffix == _CSV
        kinds = self._kinds if is_text else {}
        with opened(self.path, None, RUN_LIMIT) as stream:
            for row in row_reading.rows(stream, _AS_TEXT if is_text else _AS_JSON):
                yield row if isinstance(row, BadRow) or not is_text else _typed(row, kinds)

    @property
    def _kinds(self) -> dict[str, str]:
        return {column.name: column.kind for column in self.columns}

    def _columns_of_text(self) -> list[Column]:
        with opened(self.path, None) as stream:
            shape = formats.shape(stream, _AS_TEXT)
        names = [column.name for column in shape.columns] if isinstance(shape, Flat) else []
        return typed_columns(names, islice(self._read(_AS_TEXT), _SAMPLE))

    def _read(self, properties: FileProperties) -> Iterator[Record]:
        with opened(self.path, None) as stream:
            yield from formats.records(stream, properties)


def _typed(row: Record, kinds: dict[str, str]) -> Record:
    return {name: typed(row.get(name, ""), kind) for name, kind in kinds.items()}

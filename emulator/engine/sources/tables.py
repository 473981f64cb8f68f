"""Table sources: a CSV or Parquet file stands for a table, one below ``views/`` for a view."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from emulator.domain.inference import Column, typed, typed_columns
from emulator.engine.sources import formats, parquet
from emulator.engine.sources.compression import opened
from emulator.engine.sources.folders import Folder, nearest
from emulator.engine.sources.source import DELIMITED, Entry, FileProperties, Flat, NoColumns, NoData, Record

TABLE, VIEW = "table", "view"
# Where the files of each kind lie.
_PLACES = {TABLE: "", VIEW: "views"}
_CSV, _PARQUET = ".csv", ".parquet"
_AS_TEXT = FileProperties(DELIMITED)
# The types of columns are told from so many rows; a later value of another kind stays a text.
_SAMPLE = 10_000


class Tables:
    """The tables of one source; ``kinds`` says whether it has views too."""

    def __init__(self, root: Path, kinds: tuple[str, ...] = (TABLE,)) -> None:
        self._folder = Folder(root)
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

    def _files(self, kind: str) -> dict[str, Path]:
        """The file of every table, by the table's name: the file's without its suffix."""
        place = self._folder.find(_PLACES[kind])
        if place is None or not place.is_dir():
            return {}
        children = self._folder.children(place)
        return {path.stem: path for path in children if path.suffix in (_CSV, _PARQUET) and path.is_file()}


@dataclass(frozen=True)
class Table:
    """One table."""

    path: Path

    def shape(self) -> Flat:
        return Flat(self.columns)

    @cached_property
    def columns(self) -> list[Column]:
        """Typed columns. Raises ``NoColumns``."""
        columns = self._columns_of_text() if self.path.suffix == _CSV else parquet.shape(self.path, None).columns
        if not columns:
            raise NoColumns(f"{self.path.name} has no header line")
        return columns

    def records(self) -> Generator[Record]:
        """Rows with values of the columns' types; what is empty is null."""
        if self.path.suffix == _PARQUET:
            yield from parquet.records(self.path, None)
            return
        kinds = {column.name: column.kind for column in self.columns}
        for row in self._texts():
            yield {name: typed(row.get(name, ""), kind) for name, kind in kinds.items()}

    def _columns_of_text(self) -> list[Column]:
        with opened(self.path, None) as stream:
            shape = formats.shape(stream, _AS_TEXT)
        names = [column.name for column in shape.columns] if isinstance(shape, Flat) else []
        return typed_columns(names, islice(self._texts(), _SAMPLE))

    def _texts(self) -> Iterator[Record]:
        with opened(self.path, None) as stream:
            yield from formats.records(stream, _AS_TEXT)

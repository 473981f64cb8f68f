"""Runs over tables that are files: rows whose delta column is beyond what was read before.

Without a delta column every run reads the whole table, as the real service does.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import orjson

from emulator.domain.inference import DATE_TIME
from emulator.engine.sources.chunking import OpenChunk
from emulator.engine.sources.deltas import Delta, Window, delta_of, row_filter
from emulator.engine.sources.origin import Origin
from emulator.engine.sources.source import BadRow, Chunk, Record, UnreadableData, Wanted
from emulator.engine.sources.tables import Table

Document = dict[str, Any]


@dataclass(frozen=True)
class _Place:
    """How far a table has been read.

    ``value`` is the highest of the delta column in the runs before. Within a run ``rows`` have been looked
    at, and ``highest`` is what was the highest among them.
    """

    column: str | None = None
    value: Any = None
    rows: int = 0
    highest: Any = None

    @classmethod
    def read(cls, cursor: str | None, delta: Delta | None) -> _Place | None:
        """None where nothing has been read by this column."""
        kept = orjson.loads(cursor) if cursor is not None else None
        if not isinstance(kept, dict) or kept.get("column") != (delta.name if delta else None):
            return None
        return cls(kept.get("column"), kept.get("value"), kept.get("rows", 0), kept.get("highest"))

    def within(self, rows: int, highest: Any) -> str:
        kept = {"column": self.column, "value": self.value, "rows": rows, "highest": highest}
        return orjson.dumps(kept).decode()

    def after(self, highest: Any) -> str:
        return orjson.dumps({"column": self.column, "value": highest}).decode()


@dataclass(frozen=True)
class FileTable:
    """A table that is a file; its rows lie in no order."""

    origin: Origin
    name: str
    table: Table

    def chunks(self, wanted: Wanted) -> Generator[Chunk]:
        try:
            yield from self._chunks(wanted)
        except UnreadableData as error:
            raise type(error)(f"table {self.name} cannot be read: {error}", error.parameter) from error

    def _chunks(self, wanted: Wanted) -> Generator[Chunk]:
        columns = self.table.columns
        delta = delta_of(self.origin.delta, columns, self.name)
        keep = row_filter(self.origin, columns)
        place = _Place.read(wanted.cursor, delta)
        choice = _Choice.of(delta, place, wanted)
        place = place or _Place(delta.name if delta else None)
        highest, part, count = place.highest or place.value, OpenChunk(), 0
        with closing(self.table.rows()) as rows:
            for row in rows:
                count += 1
                if count <= place.rows or not choice.takes(row):
                    continue
                if part.full:
                    yield part.closed(place.within(count - 1, highest))
                    part = OpenChunk()
                highest = choice.higher(highest, row)
                if keep is not None and not isinstance(row, BadRow) and not keep(row):
                    part.filtered += 1
                    continue
                part.add(row)
                part.size += _size(row)
        if not part.empty or place.rows:
            yield part.closed(place.after(highest))


@dataclass(frozen=True)
class _Choice:
    """Which rows a run takes.

    ``after`` is the key that they must be beyond, None without one; ``first`` says that no run has read
    the table to its end yet.
    """

    delta: Delta | None
    after: Any
    first: bool
    window: Window

    @classmethod
    def of(cls, delta: Delta | None, place: _Place | None, wanted: Wanted) -> _Choice:
        after = delta.key(place.value) if delta is not None and place is not None else None
        first = place is None or (place.value is None and place.rows > 0)
        return cls(delta, after, first, Window.of(wanted, first))

    def takes(self, row: Record | BadRow) -> bool:
        delta = self.delta
        if delta is None:
            return True
        key = None if isinstance(row, BadRow) else delta.key(row.get(delta.name))
        timed = delta.column.kind == DATE_TIME and not self.window.open
        if key is None:
            # A row that cannot be read has no value either.
            return self.first and not timed
        return (self.after is None or key > self.after) and (not timed or self.window.holds(key))

    def higher(self, highest: Any, row: Record | BadRow) -> Any:
        delta = self.delta
        if delta is None or isinstance(row, BadRow):
            return highest
        key, before = delta.key(row.get(delta.name)), delta.key(highest)
        return row[delta.name] if key is not None and (before is None or key > before) else highest


def _size(row: Record | BadRow) -> int:
    return len(row.text.encode()) if isinstance(row, BadRow) else len(orjson.dumps(row))

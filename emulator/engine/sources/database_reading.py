"""Runs over a table of a real database on this machine: only what is beyond the delta column's last value.

It is read row by row.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from emulator.domain.inference import DATE_TIME, instant
from emulator.engine.sources.chunking import OpenChunk
from emulator.engine.sources.database import PLAIN, Database, DatabaseTable, table_called
from emulator.engine.sources.deltas import Delta, Window, delta_of, row_filter
from emulator.engine.sources.origin import Origin
from emulator.engine.sources.source import Chunk, Record, UnreadableData, Wanted
from emulator.engine.sources.values import shown

_WRITERS: dict[type, str] = {datetime: "datetime", date: "date", Decimal: "decimal", UUID: "uuid"}
_READERS: dict[str, Any] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
    "uuid": UUID,
}


@dataclass(frozen=True)
class _Place:
    """How far the table has been read.

    Behind every row of ``value``, or where ``rows`` says how many, behind that many of them: a chunk may
    end between two rows of one value. Rows without a value come first.
    """

    column: str | None = None
    value: Any = None
    rows: int | None = None

    @classmethod
    def read(cls, cursor: str | None, column: str | None) -> _Place | None:
        """None where nothing has been read by this column."""
        kept = orjson.loads(cursor) if cursor is not None else None
        if not isinstance(kept, dict) or kept.get("column") != column:
            return None
        value = kept.get("value")
        if isinstance(value, list):
            value = _READERS[value[0]](value[1])
        return cls(column, value, kept.get("rows"))

    def written(self) -> str:
        value = self.value
        named = next((name for kind, name in _WRITERS.items() if isinstance(value, kind)), None)
        kept = {"column": self.column, "value": [named, str(value)] if named else value, "rows": self.rows}
        return orjson.dumps(kept).decode()


@dataclass(frozen=True)
class DatabaseSource:
    """One table, or one view, of a database on this machine."""

    origin: Origin
    name: str
    database: Database

    def chunks(self, wanted: Wanted) -> Generator[Chunk]:
        with self.database.connected() as connection:
            yield from self._chunks(connection, wanted)

    def _chunks(self, connection: sa.Connection, wanted: Wanted) -> Generator[Chunk]:
        table = table_called(connection, self.name)
        delta = delta_of(self.origin.delta, table.columns, self.name)
        place = _Place.read(wanted.cursor, delta.name if delta else None)
        keep = row_filter(self.origin, table.columns)
        part, here = OpenChunk(), place or _Place(delta.name if delta else None)
        skip = place.rows or 0 if place is not None else 0
        here = _Place(here.column, here.value, skip)
        reach = _Reach.of(table, delta, place, wanted)
        with closing(table.rows(connection, reach.conditions, reach.order, skip)) as rows:
            for row in filter(reach.holds, rows):
                if part.full:
                    yield part.closed(here.written())
                    part = OpenChunk()
                value = row[delta.name] if delta else None
                _check(value, delta)
                here = _Place(here.column, value, (here.rows or 0) + 1 if value == here.value else 1)
                record = {name: shown(one) for name, one in row.items()}
                if keep is not None and not keep(record):
                    part.filtered += 1
                    continue
                part.add(record)
                part.size += len(orjson.dumps(record))
        if not part.empty or skip:
            yield part.closed(_Place(here.column, here.value).written())


def _check(value: Any, delta: Delta | None) -> None:
    if delta is not None and not (value is None or isinstance(value, (str, int, float, *_WRITERS))):
        raise UnreadableData(f"column {delta.name} holds {type(value).__name__}, by which no rows can be told apart")


@dataclass(frozen=True)
class _Reach:
    """Which rows a run takes, and in which order."""

    conditions: list[sa.ColumnElement[bool]]
    order: list[sa.ColumnElement[Any]]
    delta: Delta | None
    window: Window | None

    @classmethod
    def of(cls, table: DatabaseTable, delta: Delta | None, place: _Place | None, wanted: Wanted) -> _Reach:
        if delta is None:
            return cls([], table.by_key, None, None)
        column = table.clause.c[delta.name]
        first = place is None or (place.value is None and place.rows is not None)
        window = Window.of(wanted, first)
        bounded = not window.open and (delta.column.kind == DATE_TIME or table.as_text)
        conditions = [*_beyond(column, place)]
        if bounded and not table.as_text:
            conditions += _within(column, window, delta, delta.name in table.zoned)
        order = [column.asc().nulls_first(), *table.by_key]
        return cls(conditions, order, delta, window if bounded and table.as_text else None)

    def holds(self, record: Record) -> bool:
        """SQLite keeps times as texts of any form, so that they are compared here."""
        if self.window is None or self.delta is None:
            return True
        value = record[self.delta.name]
        if isinstance(value, str) and instant(value) is not None:
            moment = self.delta.moment(value)
            return moment is not None and self.window.holds(moment)
        return self.delta.column.kind != DATE_TIME


def _beyond(column: sa.ColumnClause[Any], place: _Place | None) -> list[sa.ColumnElement[bool]]:
    if place is None or (place.value is None and place.rows is not None):
        return []
    if place.value is None:
        return [column.is_not(None)]
    value = sa.bindparam("cursor", place.value, type_=PLAIN)
    return [column > value if place.rows is None else column >= value]


def _within(column: sa.ColumnClause[Any], window: Window, delta: Delta, zoned: bool) -> list[sa.ColumnElement[bool]]:
    first, last = (_as_kept(moment, delta, zoned) for moment in (window.first, window.last))
    conditions: list[sa.ColumnElement[bool]] = []
    if first is not None:
        conditions.append(column > sa.bindparam("first", first, type_=PLAIN))
    if last is not None:
        conditions.append(column <= sa.bindparam("last", last, type_=PLAIN))
    return conditions


def _as_kept(moment: datetime | None, delta: Delta, zoned: bool) -> datetime | None:
    """An instant as a column keeps it that names no zone: by the clock that hangs where the delta column says."""
    if moment is None or zoned:
        return moment
    return moment.astimezone(delta.zone if delta.zone is not UTC else UTC).replace(tzinfo=None)

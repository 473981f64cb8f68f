"""Runs over a table of a real database on this machine: only what is beyond the delta column's last value.

The database is somebody else's. It is read in transactions that cannot write, row by row.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from emulator.domain.inference import BOOLEAN, DATE_TIME, DOUBLE, INTEGER, STRING, Column, instant
from emulator.engine.sources.chunking import OpenChunk
from emulator.engine.sources.database_address import Address
from emulator.engine.sources.deltas import Delta, Window, delta_of, row_filter
from emulator.engine.sources.folders import nearest
from emulator.engine.sources.origin import Origin
from emulator.engine.sources.source import Chunk, MissingReader, NoData, Record, SourceFailed, UnreadableData, Wanted
from emulator.engine.sources.values import shown

CONNECT_TIMEOUT_S = 5
_FETCHED = 1_000
_PLAIN: sa.types.TypeEngine[Any] = sa.types.NullType()
_KINDS: tuple[tuple[type[sa.types.TypeEngine[Any]], str], ...] = (
    (sa.Boolean, BOOLEAN),
    (sa.Integer, INTEGER),
    (sa.Numeric, DOUBLE),
    (sa.DateTime, DATE_TIME),
    (sa.Date, DATE_TIME),
)
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
    address: Address

    def chunks(self, wanted: Wanted) -> Generator[Chunk]:
        try:
            with _connected(self.address) as connection:
                yield from self._chunks(connection, wanted)
        except SQLAlchemyError as error:
            raise SourceFailed(f"The database could not be read: {self._said(error)}") from None

    def _said(self, error: SQLAlchemyError) -> str:
        """The driver's first line: the rest of what SQLAlchemy says holds values."""
        text = str(getattr(error, "orig", None) or type(error).__name__).strip().partition("\n")[0]
        password = self.address.password
        return text.replace(password, "…") if password else text

    def _chunks(self, connection: sa.Connection, wanted: Wanted) -> Generator[Chunk]:
        table = _table(connection, self.name)
        delta = delta_of(self.origin.delta, table.columns, self.name)
        place = _Place.read(wanted.cursor, delta.name if delta else None)
        keep = row_filter(self.origin, table.columns)
        part, here = OpenChunk(), place or _Place(delta.name if delta else None)
        skip = place.rows or 0 if place is not None else 0
        here = _Place(here.column, here.value, skip)
        with closing(table.rows(connection, _Reach.of(table, delta, place, wanted), skip)) as rows:
            for row in rows:
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


@contextmanager
def _connected(address: Address) -> Iterator[sa.Connection]:
    engine = _engine(address)
    try:
        with engine.connect() as connection:
            if address.file is None:
                connection = connection.execution_options(postgresql_readonly=True)
            yield connection
    finally:
        engine.dispose()


def _engine(address: Address) -> sa.Engine:
    if address.file is not None:
        path = Path(address.file)
        if not path.is_file():
            raise NoData(f"there is no SQLite file {address.file}")
        url = sa.URL.create("sqlite", database=f"{path.resolve().as_uri()}", query={"mode": "ro", "uri": "true"})
        return sa.create_engine(url, poolclass=NullPool)
    given = (address.user, address.password, address.host, address.port, address.database or None)
    try:
        url = sa.URL.create("postgresql+psycopg", *given)
        return sa.create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT_S})
    except ModuleNotFoundError:
        hint = "PostgreSQL is read by psycopg, which is not installed: pip install flow-service-emulator[postgresql]"
        raise MissingReader(hint) from None


@dataclass(frozen=True)
class _Table:
    """A table as the database describes it; ``zoned`` are columns of instants that name their zone."""

    clause: sa.TableClause
    columns: list[Column]
    key: list[str]
    zoned: frozenset[str]
    as_text: bool

    def rows(self, connection: sa.Connection, reach: _Reach, skip: int) -> Generator[Record]:
        query = sa.select(*self.clause.c).where(*reach.conditions).order_by(*reach.order)
        streamed = connection.execution_options(stream_results=True, yield_per=_FETCHED)
        names = [column.name for column in self.columns]
        with closing(streamed.execute(query)) as result:
            for row in islice(result, skip, None):
                record = dict(zip(names, row, strict=True))
                if reach.holds(record):
                    yield record


def _table(connection: sa.Connection, name: str) -> _Table:
    """Raises ``NoData``."""
    inspector = sa.inspect(connection)
    schema, _, plain = name.rpartition(".")
    for where, called in ((None, name), (schema or None, plain)):
        if inspector.has_table(called, where):
            return _described(inspector, called, where)
    known = sorted([*inspector.get_table_names(), *inspector.get_view_names()])
    raise NoData(f"there is no table {name!r}; {nearest(name, known)}")


def _described(inspector: sa.Inspector, name: str, schema: str | None) -> _Table:
    found = inspector.get_columns(name, schema)
    # The driver's own values: a type of SQLAlchemy's would bend what SQLite keeps.
    clause = sa.table(name, *(sa.column(column["name"], _PLAIN) for column in found), schema=schema)
    columns = [Column(column["name"], _kind(column["type"])) for column in found]
    zoned = frozenset(column["name"] for column in found if getattr(column["type"], "timezone", False))
    key = inspector.get_pk_constraint(name, schema).get("constrained_columns") or []
    return _Table(clause, columns, list(key), zoned, inspector.dialect.name == "sqlite")


def _kind(of: sa.types.TypeEngine[Any]) -> str:
    return next((kind for known, kind in _KINDS if isinstance(of, known)), STRING)


@dataclass(frozen=True)
class _Reach:
    """Which rows a run takes, and in which order."""

    conditions: list[sa.ColumnElement[bool]]
    order: list[sa.ColumnElement[Any]]
    delta: Delta | None
    window: Window | None

    @classmethod
    def of(cls, table: _Table, delta: Delta | None, place: _Place | None, wanted: Wanted) -> _Reach:
        key = [table.clause.c[name] for name in table.key]
        if delta is None:
            return cls([], [*key], None, None)
        column = table.clause.c[delta.name]
        first = place is None or (place.value is None and place.rows is not None)
        window = Window.of(wanted, first)
        bounded = not window.open and (delta.column.kind == DATE_TIME or table.as_text)
        conditions = [*_beyond(column, place)]
        if bounded and not table.as_text:
            conditions += _within(column, window, delta, delta.name in table.zoned)
        order = [column.asc().nulls_first(), *key]
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
    value = sa.bindparam("cursor", place.value, type_=_PLAIN)
    return [column > value if place.rows is None else column >= value]


def _within(column: sa.ColumnClause[Any], window: Window, delta: Delta, zoned: bool) -> list[sa.ColumnElement[bool]]:
    first, last = (_as_kept(moment, delta, zoned) for moment in (window.first, window.last))
    conditions: list[sa.ColumnElement[bool]] = []
    if first is not None:
        conditions.append(column > sa.bindparam("first", first, type_=_PLAIN))
    if last is not None:
        conditions.append(column <= sa.bindparam("last", last, type_=_PLAIN))
    return conditions


def _as_kept(moment: datetime | None, delta: Delta, zoned: bool) -> datetime | None:
    """An instant as a column keeps it that names no zone: by the clock that hangs where the delta column says."""
    if moment is None or zoned:
        return moment
    return moment.astimezone(delta.zone if delta.zone is not UTC else UTC).replace(tzinfo=None)

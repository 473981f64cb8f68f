"""Databases on this machine that somebody else keeps: how they are reached, and what is in them.

They are read in transactions that cannot write.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from emulator.domain.inference import BOOLEAN, DATE_TIME, DOUBLE, INTEGER, STRING, Column
from emulator.engine.sources.database_address import Address
from emulator.engine.sources.folders import nearest
from emulator.engine.sources.source import NoData, Record, SourceFailed
from emulator.engine.sources.tables import TABLE, VIEW

CONNECT_TIMEOUT_S = 5
FETCHED = 1_000
# A type that leaves the driver's own values as they are: one of SQLAlchemy's would bend what SQLite keeps.
PLAIN: sa.types.TypeEngine[Any] = sa.types.NullType()
_KINDS: tuple[tuple[type[sa.types.TypeEngine[Any]], str], ...] = (
    (sa.Boolean, BOOLEAN),
    (sa.Integer, INTEGER),
    (sa.Numeric, DOUBLE),
    (sa.Float, DOUBLE),
    (sa.DateTime, DATE_TIME),
    (sa.Date, DATE_TIME),
)
_NOT_THEIRS = ("information_schema",)
# After so many steps of its own SQLite asks whether to go on.
_STEPS = 10_000


@dataclass(frozen=True)
class Database:
    """A database of this machine. ``within`` is how many seconds whoever waits has, None for no bound."""

    address: Address
    within: float | None = None

    @contextmanager
    def connected(self) -> Iterator[sa.Connection]:
        """Whatever the database has to complain of meanwhile is raised as ``SourceFailed``."""
        engine, advice = self._engine(), "Start it there, or correct auth.params of the base connection."
        try:
            with engine.connect() as connection:
                advice = "Put that right there, or name another database in auth.params of the base connection."
                self._bound(connection)
                yield connection
        except SQLAlchemyError as error:
            raise self._failed(f"The database could not be read: {self._said(error)}", advice) from None
        finally:
            engine.dispose()

    def check(self) -> None:
        """Raises ``SourceFailed`` where the database cannot be reached or does not take the credentials."""
        with self.connected() as connection:
            sa.inspect(connection).get_table_names()

    def _failed(self, message: str, advice: str) -> SourceFailed:
        """With what was asked, and what would be right."""
        address = self.address
        asked = f"the SQLite file {address.file}"
        if address.file is None:
            asked = f"PostgreSQL at {address.host}:{address.port}, database {address.database or '(the default)'}"
        return SourceFailed(message, advice=f"Asked was {asked}. {advice}")

    def _said(self, error: SQLAlchemyError) -> str:
        """The driver's first line: the rest of what SQLAlchemy says holds values."""
        text = str(getattr(error, "orig", None) or type(error).__name__).strip().partition("\n")[0]
        password = self.address.password
        return (text.replace(password, "…") if password else text).rstrip(".") + "."

    def _engine(self) -> sa.Engine:
        address = self.address
        if address.file is not None:
            path = Path(address.file)
            if not path.is_file():
                advice = "Make it, or name another in connectionString."
                raise self._failed(f"There is no SQLite file {address.file}.", advice)
            url = sa.URL.create("sqlite", database=f"{path.resolve().as_uri()}", query={"mode": "ro", "uri": "true"})
            return sa.create_engine(url, poolclass=NullPool)
        given = (address.user, address.password, address.host, address.port, address.database or None)
        try:
            url = sa.URL.create("postgresql+psycopg", *given)
            return sa.create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT_S})
        except ModuleNotFoundError:
            advice = "Install it: pip install flow-service-emulator[postgresql]"
            raise self._failed("PostgreSQL is read by psycopg, which is not installed.", advice) from None

    def _bound(self, connection: sa.Connection) -> None:
        """Nothing is written, and nothing takes longer than whoever waits has."""
        if self.address.file is None:
            connection.execution_options(postgresql_readonly=True)
            if self.within is not None:
                connection.exec_driver_sql(f"SET statement_timeout = {round(self.within * 1000)}")
        elif self.within is not None:
            until = time.monotonic() + self.within
            driver: Any = connection.connection.dbapi_connection
            driver.set_progress_handler(lambda: time.monotonic() > until, _STEPS)


@dataclass(frozen=True)
class DatabaseTable:
    """A table, or a view, as the database describes it; ``zoned`` are columns of instants that name their zone."""

    clause: sa.TableClause
    columns: list[Column]
    key: list[str]
    zoned: frozenset[str]
    as_text: bool
    kind: str

    @property
    def by_key(self) -> list[sa.ColumnElement[Any]]:
        return [self.clause.c[name] for name in self.key]

    def rows(
        self,
        connection: sa.Connection,
        conditions: Iterable[sa.ColumnElement[bool]],
        order: Iterable[sa.ColumnElement[Any]],
        skip: int = 0,
        fetched: int = FETCHED,
    ) -> Generator[Record]:
        """Rows as the driver gives them, so many ``fetched`` at a time."""
        query = sa.select(*self.clause.c).where(*conditions).order_by(*order)
        streamed = connection.execution_options(stream_results=True, yield_per=fetched)
        names = [column.name for column in self.columns]
        with closing(streamed.execute(query)) as result:
            for row in islice(result, skip, None):
                yield dict(zip(names, row, strict=True))


def listed(connection: sa.Connection) -> list[tuple[str, str]]:
    """Every table, and every view after them: the name with its schema where there are schemas, and the kind."""
    inspector = sa.inspect(connection)
    schemas: list[str | None] = [None]
    if inspector.dialect.name != "sqlite":
        schemas = [schema for schema in inspector.get_schema_names() if schema not in _NOT_THEIRS]
    held = [(schema, inspector.get_table_names(schema), _views(inspector, schema)) for schema in schemas]
    tables = sorted(_named(schema, name) for schema, tables, _ in held for name in tables)
    views = sorted(_named(schema, name) for schema, _, views in held for name in views)
    return [*((name, TABLE) for name in tables), *((name, VIEW) for name in views)]


def _views(inspector: sa.Inspector, schema: str | None) -> list[str]:
    plain = inspector.get_view_names(schema)
    if inspector.dialect.name == "sqlite":
        return plain
    return [*plain, *inspector.get_materialized_view_names(schema)]


def _named(schema: str | None, name: str) -> str:
    return name if schema is None else f"{schema}.{name}"


def table_called(connection: sa.Connection, name: str) -> DatabaseTable:
    """The table or view of that name, with its schema or without. Raises ``NoData``."""
    inspector = sa.inspect(connection)
    for schema, plain in _readings(name):
        if inspector.has_table(plain, schema):
            return _described(inspector, plain, schema)
    raise unknown(connection, name)


def unknown(connection: sa.Connection, name: str, kind: str = TABLE, kinds: Iterable[str] = (TABLE, VIEW)) -> NoData:
    """What to say where nothing of these kinds has a name."""
    known = [name for name, of in listed(connection) if of in kinds]
    return NoData(f"there is no {kind} {name!r}; {nearest(name, known)}")


def _readings(name: str) -> Iterator[tuple[str | None, str]]:
    """A name may hold dots itself."""
    yield None, name
    parts = name.split(".")
    for place in range(1, len(parts)):
        schema, plain = ".".join(parts[:place]), ".".join(parts[place:])
        if schema and plain:
            yield schema, plain


def _described(inspector: sa.Inspector, name: str, schema: str | None) -> DatabaseTable:
    found = inspector.get_columns(name, schema)
    clause = sa.table(name, *(sa.column(column["name"], PLAIN) for column in found), schema=schema)
    as_text = inspector.dialect.name == "sqlite"
    columns = [_column(column["name"], column["type"], as_text) for column in found]
    zoned = frozenset(column["name"] for column in found if getattr(column["type"], "timezone", False))
    key = inspector.get_pk_constraint(name, schema).get("constrained_columns") or []
    kind = VIEW if name in _views(inspector, schema) else TABLE
    return DatabaseTable(clause, columns, list(key), zoned, as_text, kind)


def _column(name: str, of: sa.types.TypeEngine[Any], as_text: bool) -> Column:
    """What the driver gives as objects and arrays is told as such."""
    if isinstance(of, sa.ARRAY):
        return Column(name, "array", {"type": "array", "items": _column("", of.item_type, as_text).document()["xdm"]})
    if isinstance(of, sa.JSON) and not as_text:
        return Column(name, "object", {"type": "object", "properties": {}})
    return Column(name, next((kind for known, kind in _KINDS if isinstance(of, known)), STRING))

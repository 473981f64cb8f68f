"""One database, SQLite or PostgreSQL, and how statements reach it.

Statements are SQLAlchemy Core, compiled to SQL once per database and then handed to the driver
directly: the rows hold only text and numbers, so SQLAlchemy's per-call work (cache keys, execution
contexts, result processing) would double the price of the cheapest calls and add nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from sqlalchemy import URL, Engine, PoolProxiedConnection, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import QueuePool, StaticPool
from sqlalchemy.sql import ClauseElement

POSTGRES_CONNECTIONS = 16
BUSY_TIMEOUT_MS = 10_000
Family = Literal["sqlite", "postgresql"]


class UnusableDatabase(Exception):
    """The database cannot be used; the message is one line for the person who named it."""


class TenantGone(Exception):
    """A write named a sandbox that does not exist (any more)."""


class AlreadyThere(Exception):
    """A write would have made a second row with a key that must be unique."""


class Contended(Exception):
    """Other transactions were in the way and this one was undone; doing it again may succeed."""


class Transaction:
    """Statements on one connection, all kept or none."""

    def __init__(self, database: Database, connection: Any) -> None:
        self.database = database
        self._connection = connection

    def _execute(self, statement: ClauseElement, values: Mapping[str, Any]) -> Any:
        sql, defaults = self.database.compiled(statement)
        try:
            return self._connection.execute(sql, {**defaults, **values} if defaults else values)
        except self.database.driver_error as error:
            raise _explained(error) from None

    def row(self, statement: ClauseElement, **values: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        found: tuple[Any, ...] | None = self._execute(statement, values).fetchone()
        return found

    def rows(self, statement: ClauseElement, **values: Any) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._execute(statement, values).fetchall()
        return found

    def run(self, statement: ClauseElement, **values: Any) -> int:
        """Execute and say how many rows it touched."""
        touched: int = self._execute(statement, values).rowcount
        return touched

    def run_many(self, statement: ClauseElement, values: Sequence[Mapping[str, Any]]) -> None:
        sql, _ = self.database.compiled(statement)
        try:
            self._connection.cursor().executemany(sql, values)
        except self.database.driver_error as error:
            raise _explained(error) from None


def _explained(error: Exception) -> Exception:
    """What an error of either driver means to callers; one that means nothing special comes back as it is."""
    name, text = type(error).__name__, str(error)
    if name in ("DeadlockDetected", "SerializationFailure") or text == "database is locked":
        return Contended(text)
    if name == "ForeignKeyViolation" or text == "FOREIGN KEY constraint failed":
        return TenantGone(text)
    if name == "UniqueViolation" or text.startswith("UNIQUE constraint failed"):
        return AlreadyThere(text)
    return error


class Database:
    """An open database. ``inline`` says that calls are so short that no thread is worth its price."""

    def __init__(self, url: str) -> None:
        self.url = _parsed(url)
        self.family: Family = "sqlite" if self.url.get_backend_name() == "sqlite" else "postgresql"
        self.in_memory = self.family == "sqlite" and self.url.database in (None, "", ":memory:")
        self.inline = self.family == "sqlite"
        self.engine = _engine(self.url, self.in_memory)
        if self.family == "sqlite":
            event.listen(self.engine, "connect", _tune_sqlite)
        self.driver_error: type[Exception] = self.engine.dialect.loaded_dbapi.Error
        self._dialect = _compiling_dialect(self.family)
        self._compiled: dict[int, tuple[ClauseElement, str, dict[str, Any]]] = {}
        self._local = threading.local()
        # SQLite: one connection a thread. In memory there is a single one, which is the database.
        self._opened: list[PoolProxiedConnection] = []
        # SQLite has one writer at a time: waiting for a lock of our own wakes at once, where its
        # busy handler would sleep. In memory all threads share one connection, so readers wait too.
        self._writer = threading.RLock()

    @staticmethod
    def check_url(url: str) -> None:
        """Raises ``UnusableDatabase`` when the URL names nothing that can be used."""
        _parsed(url)

    @staticmethod
    def described(url: str) -> str:
        """The URL without its password."""
        return _parsed(url).render_as_string(hide_password=True)

    def compiled(self, statement: ClauseElement) -> tuple[str, dict[str, Any]]:
        """SQL text and the values bound inside the statement, kept for statements that live on."""
        kept = self._compiled.get(id(statement))
        if kept is not None and kept[0] is statement:
            return kept[1], kept[2]
        built = statement.compile(dialect=self._dialect)
        values = {name: value for name, value in built.params.items() if value is not None}
        self._compiled[id(statement)] = (statement, str(built), values)
        if len(self._compiled) > 500:
            self._compiled.clear()
        return str(built), values

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Statements that only read; each sees the newest committed state."""
        if self.in_memory:
            with self._writer:
                yield Transaction(self, self._own_connection())
        elif self.family == "sqlite":
            yield Transaction(self, self._own_connection())
        else:
            with self._pooled() as connection:
                yield Transaction(self, connection)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Statements that are kept together when the block ends, and undone when it raises."""
        if self.family == "sqlite":
            with self._writer, self._transaction(self._own_connection(), "BEGIN IMMEDIATE") as connection:
                yield Transaction(self, connection)
        else:
            with self._pooled() as pooled, self._transaction(pooled, "BEGIN") as connection:
                yield Transaction(self, connection)

    @contextmanager
    def _transaction(self, connection: Any, begin: str) -> Iterator[Any]:
        if getattr(connection, "in_transaction", False):
            yield connection
            return
        self._control(connection, begin)
        try:
            yield connection
            self._control(connection, "COMMIT")
        except BaseException:
            # Also when the commit failed: a transaction left open would swallow the writes after it.
            connection.rollback()
            raise

    def _control(self, connection: Any, sql: str) -> None:
        try:
            connection.execute(sql)
        except self.driver_error as error:
            raise _explained(error) from None

    def _own_connection(self) -> Any:
        """SQLite: this thread's connection, or the only one when the database is in memory."""
        if self.in_memory:
            return (self._opened or [self._open()])[0].dbapi_connection
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open().dbapi_connection
        return connection

    def _open(self) -> PoolProxiedConnection:
        opened = self.engine.raw_connection()
        self._opened.append(opened)
        return opened

    @contextmanager
    def _pooled(self) -> Iterator[Any]:
        fairy = self.engine.raw_connection()
        try:
            yield fairy.dbapi_connection
        finally:
            fairy.close()

    def close(self) -> None:
        """Every connection, those of other threads included; nobody may be using one any more."""
        for opened in self._opened:
            opened.close()
        self._opened.clear()
        self.engine.dispose()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UnusableDatabase(
            f"cannot read database URL {url!r}: expected sqlite:///file.db, sqlite:// or postgresql+psycopg://…"
        ) from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise UnusableDatabase(
            f"database {parsed.get_backend_name()!r} is not supported: use sqlite or postgresql+psycopg"
        )
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(url: URL, in_memory: bool) -> Engine:
    try:
        if url.get_backend_name() == "sqlite":
            arguments = {"check_same_thread": False, "isolation_level": None, "cached_statements": 512}
            pool = StaticPool if in_memory else QueuePool
            more = {} if in_memory else {"pool_size": 64, "max_overflow": -1}
            return create_engine(url, poolclass=pool, connect_args=arguments, **more)
        return create_engine(
            url,
            pool_size=POSTGRES_CONNECTIONS,
            max_overflow=4,
            pool_pre_ping=False,
            connect_args={"autocommit": True, "prepare_threshold": 2},
        )
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise UnusableDatabase(
            f"no driver for {url.drivername}: pip install 'flow-service-emulator[postgresql]' ({error})"
        ) from None


def _compiling_dialect(family: Family) -> Dialect:
    if family == "sqlite":
        return sqlite.dialect(paramstyle="named")
    return postgresql.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]


def _tune_sqlite(connection: Any, _record: object) -> None:
    # With a write-ahead log, NORMAL loses nothing when the process is killed; only a power cut may
    # take the last commits, which is the usual bargain of a development server.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA temp_store=MEMORY")

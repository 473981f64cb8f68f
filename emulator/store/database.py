"""One database, SQLite or PostgreSQL, and how statements reach it.

Statements are SQLAlchemy Core, compiled to SQL once per database and then handed to the driver
directly: the rows hold only text and numbers, so SQLAlchemy's per-call work (cache keys, execution
contexts, result processing) would double the price of the cheapest calls and add nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import PoolProxiedConnection, event
from sqlalchemy.sql import ClauseElement

from emulator.store.drivers import (
    POSTGRES_CONNECTIONS,
    Family,
    UnusableDatabase,
    compiling_dialect,
    engine_of,
    parsed,
    tune_sqlite,
)

__all__ = ["POSTGRES_CONNECTIONS", "Database", "Family", "Transaction", "UnusableDatabase"]


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

    def each(self, statement: ClauseElement, **values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows one by one, for results that should not be held as a list."""
        yield from self._execute(statement, values)

    def run(self, statement: ClauseElement, **values: Any) -> int:
        """Execute and say how many rows it touched."""
        touched: int = self._execute(statement, values).rowcount
        return touched

    def revision(self) -> tuple[int, ...] | None:
        """Equal as long as nothing that is worth remembering has been written; None where nobody can say.

        Not counted is what this process writes in ``quiet`` transactions.
        """
        if self.database.family != "sqlite":
            return None
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return self.database.loud_writes, version, id(self._connection)

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
        self.url = parsed(url)
        self.family: Family = "sqlite" if self.url.get_backend_name() == "sqlite" else "postgresql"
        self.in_memory = self.family == "sqlite" and self.url.database in (None, "", ":memory:")
        self.inline = self.family == "sqlite"
        self.engine = engine_of(self.url, self.in_memory)
        if self.family == "sqlite":
            event.listen(self.engine, "connect", tune_sqlite)
        self.driver_error: type[Exception] = self.engine.dialect.loaded_dbapi.Error
        self._dialect = compiling_dialect(self.family)
        self._compiled: dict[int, tuple[ClauseElement, str, dict[str, Any]]] = {}
        self._local = threading.local()
        # SQLite: one connection a thread. In memory there is a single one, which is the database.
        self._opened: list[PoolProxiedConnection] = []
        # SQLite has one writer at a time: waiting for a lock of our own wakes at once, where its
        # busy handler would sleep. In memory all threads share one connection, so readers wait too.
        self._writer = threading.RLock()
        # How many transactions of this process, SQLite only, may have changed what others keep in memory.
        self.loud_writes = 0

    @staticmethod
    def check_url(url: str) -> None:
        """Raises ``UnusableDatabase`` when the URL names nothing that can be used."""
        parsed(url)

    @staticmethod
    def described(url: str) -> str:
        """The URL without its password."""
        return parsed(url).render_as_string(hide_password=True)

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
        """Statements that only read; each sees the newest committed state, and what this thread is writing."""
        if self.in_memory:
            with self._writer:
                yield Transaction(self, self._own_connection())
        elif self.family == "sqlite":
            yield Transaction(self, self._own_connection())
        elif (joined := self._joined) is not None:
            yield Transaction(self, joined)
        else:
            with self._pooled() as connection:
                yield Transaction(self, connection)

    @contextmanager
    def reading_one_moment(self) -> Iterator[Transaction]:
        """Statements that only read and all see the state of one moment, however long they take."""
        begin = "BEGIN" if self.family == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with self._begun(begin) as connection:
            yield Transaction(self, connection)

    @contextmanager
    def writing(self, quiet: bool = False) -> Iterator[Transaction]:
        """Statements that are kept together when the block ends, and undone when it raises.

        One inside another, in the same thread, is a part of it: undone by itself, kept with the whole.
        A ``quiet`` transaction writes only what nobody keeps in memory: landed rows, their batches and runs.
        """
        with self._begun("BEGIN IMMEDIATE" if self.family == "sqlite" else "BEGIN") as connection:
            self.loud_writes += not quiet
            yield Transaction(self, connection)

    @contextmanager
    def _begun(self, begin: str) -> Iterator[Any]:
        if self.family == "sqlite":
            # A reader of a file waits for nobody.
            with self._writer if self.in_memory or begin != "BEGIN" else nullcontext():
                connection = self._own_connection()
                inner = connection.in_transaction
                with self._part(connection) if inner else self._transaction(connection, begin):
                    yield connection
        elif (joined := self._joined) is not None:
            with self._part(joined):
                yield joined
        else:
            with self._pooled() as pooled, self._transaction(pooled, begin):
                self._local.joined = pooled
                try:
                    yield pooled
                finally:
                    self._local.joined = None

    @property
    def _joined(self) -> Any:
        """PostgreSQL: the connection on which this thread has a transaction open."""
        return getattr(self._local, "joined", None)

    @contextmanager
    def _part(self, connection: Any) -> Iterator[None]:
        connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK TO SAVEPOINT part")
            connection.execute("RELEASE SAVEPOINT part")
            raise
        connection.execute("RELEASE SAVEPOINT part")

    @contextmanager
    def _transaction(self, connection: Any, begin: str) -> Iterator[Any]:
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

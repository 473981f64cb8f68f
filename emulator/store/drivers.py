"""Which databases there are, and how each is opened."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import QueuePool, StaticPool

POSTGRES_CONNECTIONS = 16
BUSY_TIMEOUT_MS = 10_000
Family = Literal["sqlite", "postgresql"]


class UnusableDatabase(Exception):
    """The database cannot be used; the message is one line for the person who named it."""


def parsed(url: str) -> URL:
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


def engine_of(url: URL, in_memory: bool) -> Engine:
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


def compiling_dialect(family: Family) -> Dialect:
    # Imported here: a start on SQLite does without PostgreSQL's dialect, which is large.
    if family == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.dialect(paramstyle="named")
    from sqlalchemy.dialects import postgresql

    return postgresql.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]


def tune_sqlite(connection: Any, _record: object) -> None:
    # With a write-ahead log, NORMAL loses nothing when the process is killed; only a power cut may
    # take the last commits, which is the usual bargain of a development server.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA temp_store=MEMORY")

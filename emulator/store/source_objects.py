"""Data put behind base connections, for their flows to read."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select

from emulator.domain.kinds import CONNECTIONS
from emulator.store.database import Transaction
from emulator.store.tables import resource, source_object

# Under no path: when something was last put behind the connection, of what is gone again.
_MARK = ""

_OF_CONNECTION = tuple(source_object.c[name] == bindparam(name) for name in ("org", "sandbox", "connection"))
_SHOWN = (*_OF_CONNECTION, source_object.c.path != _MARK)
_ONE = (*_SHOWN, source_object.c.path == bindparam("path"))
_INSERT = insert(source_object).values({column.name: bindparam(column.name) for column in source_object.c})
_LISTED = (
    select(
        source_object.c.path,
        source_object.c.content_type,
        source_object.c.modified,
        func.length(source_object.c.body),
    )
    .where(*_SHOWN)
    .order_by(source_object.c.path)
)
_VERSIONS = (
    select(source_object.c.path, source_object.c.content_type, source_object.c.modified)
    .where(*_SHOWN)
    .order_by(source_object.c.modified)
)
_BODY = select(source_object.c.content_type, source_object.c.body).where(*_ONE)
_NEWEST = select(func.max(source_object.c.modified)).where(*_OF_CONNECTION)
_REMOVE = delete(source_object).where(*_OF_CONNECTION, source_object.c.path == bindparam("path"))
_REMOVE_ALL = delete(source_object).where(*_OF_CONNECTION)
# Two that put at once come one after the other; on SQLite there is but one writer anyway.
_LOCK = (
    select(resource.c.seq)
    .where(
        *(resource.c[name] == bindparam(name) for name in ("org", "sandbox", "id")),
        resource.c.kind == CONNECTIONS.name,
    )
    .with_for_update()
)


class Behind(NamedTuple):
    """The connection that data lies behind."""

    org: str
    sandbox: str
    connection: str


class Version(NamedTuple):
    """An object as it is now; ``modified`` in nanoseconds, never the same for two puts behind one connection."""

    path: str
    content_type: str
    modified: int


class Listed(NamedTuple):
    """The same with its size in bytes."""

    path: str
    content_type: str
    modified: int
    size: int


class Object(NamedTuple):
    """What is in an object."""

    content_type: str
    body: bytes


def put(tx: Transaction, behind: Behind, path: str, content: Object, now: int) -> int:
    """Write or replace an object; returns when, in nanoseconds: ``now``, or just after the put before."""
    modified = max(now, _newest(tx, behind) + 1)
    tx.run(_REMOVE, **behind._asdict(), path=path)
    tx.run(_INSERT, **behind._asdict(), path=path, modified=modified, **content._asdict())
    return modified


def _newest(tx: Transaction, behind: Behind) -> int:
    tx.row(_LOCK, org=behind.org, sandbox=behind.sandbox, id=behind.connection)
    row = tx.row(_NEWEST, **behind._asdict())
    return int(row[0]) if row is not None and row[0] is not None else 0


def listed(tx: Transaction, behind: Behind) -> list[Listed]:
    """Every object, in path order."""
    return [Listed(*row) for row in tx.rows(_LISTED, **behind._asdict())]


def versions(tx: Transaction, behind: Behind) -> list[Version]:
    """Every object, the one that was put last at the end."""
    return [Version(*row) for row in tx.rows(_VERSIONS, **behind._asdict())]


def read(tx: Transaction, behind: Behind, path: str) -> Object | None:
    row = tx.row(_BODY, **behind._asdict(), path=path)
    return Object(row[0], bytes(row[1])) if row is not None else None


def remove(tx: Transaction, behind: Behind, path: str) -> bool:
    """False when there is no such object."""
    newest = _newest(tx, behind)
    removed = tx.run(_REMOVE, **behind._asdict(), path=path) == 1
    if removed:
        _remember(tx, behind, newest)
    return removed


def remove_all(tx: Transaction, behind: Behind) -> None:
    newest = _newest(tx, behind)
    if tx.run(_REMOVE_ALL, **behind._asdict()):
        _remember(tx, behind, newest)


def _remember(tx: Transaction, behind: Behind, newest: int) -> None:
    """What is put after this must be newer, or a flow that has read on would never see it."""
    tx.run(_REMOVE, **behind._asdict(), path=_MARK)
    tx.run(_INSERT, **behind._asdict(), path=_MARK, modified=newest, content_type="", body=b"")

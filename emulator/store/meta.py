"""Small facts that belong to the database as a whole, such as the key that signs tokens."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select, update

from emulator.store.database import AlreadyThere, Database, Transaction
from emulator.store.tables import meta

_READ = select(meta.c.value).where(meta.c.key == bindparam("name"))
_WRITE = insert(meta).values(key=bindparam("key"), value=bindparam("value"))
_CHANGE = update(meta).where(meta.c.key == bindparam("name")).values(value=bindparam("value"))


def read(tx: Transaction, name: str) -> str | None:
    row = tx.row(_READ, name=name)
    return None if row is None else str(row[0])


def write(tx: Transaction, name: str, value: str) -> None:
    if not tx.run(_CHANGE, name=name, value=value):
        tx.run(_WRITE, key=name, value=value)


def read_or_set(database: Database, name: str, fresh: str) -> str:
    """What is kept under ``name``; ``fresh`` becomes it when there is nothing. All replicas agree on one."""
    with database.reading() as tx:
        kept = read(tx, name)
    if kept is not None:
        return kept
    try:
        with database.writing() as tx:
            tx.run(_WRITE, key=name, value=fresh)
        return fresh
    except AlreadyThere:
        return read_or_set(database, name, fresh)


def next_number(database: Database, name: str) -> int:
    """0 for the first who asks, 1 for the next one, and so on."""
    with database.writing() as tx:
        number = int(read(tx, name) or 0)
        write(tx, name, str(number + 1))
    return number

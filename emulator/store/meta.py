"""Small facts that belong to the database as a whole, such as the key that signs tokens."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select

from emulator.store.database import AlreadyThere, Database
from emulator.store.tables import meta

_READ = select(meta.c.value).where(meta.c.key == bindparam("name"))
_WRITE = insert(meta).values(key=bindparam("key"), value=bindparam("value"))


def read_or_set(database: Database, name: str, fresh: str) -> str:
    """What is kept under ``name``; ``fresh`` becomes it when there is nothing. All replicas agree on one."""
    with database.reading() as tx:
        row = tx.row(_READ, name=name)
    if row is not None:
        return str(row[0])
    try:
        with database.writing() as tx:
            tx.run(_WRITE, key=name, value=fresh)
        return fresh
    except AlreadyThere:
        return read_or_set(database, name, fresh)

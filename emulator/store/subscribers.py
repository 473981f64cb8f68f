"""Who is told what happens."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update

from emulator.store.database import Transaction
from emulator.store.tables import subscriber


class Subscriber(NamedTuple):
    """One address. ``org`` is None for all organisations; ``body`` is what else it asked for, as JSON text.

    One that is ``fixed`` (1) was named when the server was started: no call removes it.
    """

    id: str
    org: str | None
    url: str
    secret: str
    fixed: int
    body: str

    def __repr__(self) -> str:
        return f"Subscriber({self.id})"


_COLUMNS = [subscriber.c[name] for name in Subscriber._fields]
_ONE = subscriber.c.id == bindparam("at_id")
_ALL = select(*_COLUMNS).order_by(subscriber.c.id)
_FIND = select(*_COLUMNS).where(_ONE)
_INSERT = insert(subscriber).values({name: bindparam(name) for name in Subscriber._fields})
_CHANGE = update(subscriber).where(_ONE).values(secret=bindparam("new_secret"), body=bindparam("new_body"))
_DELETE = delete(subscriber).where(_ONE)


def everyone(tx: Transaction) -> list[Subscriber]:
    return [Subscriber(*row) for row in tx.rows(_ALL)]


def find(tx: Transaction, subscriber_id: str) -> Subscriber | None:
    row = tx.row(_FIND, at_id=subscriber_id)
    return Subscriber(*row) if row else None


def create(tx: Transaction, new: Subscriber) -> None:
    """Raises ``AlreadyThere``."""
    tx.run(_INSERT, **new._asdict())


def change(tx: Transaction, subscriber_id: str, secret: str, body: str) -> None:
    tx.run(_CHANGE, at_id=subscriber_id, new_secret=secret, new_body=body)


def remove(tx: Transaction, subscriber_id: str) -> None:
    tx.run(_DELETE, at_id=subscriber_id)

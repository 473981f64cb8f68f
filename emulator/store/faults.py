"""Fault rules, in the order in which they are tried."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update

from emulator.store.database import Transaction
from emulator.store.tables import fault


class StoredFault(NamedTuple):
    """One rule. It is one tenant's when ``org`` and ``sandbox`` name it; ``body`` is JSON text.

    ``remaining`` is how often it still strikes, None for ever; ``hits`` how often it has.
    """

    id: str
    org: str | None
    sandbox: str | None
    body: str
    remaining: int | None
    hits: int


_COLUMNS = [fault.c[name] for name in StoredFault._fields]
_ONE = fault.c.id == bindparam("at_id")
_TENANT = (fault.c.org == bindparam("at_org"), fault.c.sandbox == bindparam("at_sandbox"))
_ALL = select(*_COLUMNS).order_by(fault.c.seq)
_FIND = select(*_COLUMNS).where(_ONE)
_STANDING = select(func.count(), func.max(fault.c.seq)).select_from(fault)
_INSERT = insert(fault).values({name: bindparam(name) for name in StoredFault._fields})
_STRIKE = (
    update(fault)
    .where(_ONE, (fault.c.remaining.is_(None)) | (fault.c.remaining > 0))
    .values(hits=fault.c.hits + 1, remaining=fault.c.remaining - 1)
)
_REMOVE = delete(fault).where(_ONE)
_REMOVE_ALL = delete(fault)
_REMOVE_TENANT = delete(fault).where(*_TENANT)


def everyone(tx: Transaction) -> list[StoredFault]:
    return [StoredFault(*row) for row in tx.rows(_ALL)]


def find(tx: Transaction, fault_id: str) -> StoredFault | None:
    row = tx.row(_FIND, at_id=fault_id)
    return StoredFault(*row) if row else None


def standing(tx: Transaction) -> tuple[int, int]:
    """How many there are and the newest one's number: as long as both stay, so does the list."""
    row = tx.row(_STANDING)
    return (int(row[0]), int(row[1] or 0)) if row else (0, 0)


def add(tx: Transaction, new: StoredFault) -> None:
    tx.run(_INSERT, **new._asdict())


def strike(tx: Transaction, fault_id: str) -> bool:
    """Count a strike; False when the rule is used up or gone."""
    return tx.run(_STRIKE, at_id=fault_id) == 1


def remove(tx: Transaction, fault_id: str) -> None:
    tx.run(_REMOVE, at_id=fault_id)


def remove_all(tx: Transaction) -> None:
    tx.run(_REMOVE_ALL)


def remove_tenant(tx: Transaction, org: str, sandbox: str) -> None:
    tx.run(_REMOVE_TENANT, at_org=org, at_sandbox=sandbox)

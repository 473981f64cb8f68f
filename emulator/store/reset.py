"""Throwing state away: everything, or what one sandbox of one organisation holds."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from emulator.store.database import Transaction
from emulator.store.tables import (
    delivery,
    entry,
    inlet,
    outcome,
    pending_run,
    record,
    rejected,
    resource,
    sandbox,
    schedule,
    source_object,
    subscriber,
)

# Children before parents: a plain delete is many times faster than one that cascades.
_HELD = (record, rejected, inlet, schedule, pending_run, outcome, source_object, delivery, entry)
# Subscribers that the server was started with stay.
_SUBSCRIBERS = delete(subscriber).where(subscriber.c.fixed == 0)
_EVERYTHING = [*(delete(table) for table in (*_HELD, resource, sandbox)), _SUBSCRIBERS]
_ONE_TENANT = [
    delete(table).where(table.c.org == bindparam("org"), table.c.sandbox == bindparam("sandbox"))
    for table in (*_HELD, resource)
]
_IS_EMPTY = select(sandbox.c.org).limit(1)


def everything(tx: Transaction) -> None:
    for statement in _EVERYTHING:
        tx.run(statement)


def tenant(tx: Transaction, org: str, name: str) -> None:
    """What the sandbox holds; the sandbox itself stays."""
    for statement in _ONE_TENANT:
        tx.run(statement, org=org, sandbox=name)


def is_empty(tx: Transaction) -> bool:
    """Whether no organisation has been seen yet."""
    return tx.row(_IS_EMPTY) is None

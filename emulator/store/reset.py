"""Throwing state away: everything, or what one sandbox of one organisation holds."""

from __future__ import annotations

from sqlalchemy import delete, select

from emulator.store.database import Transaction
from emulator.store.extent import HELD, PARTS, SANDBOXES
from emulator.store.tables import sandbox

# Children before parents: a plain delete is many times faster than one that cascades.
_EVERYTHING = [delete(part.table).where(*part.state(part.table)) for part in reversed(PARTS)]
_ONE_TENANT = [delete(part.table).where(*part.of_tenant(part.table)) for part in HELD]
_SANDBOX = delete(sandbox).where(*SANDBOXES.of_tenant(sandbox))
_IS_EMPTY = select(sandbox.c.org).limit(1)


def everything(tx: Transaction) -> None:
    for statement in _EVERYTHING:
        tx.run(statement)


def tenant(tx: Transaction, org: str, name: str) -> None:
    """What the sandbox holds; the sandbox itself stays."""
    for statement in _ONE_TENANT:
        tx.run(statement, at_org=org, at_sandbox=name)


def sandbox_too(tx: Transaction, org: str, name: str) -> None:
    """The sandbox, with what is left in it."""
    tx.run(_SANDBOX, at_org=org, at_sandbox=name)


def is_empty(tx: Transaction) -> bool:
    """Whether no organisation has been seen yet."""
    return tx.row(_IS_EMPTY) is None

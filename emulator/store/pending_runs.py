"""Runs that somebody asked for, until they begin."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, delete, func, insert, select, update

from emulator.store.database import Transaction
from emulator.store.tables import pending_run


class Pending(NamedTuple):
    """A run that waits; ``due`` in milliseconds."""

    org: str
    sandbox: str
    run: str
    flow: str
    due: int


_INSERT = insert(pending_run).values({name: bindparam(name) for name in Pending._fields})
_ONE = [pending_run.c[name] == bindparam(f"at_{name}") for name in ("org", "sandbox", "run")]
_CLAIM = delete(pending_run).where(*_ONE)
_MOVE = update(pending_run).where(*_ONE).values(due=bindparam("new_due", type_=BigInteger()))
_NEXT = (
    select(*(pending_run.c[name] for name in Pending._fields))
    .where(pending_run.c.due <= bindparam("now", type_=BigInteger()))
    .order_by(pending_run.c.due, pending_run.c.org, pending_run.c.sandbox, pending_run.c.run)
    .limit(1)
)
_SOONEST = select(func.min(pending_run.c.due))


def create(tx: Transaction, new: Pending) -> None:
    tx.run(_INSERT, **new._asdict())


def _key(pending: Pending) -> dict[str, str]:
    return {"at_org": pending.org, "at_sandbox": pending.sandbox, "at_run": pending.run}


def claim(tx: Transaction, pending: Pending) -> bool:
    """Take it off the list; False when another process has."""
    return tx.run(_CLAIM, **_key(pending)) == 1


def move(tx: Transaction, pending: Pending, due: int) -> None:
    """Let it begin at another time."""
    tx.run(_MOVE, **_key(pending), new_due=due)


def next_due(tx: Transaction, now: int) -> Pending | None:
    """The run that has waited longest at ``now``."""
    row = tx.row(_NEXT, now=now)
    return Pending(*row) if row else None


def soonest(tx: Transaction) -> int | None:
    """The next instant at which any of them begins."""
    row = tx.row(_SOONEST)
    return row[0] if row else None

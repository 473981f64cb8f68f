"""Runs that have not ended: waiting until they begin, or begun."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, delete, func, insert, select, update

from emulator.store.database import Transaction
from emulator.store.tables import pending_run


class Pending(NamedTuple):
    """A run that has not ended; times in milliseconds.

    ``due`` is when it begins, or when it is to end. ``planned`` is the instant of the flow's schedule,
    None for a run that was asked for. ``started`` says that it has begun. ``held`` is the instant in REAL
    time until which a process is at work on it; after that it is anybody's. ``batch`` is what it lands in
    part by part: nobody sees its records before the run has ended. ``outcome`` is the script, as JSON text.
    """

    org: str
    sandbox: str
    run: str
    flow: str
    due: int
    planned: int | None = None
    started: int | None = None
    held: int | None = None
    batch: str | None = None
    outcome: str | None = None


_BIG = BigInteger()
_COLUMNS = [pending_run.c[name] for name in Pending._fields]
_held = func.coalesce(pending_run.c.held, 0)
_INSERT = insert(pending_run).values({name: bindparam(name) for name in Pending._fields})
_ONE = [pending_run.c[name] == bindparam(f"at_{name}") for name in ("org", "sandbox", "run")]
_AS_held = [*_ONE, _held == bindparam("was_held", type_=_BIG)]
_CLAIM = delete(pending_run).where(*_AS_held)
_CHANGEABLE = ("due", "planned", "started", "held", "batch", "outcome")
_CHANGE = update(pending_run).where(*_AS_held).values({name: bindparam(f"new_{name}") for name in _CHANGEABLE})
_FREE = _held <= bindparam("real", type_=_BIG)
# Of runs that come at the same instant, those that have begun end before others begin.
_NEXT = (
    select(*_COLUMNS)
    .where(pending_run.c.due <= bindparam("now", type_=_BIG), _FREE)
    .order_by(
        pending_run.c.due,
        func.coalesce(pending_run.c.started, 2**62),
        func.coalesce(pending_run.c.planned, 0),
        *_COLUMNS[:3],
    )
    .limit(1)
)
_SOONEST = select(func.min(pending_run.c.due)).where(_FREE)
_UNDER_WAY = (
    select(pending_run.c.run)
    .where(pending_run.c.due <= bindparam("now", type_=_BIG), _held > bindparam("real", type_=_BIG))
    .limit(1)
)
_FIND = select(*_COLUMNS).where(*_ONE).with_for_update()
_BUSY = select(func.max(pending_run.c.due)).where(
    *(pending_run.c[name] == bindparam(f"at_{name}") for name in ("org", "sandbox", "flow")),
    pending_run.c.run != bindparam("but"),
    pending_run.c.started.is_not(None),
)
_IS_PLANNED = (
    select(pending_run.c.run)
    .where(
        *(pending_run.c[name] == bindparam(f"at_{name}") for name in ("org", "sandbox", "flow")),
        pending_run.c.planned.is_not(None),
    )
    .limit(1)
)


def create(tx: Transaction, new: Pending) -> None:
    tx.run(_INSERT, **new._asdict())


def _key(pending: Pending) -> dict[str, Any]:
    return {
        "at_org": pending.org,
        "at_sandbox": pending.sandbox,
        "at_run": pending.run,
        "was_held": pending.held or 0,
    }


def claim(tx: Transaction, pending: Pending) -> bool:
    """Take it off the list; False when another process has, or is at work on it."""
    return tx.run(_CLAIM, **_key(pending)) == 1


def change(tx: Transaction, pending: Pending, new: Pending) -> bool:
    """Note how it goes on; False when another process has it."""
    values = {f"new_{name}": getattr(new, name) for name in _CHANGEABLE}
    return tx.run(_CHANGE, **_key(pending), **values) == 1


def next_due(tx: Transaction, now: int, real: int) -> Pending | None:
    """The run that has waited longest at ``now`` and that nobody is at work on at ``real`` time."""
    row = tx.row(_NEXT, now=now, real=real)
    return Pending(*row) if row else None


def is_under_way(tx: Transaction, now: int, real: int) -> bool:
    """Whether a process is at work, at ``real`` time, on a run that is due at ``now``."""
    return tx.row(_UNDER_WAY, now=now, real=real) is not None


def find(tx: Transaction, org: str, sandbox: str, run: str) -> Pending | None:
    """A run that has not ended, kept from others until the transaction ends."""
    row = tx.row(_FIND, at_org=org, at_sandbox=sandbox, at_run=run)
    return Pending(*row) if row else None


def soonest(tx: Transaction, real: int) -> int | None:
    """The next instant at which any of them goes on."""
    row = tx.row(_SOONEST, real=real)
    return row[0] if row else None


def busy_until(tx: Transaction, org: str, sandbox: str, flow: str, but: str = "") -> int | None:
    """Until when a run of the flow, other than ``but``, is in progress; None when none is."""
    row = tx.row(_BUSY, at_org=org, at_sandbox=sandbox, at_flow=flow, but=but)
    return row[0] if row else None


def is_planned(tx: Transaction, org: str, sandbox: str, flow: str) -> bool:
    """Whether a run that the flow's schedule planned has come and has not ended."""
    return tx.row(_IS_PLANNED, at_org=org, at_sandbox=sandbox, at_flow=flow) is not None

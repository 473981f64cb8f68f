"""When each flow runs next, and how far its source has been read."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, delete, func, insert, select, update

from emulator.store.database import Transaction
from emulator.store.tables import schedule


class Due(NamedTuple):
    """A flow and when it is due, in milliseconds; ``cursor`` as the source family wrote it."""

    org: str
    sandbox: str
    flow: str
    due: int
    cursor: str | None


_OF_FLOW = (
    schedule.c.org == bindparam("at_org"),
    schedule.c.sandbox == bindparam("at_sandbox"),
    schedule.c.flow == bindparam("at_flow"),
)
_DUE = BigInteger()
_INSERT = insert(schedule).values({name: bindparam(name) for name in ("org", "sandbox", "flow", "due", "cursor")})
_DELETE = delete(schedule).where(*_OF_FLOW)
_MOVE = update(schedule).where(*_OF_FLOW).values(due=bindparam("new_due", type_=_DUE))
_ADVANCE = (
    update(schedule)
    .where(*_OF_FLOW, schedule.c.due == bindparam("old_due", type_=_DUE))
    .values(due=bindparam("new_due", type_=_DUE))
)
_SET_CURSOR = update(schedule).where(*_OF_FLOW).values(cursor=bindparam("new_cursor"))
_NEXT = (
    select(*(schedule.c[name] for name in Due._fields))
    .where(schedule.c.due <= bindparam("now", type_=_DUE))
    .order_by(schedule.c.due, schedule.c.org, schedule.c.sandbox, schedule.c.flow)
    .limit(1)
)
_DUE_OF = select(schedule.c.due).where(*_OF_FLOW)
_PLACE_OF = select(*(schedule.c[name] for name in Due._fields)).where(*_OF_FLOW).with_for_update()
_SOONEST = select(func.min(schedule.c.due))


def _key(org: str, sandbox: str, flow: str) -> dict[str, str]:
    return {"at_org": org, "at_sandbox": sandbox, "at_flow": flow}


def create(tx: Transaction, org: str, sandbox: str, flow: str, due: int | None) -> None:
    tx.run(_INSERT, org=org, sandbox=sandbox, flow=flow, due=due, cursor=None)


def move(tx: Transaction, org: str, sandbox: str, flow: str, due: int | None) -> None:
    """Set the next run, or none."""
    tx.run(_MOVE, **_key(org, sandbox, flow), new_due=due)


def advance(tx: Transaction, claimed: Due, due: int | None) -> bool:
    """From one due instant to the next; False when another process has taken this one."""
    key = _key(claimed.org, claimed.sandbox, claimed.flow)
    return tx.run(_ADVANCE, **key, old_due=claimed.due, new_due=due) == 1


def set_cursor(tx: Transaction, org: str, sandbox: str, flow: str, cursor: str) -> None:
    """Remember how far the source of the flow has been read."""
    tx.run(_SET_CURSOR, **_key(org, sandbox, flow), new_cursor=cursor)


def due_of(tx: Transaction, org: str, sandbox: str, flow: str) -> int | None:
    row = tx.row(_DUE_OF, **_key(org, sandbox, flow))
    return row[0] if row else None


def place_of(tx: Transaction, org: str, sandbox: str, flow: str) -> Due | None:
    """How far the flow's source has been read, and the lock on that until the transaction ends."""
    row = tx.row(_PLACE_OF, **_key(org, sandbox, flow))
    return Due(*row) if row else None


def remove(tx: Transaction, org: str, sandbox: str, flow: str) -> None:
    tx.run(_DELETE, **_key(org, sandbox, flow))


def next_due(tx: Transaction, now: int) -> Due | None:
    """The flow that has been due longest at ``now``."""
    row = tx.row(_NEXT, now=now)
    return Due(*row) if row else None


def soonest(tx: Transaction) -> int | None:
    """The next instant at which any flow is due."""
    row = tx.row(_SOONEST)
    return row[0] if row else None

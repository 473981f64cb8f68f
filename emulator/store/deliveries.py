"""What subscribers are to be told, and how the telling went.

Deliveries to one subscriber about one flow are a lane: its head is the oldest that still waits, and only
heads are sent. Whoever sends one moves its ``due`` to the end of a lease first, in a statement that only one
process can win; when that process dies, the delivery is due again at the end of the lease.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, delete, func, insert, select, update

from emulator.store.database import Transaction
from emulator.store.tables import delivery

WAITING, DELIVERED, GIVEN_UP = "waiting", "delivered", "given up"


class Delivery(NamedTuple):
    """One thing to tell one subscriber.

    ``flow`` is empty for what belongs to none. ``code`` is the vendor's name of the event, ``body`` what is
    sent as JSON text. ``due`` is in milliseconds of real time, ``log`` a JSON array of the attempts.
    """

    seq: int
    org: str
    sandbox: str
    subscriber: str
    flow: str
    event_id: str
    event: str
    code: str
    body: str
    state: str
    attempts: int
    due: int
    log: str


class Head(NamedTuple):
    """The delivery that a lane waits for."""

    seq: int
    subscriber: str
    due: int


_BIG = BigInteger()
_COLUMNS = [delivery.c[name] for name in Delivery._fields]
_GIVEN = [name for name in Delivery._fields if name not in ("seq", "state", "attempts", "due", "log")]
# Due at once, whatever the time is.
_INSERT = insert(delivery).values(
    {**{name: bindparam(name) for name in _GIVEN}, "state": WAITING, "attempts": 0, "due": 0, "log": "[]"}
)
_AT = delivery.c.seq == bindparam("at_seq", type_=_BIG)
_IS_WAITING = delivery.c.state == WAITING
_LANE = (delivery.c.subscriber, delivery.c.org, delivery.c.sandbox, delivery.c.flow)
_OLDEST = select(func.min(delivery.c.seq)).where(_IS_WAITING).group_by(*_LANE)
_HEADS = (
    select(delivery.c.seq, delivery.c.subscriber, delivery.c.due)
    .where(delivery.c.seq.in_(_OLDEST))
    .order_by(delivery.c.due, delivery.c.seq)
)
_NEXT = (
    select(delivery.c.seq, delivery.c.subscriber, delivery.c.due)
    .where(_IS_WAITING, *(column == bindparam(f"at_{column.name}") for column in _LANE))
    .order_by(delivery.c.seq)
    .limit(1)
)
_FIND = select(*_COLUMNS).where(_AT)
_AS_SEEN = [_AT, _IS_WAITING, delivery.c.due == bindparam("seen_due", type_=_BIG)]
_LEASE = update(delivery).where(*_AS_SEEN).values(due=bindparam("new_due", type_=_BIG))
_SETTLE = (
    update(delivery)
    .where(*_AS_SEEN)
    .values(
        state=bindparam("new_state"),
        attempts=bindparam("new_attempts"),
        due=bindparam("new_due", type_=_BIG),
        log=bindparam("new_log"),
    )
)
_REPEAT = update(delivery).where(_AT, ~_IS_WAITING).values(state=WAITING, attempts=0, due=0)
_OF_SUBSCRIBER = delivery.c.subscriber == bindparam("at_subscriber")
_PAGE = select(*_COLUMNS).where(_OF_SUBSCRIBER).order_by(delivery.c.seq.desc()).limit(bindparam("limit", type_=_BIG))
_COUNT = select(func.count()).select_from(delivery).where(_OF_SUBSCRIBER)
_REMOVE = delete(delivery).where(_OF_SUBSCRIBER)
_ANY_WAITING = select(delivery.c.seq).where(_IS_WAITING).limit(1)


def create(tx: Transaction, **given: Any) -> None:
    """Write down what is to be told: every field but number, state, attempts, time and log.

    Raises ``TenantGone`` when the sandbox does not exist (any more).
    """
    tx.run(_INSERT, **given)


def heads(tx: Transaction) -> list[Head]:
    """The head of every lane, those that are due longest first."""
    return [Head(*row) for row in tx.rows(_HEADS)]


def head_of_lane(tx: Transaction, one: Delivery) -> Head | None:
    """What the lane of a delivery waits for now."""
    lane = {"at_subscriber": one.subscriber, "at_org": one.org, "at_sandbox": one.sandbox, "at_flow": one.flow}
    row = tx.row(_NEXT, **lane)
    return Head(*row) if row else None


def find(tx: Transaction, seq: int) -> Delivery | None:
    row = tx.row(_FIND, at_seq=seq)
    return Delivery(*row) if row else None


def lease(tx: Transaction, seq: int, due: int, until: int) -> bool:
    """Take a delivery that was seen to be due at ``due``; False when another process has, or it waits no more."""
    return tx.run(_LEASE, at_seq=seq, seen_due=due, new_due=until) == 1


def settle(tx: Transaction, before: Delivery, after: Delivery) -> bool:
    """Note how it went; False when the lease has run out and another process is at it."""
    return (
        tx.run(
            _SETTLE,
            at_seq=before.seq,
            seen_due=before.due,
            new_state=after.state,
            new_attempts=after.attempts,
            new_due=after.due,
            new_log=after.log,
        )
        == 1
    )


def repeat(tx: Transaction, seq: int) -> bool:
    """Let one that has ended wait again; False when it waits anyway."""
    return tx.run(_REPEAT, at_seq=seq) == 1


def newest(tx: Transaction, subscriber: str, limit: int) -> tuple[list[Delivery], int]:
    """The last deliveries to a subscriber, newest first, and how many there are."""
    rows = tx.rows(_PAGE, at_subscriber=subscriber, limit=limit)
    total = tx.row(_COUNT, at_subscriber=subscriber)
    return [Delivery(*row) for row in rows], total[0] if total else 0


def remove_all_to(tx: Transaction, subscriber: str) -> None:
    tx.run(_REMOVE, at_subscriber=subscriber)


def any_waiting(tx: Transaction) -> bool:
    return tx.row(_ANY_WAITING) is not None

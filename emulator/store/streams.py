"""Micro-batches that messages collect in, and the hourly runs that they belong to."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, delete, func, insert, select, update

from emulator.domain.tenant import Tenant
from emulator.store.database import AlreadyThere, Contended, Transaction
from emulator.store.tables import stream, stream_hour


class Open(NamedTuple):
    """An open micro-batch; times in milliseconds, sizes in bytes.

    ``flow`` and ``run`` are empty where messages go to a dataset directly. ``landed`` records lie in
    ``batch``, ``lost`` ones in ``failed_batch``; ``skipped`` ones were taken and belong in no dataset.
    ``warned`` counts landed records in which a field could not be made. ``size`` is what was received.
    ``told`` is how many messages its batches and its run tell of.
    """

    org: str
    sandbox: str
    flow: str
    dataset: str
    run: str
    batch: str
    failed_batch: str
    opened: int
    due: int
    landed: int = 0
    landed_size: int = 0
    lost: int = 0
    skipped: int = 0
    warned: int = 0
    size: int = 0
    told: int = 0

    @property
    def counted(self) -> int:
        """How many messages it has counted."""
        return self.landed + self.lost + self.skipped


class Hour(NamedTuple):
    """A run that is in progress; ``figures`` are those of its closed micro-batches, as JSON text."""

    org: str
    sandbox: str
    flow: str
    hour: int
    run: str
    due: int
    figures: str


class Counts(NamedTuple):
    """What one delivery adds to a micro-batch."""

    landed: int
    landed_size: int
    lost: int
    skipped: int
    warned: int
    size: int


_BIG = BigInteger()
_OPEN = [stream.c[name] for name in Open._fields]
_HOUR = [stream_hour.c[name] for name in Hour._fields]
_KEY = ("org", "sandbox", "flow", "dataset")
_ONE = [stream.c[name] == bindparam(f"of_{name}") for name in _KEY]
_ONE_HOUR = [stream_hour.c[name] == bindparam(f"of_{name}") for name in ("org", "sandbox", "flow", "hour")]
_NOW = bindparam("now", type_=_BIG)

_INSERT = insert(stream).values({name: bindparam(name) for name in Open._fields})
_COUNT = (
    update(stream)
    .where(*_ONE, stream.c.due > _NOW)
    .values({name: stream.c[name] + bindparam(f"more_{name}") for name in Counts._fields})
    .returning(*_OPEN)
)
_counted = stream.c.landed + stream.c.lost + stream.c.skipped
_UNTOLD = select(stream.c.org, stream.c.sandbox).where(stream.c.told < _counted).distinct()
_UNTOLD_IN = (
    select(*_OPEN)
    .where(stream.c.org == bindparam("of_org"), stream.c.sandbox == bindparam("of_sandbox"), stream.c.told < _counted)
    .order_by(stream.c.flow, stream.c.dataset)
    .with_for_update()
)
_TELL = update(stream).where(*_ONE).values(told=bindparam("told"))
_FIND = select(*_OPEN).where(*_ONE).with_for_update()
_CLOSE = delete(stream).where(*_ONE, stream.c.batch == bindparam("of_batch")).returning(*_OPEN)
_BEGIN_HOUR = insert(stream_hour).values({name: bindparam(name) for name in Hour._fields})
_FIND_HOUR = select(*_HOUR).where(*_ONE_HOUR).with_for_update()
_CHANGE_HOUR = update(stream_hour).where(*_ONE_HOUR).values(figures=bindparam("figures"))
_END_HOUR = delete(stream_hour).where(*_ONE_HOUR).returning(*_HOUR)
_LATER = bindparam("later", type_=_BIG)
_PUT_OFF = update(stream).where(*_ONE).values(due=_LATER)
_PUT_OFF_HOUR = update(stream_hour).where(*_ONE_HOUR).values(due=_LATER)
_NEXT = select(*_OPEN).where(stream.c.due <= _NOW).order_by(stream.c.due, *(stream.c[name] for name in _KEY)).limit(1)
_NEXT_HOUR = (
    select(*_HOUR)
    .where(stream_hour.c.due <= _NOW)
    .order_by(stream_hour.c.due, stream_hour.c.org, stream_hour.c.sandbox, stream_hour.c.flow)
    .limit(1)
)
_SOONEST = [select(func.min(table.c.due)) for table in (stream, stream_hour)]


def _key(org: str, sandbox: str, flow: str, dataset: str) -> dict[str, Any]:
    return {"of_org": org, "of_sandbox": sandbox, "of_flow": flow, "of_dataset": dataset}


def count(tx: Transaction, tenant: Tenant, flow: str, dataset: str, now: int, more: Counts) -> Open | None:
    """Add to the open micro-batch and return it as it is then; None when there is none, or it is due."""
    added = {f"more_{name}": value for name, value in zip(Counts._fields, more, strict=True)}
    row = tx.row(_COUNT, **_key(tenant.org, tenant.sandbox, flow, dataset), now=now, **added)
    return Open(*row) if row else None


def begin(tx: Transaction, new: Open) -> None:
    """Open a micro-batch. Raises ``Contended`` when another process was faster."""
    try:
        tx.run(_INSERT, **new._asdict())
    except AlreadyThere:
        raise Contended("another process has opened a micro-batch of the flow") from None


def find(tx: Transaction, org: str, sandbox: str, flow: str, dataset: str) -> Open | None:
    """The open micro-batch, kept from others until the transaction ends."""
    row = tx.row(_FIND, **_key(org, sandbox, flow, dataset))
    return Open(*row) if row else None


def untold(tx: Transaction) -> list[tuple[str, str]]:
    """The organisations and sandboxes with micro-batches that have counted more than is told of them."""
    return [(row[0], row[1]) for row in tx.rows(_UNTOLD)]


def untold_in(tx: Transaction, org: str, sandbox: str) -> list[Open]:
    """Those of one sandbox, kept from others until the transaction ends."""
    return [Open(*row) for row in tx.rows(_UNTOLD_IN, of_org=org, of_sandbox=sandbox)]


def tell(tx: Transaction, known: Open) -> None:
    """Note that what the micro-batch has counted so far is told of."""
    tx.run(_TELL, **_key(known.org, known.sandbox, known.flow, known.dataset), told=known.counted)


def close(tx: Transaction, known: Open) -> Open | None:
    """Take the micro-batch off the list and return what it has counted; None when another process has."""
    row = tx.row(_CLOSE, **_key(known.org, known.sandbox, known.flow, known.dataset), of_batch=known.batch)
    return Open(*row) if row else None


def begin_hour(tx: Transaction, new: Hour) -> None:
    """Note a run that begins. Raises ``Contended`` when another process was faster."""
    try:
        tx.run(_BEGIN_HOUR, **new._asdict())
    except AlreadyThere:
        raise Contended("another process has begun the run of the hour") from None


def _hour_key(org: str, sandbox: str, flow: str, hour: int) -> dict[str, Any]:
    return {"of_org": org, "of_sandbox": sandbox, "of_flow": flow, "of_hour": hour}


def hour_of(tx: Transaction, org: str, sandbox: str, flow: str, hour: int) -> Hour | None:
    """The run of a flow in the hour that begins at ``hour``, kept from others until the transaction ends."""
    row = tx.row(_FIND_HOUR, **_hour_key(org, sandbox, flow, hour))
    return Hour(*row) if row else None


def change_hour(tx: Transaction, known: Hour, figures: str) -> None:
    tx.run(_CHANGE_HOUR, **_hour_key(known.org, known.sandbox, known.flow, known.hour), figures=figures)


def end_hour(tx: Transaction, known: Hour) -> Hour | None:
    """Take the run off the list; None when another process has."""
    row = tx.row(_END_HOUR, **_hour_key(known.org, known.sandbox, known.flow, known.hour))
    return Hour(*row) if row else None


def put_off(tx: Transaction, known: Open | Hour, later: int) -> None:
    """Let it end at another instant."""
    if isinstance(known, Open):
        tx.run(_PUT_OFF, **_key(known.org, known.sandbox, known.flow, known.dataset), later=later)
    else:
        tx.run(_PUT_OFF_HOUR, **_hour_key(known.org, known.sandbox, known.flow, known.hour), later=later)


def next_due(tx: Transaction, now: int) -> Open | Hour | None:
    """What ends first of all that is due; micro-batches end before the run that they belong to."""
    rows = (tx.row(_NEXT, now=now), tx.row(_NEXT_HOUR, now=now))
    found = [kind(*row) for kind, row in zip((Open, Hour), rows, strict=True) if row]
    return min(found, key=lambda one: one.due, default=None)


def soonest(tx: Transaction) -> int | None:
    """The next instant at which any of them ends."""
    found = (tx.row(statement) for statement in _SOONEST)
    return min((row[0] for row in found if row and row[0] is not None), default=None)

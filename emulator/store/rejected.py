"""Rows that could not land, as they were read, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select

from emulator.domain.tenant import Tenant
from emulator.store.database import Database, Transaction
from emulator.store.landed import BLOCK, LIMIT, OFFSET, filtered, of_batch, of_dataset, page_of
from emulator.store.tables import rejected

# How the body of a row that could not even be read begins.
UNREADABLE = '{"_corrupt_record"'

_INSERT = insert(rejected).values({column.name: bindparam(column.name) for column in rejected.c})
_OF_DATASET = of_dataset(rejected)
_OF_BATCH = of_batch(rejected)
_SHOWN = (rejected.c.code, rejected.c.message, rejected.c.field, rejected.c.body)
_PAGE = select(*_SHOWN).where(*_OF_DATASET).order_by(rejected.c.batch, rejected.c.position).limit(LIMIT).offset(OFFSET)
_COUNT = select(func.count()).select_from(rejected).where(*_OF_DATASET)
_FILTERED = filtered(rejected, _PAGE, _COUNT)
_REMOVE = delete(rejected).where(*_OF_DATASET)
_REMOVE_BATCH = _REMOVE.where(_OF_BATCH)
_SUMMARY = (
    select(rejected.c.code, func.count().label("count"))
    .where(*_OF_DATASET, _OF_BATCH)
    .group_by(rejected.c.code)
    .order_by(func.min(rejected.c.position))
)
_AFTER = (
    select(rejected.c.position, *_SHOWN)
    .where(*_OF_DATASET, _OF_BATCH, rejected.c.position > bindparam("after"))
    .order_by(rejected.c.position)
    .limit(LIMIT)
)
_BEGINNING = func.substr(rejected.c.body, 1, len(UNREADABLE))
_WALKS = {
    None: _AFTER,
    True: _AFTER.where(_BEGINNING == UNREADABLE),
    False: _AFTER.where(_BEGINNING != UNREADABLE),
}


class Rejected(NamedTuple):
    """One row: the code and the words of its first fault, the field at fault if it is one, and a JSON object as text.

    The object is the row as it was read, or ``{"_corrupt_record": text}`` when it could not be.
    """

    code: str
    message: str
    field: str | None
    body: str


def land(
    tx: Transaction,
    tenant: Tenant,
    dataset: str,
    batch: str,
    run: str | None,
    rows: Iterable[Rejected],
    first: int = 0,
) -> None:
    """Append rows to a batch from which ``first`` were rejected already."""
    common = {"org": tenant.org, "sandbox": tenant.sandbox, "dataset": dataset, "batch": batch, "run": run}
    values = [{**common, "position": first + index, **row._asdict()} for index, row in enumerate(rows)]
    if values:
        tx.run_many(_INSERT, values)


def page(
    tx: Transaction,
    org: str,
    sandbox: str,
    dataset: str,
    limit: int,
    offset: int,
    batch: str | None = None,
    run: str | None = None,
) -> tuple[list[Rejected], int]:
    """Rows in the order in which they were rejected, and how many there are in all."""
    rows, total = page_of(tx, _FILTERED, org, sandbox, dataset, limit, offset, batch, run)
    return [Rejected(*row) for row in rows], total


def summary(tx: Transaction, tenant: Tenant, dataset: str, batch: str) -> dict[str, int]:
    """How many rows of a batch each code stands for, in the order in which the codes first came."""
    key = {"org": tenant.org, "sandbox": tenant.sandbox, "dataset": dataset, "batch": batch}
    return {row[0]: row[1] for row in tx.rows(_SUMMARY, **key)}


def walk(
    database: Database, tenant: Tenant, dataset: str, batch: str, unreadable: bool | None = None
) -> Iterator[list[Rejected]]:
    """All rows of a batch, or only those that could or could not be read, some at a time.

    Each part is a transaction of its own, so that nobody waits for the end of a long walk.
    """
    key = {"org": tenant.org, "sandbox": tenant.sandbox, "dataset": dataset, "batch": batch}
    after = -1
    while True:
        with database.reading() as tx:
            rows = tx.rows(_WALKS[unreadable], **key, after=after, limit=BLOCK)
        if rows:
            yield [Rejected(*row[1:]) for row in rows]
        if len(rows) < BLOCK:
            return
        after = rows[-1][0]


def remove(tx: Transaction, tenant: Tenant, dataset: str) -> None:
    """Every rejected row of a dataset."""
    tx.run(_REMOVE, org=tenant.org, sandbox=tenant.sandbox, dataset=dataset)


def remove_batch(tx: Transaction, tenant: Tenant, dataset: str, batch: str) -> None:
    """Every rejected row of one batch."""
    tx.run(_REMOVE_BATCH, org=tenant.org, sandbox=tenant.sandbox, dataset=dataset, batch=batch)

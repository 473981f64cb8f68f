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
_FIRST = (
    select(func.min(rejected.c.position).label("first"), func.count().label("count"))
    .where(*_OF_DATASET, _OF_BATCH)
    .group_by(rejected.c.code)
    .subquery()
)
_CAUSES = (
    select(rejected.c.code, _FIRST.c.count, rejected.c.message)
    .join(_FIRST, _FIRST.c.first == rejected.c.position)
    .where(*_OF_DATASET, _OF_BATCH)
    .order_by(rejected.c.position)
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


def _storable(row: Rejected) -> dict[str, str | None]:
    """PostgreSQL keeps no U+0000, which words about a record may repeat; the record itself has it escaped."""
    return {name: value and value.replace("\0", "\N{SYMBOL FOR NULL}") for name, value in row._asdict().items()}


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
    values = [{**common, "position": first + index, **_storable(row)} for index, row in enumerate(rows)]
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


def causes(tx: Transaction, tenant: Tenant, dataset: str, batch: str) -> dict[str, tuple[int, str]]:
    """By code, in the order in which the codes first came, how many rows have it and what the first one says."""
    key = {"org": tenant.org, "sandbox": tenant.sandbox, "dataset": dataset, "batch": batch}
    return {row[0]: (row[1], row[2]) for row in tx.rows(_CAUSES, **key)}


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

"""Records that landed in datasets, in target shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import bindparam, delete, func, insert, select, tuple_

from emulator.domain.tenant import Tenant
from emulator.store.database import Database, Transaction
from emulator.store.landed import (
    BLOCK,
    LIMIT,
    OFFSET,
    filtered,
    finished,
    of_batch,
    of_dataset,
    page_of,
    size_in_bytes,
)
from emulator.store.tables import record

_INSERT = insert(record).values({column.name: bindparam(column.name) for column in record.c})
_OF_DATASET = of_dataset(record)
_OF_BATCH = of_batch(record)
_PAGE = (
    select(record.c.body).where(*_OF_DATASET).order_by(record.c.batch, record.c.position).limit(LIMIT).offset(OFFSET)
)
_COUNT = select(func.count()).select_from(record).where(*_OF_DATASET)
_FILTERED = filtered(record, _PAGE, _COUNT)
_PLACE = tuple_(record.c.batch, record.c.position)
_BEHIND = (
    select(record.c.batch, record.c.position, record.c.body)
    .where(*_OF_DATASET, finished(record), tuple_(bindparam("after_batch"), bindparam("after")) < _PLACE)
    .order_by(record.c.batch, record.c.position)
    .limit(LIMIT)
)
# Read together by a walk over a whole dataset.
_PART = 2_000
_REMOVE = delete(record).where(*_OF_DATASET)
_REMOVE_BATCH = _REMOVE.where(_OF_BATCH)
_SUMMARY = select(func.count(), func.coalesce(func.sum(func.length(record.c.body)), 0)).where(*_OF_DATASET, _OF_BATCH)
_SIZE = select(func.count(), func.coalesce(func.sum(func.length(record.c.body)), 0)).where(*_OF_DATASET)
_BLOCK = (record.c.position // BLOCK).label("block")
# A line is a record and the line feed behind it.
_BLOCKS = {
    family: select(_BLOCK, func.sum(size_in_bytes(record.c.body, family) + 1), func.count())
    .where(*_OF_DATASET, _OF_BATCH)
    .group_by("block")
    .order_by("block")
    for family in ("sqlite", "postgresql")
}
_LINES = (
    select(record.c.body)
    .where(*_OF_DATASET, _OF_BATCH)
    .where(record.c.position >= bindparam("first"), record.c.position < bindparam("end"))
    .order_by(record.c.position)
)


def land(
    tx: Transaction,
    tenant: Tenant,
    dataset: str,
    batch: str,
    run: str | None,
    bodies: Iterable[str],
    first: int = 0,
) -> None:
    """Append records, given as JSON text, to a batch that holds ``first`` already."""
    common = {"org": tenant.org, "sandbox": tenant.sandbox, "dataset": dataset, "batch": batch, "run": run}
    rows = [{**common, "position": first + index, "body": body} for index, body in enumerate(bodies)]
    if rows:
        tx.run_many(_INSERT, rows)


def summary(tx: Transaction, tenant: Tenant, dataset: str, batch: str) -> tuple[int, int]:
    """How many records a batch holds, and their size in characters."""
    row = tx.row(_SUMMARY, org=tenant.org, sandbox=tenant.sandbox, dataset=dataset, batch=batch)
    return (row[0], row[1]) if row else (0, 0)


def size(tx: Transaction, tenant: Tenant, dataset: str) -> tuple[int, int]:
    """How many records a dataset holds, and their size in characters."""
    row = tx.row(_SIZE, org=tenant.org, sandbox=tenant.sandbox, dataset=dataset)
    return (int(row[0]), int(row[1])) if row else (0, 0)


def remove(tx: Transaction, tenant: Tenant, dataset: str) -> None:
    """Everything that landed in a dataset."""
    tx.run(_REMOVE, org=tenant.org, sandbox=tenant.sandbox, dataset=dataset)


def remove_batch(tx: Transaction, tenant: Tenant, dataset: str, batch: str) -> None:
    """Everything that landed with one batch."""
    tx.run(_REMOVE_BATCH, org=tenant.org, sandbox=tenant.sandbox, dataset=dataset, batch=batch)


def page(
    tx: Transaction,
    org: str,
    sandbox: str,
    dataset: str,
    limit: int,
    offset: int,
    batch: str | None = None,
    run: str | None = None,
) -> tuple[list[str], int]:
    """Records as JSON text in the order they landed, and how many there are in all."""
    rows, total = page_of(tx, _FILTERED, org, sandbox, dataset, limit, offset, batch, run)
    return [row[0] for row in rows], total


def walk(database: Database, tenant: Tenant, dataset: str) -> Iterator[list[str]]:
    """Everything that landed in a dataset as JSON text, some at a time.

    Each part is a transaction of its own, so that nobody waits for the end of a long walk.
    """
    key = {"org": tenant.org, "sandbox": tenant.sandbox, "dataset": dataset}
    batch, after = "", -1
    while True:
        with database.reading() as tx:
            rows = tx.rows(_BEHIND, **key, after_batch=batch, after=after, limit=_PART)
        if rows:
            yield [row[2] for row in rows]
        if len(rows) < _PART:
            return
        batch, after = rows[-1][0], rows[-1][1]


def blocks(tx: Transaction, tenant: Tenant, dataset: str, batch: str) -> list[tuple[int, int, int]]:
    """The parts in which a batch is read as lines: the number of each, its size in bytes and its records."""
    key = {"org": tenant.org, "sandbox": tenant.sandbox, "dataset": dataset, "batch": batch}
    return [(row[0], int(row[1]), row[2]) for row in tx.rows(_BLOCKS[tx.database.family], **key)]


def block(tx: Transaction, tenant: Tenant, dataset: str, batch: str, number: int) -> list[str]:
    """The records of one of these parts as JSON text."""
    key = {"org": tenant.org, "sandbox": tenant.sandbox, "dataset": dataset, "batch": batch}
    return [row[0] for row in tx.rows(_LINES, **key, first=number * BLOCK, end=(number + 1) * BLOCK)]

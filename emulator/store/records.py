"""Records that landed in datasets, in target shape."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import BigInteger, bindparam, delete, func, insert, select

from emulator.domain.tenant import Tenant
from emulator.store.database import Transaction
from emulator.store.tables import record

_INSERT = insert(record).values({column.name: bindparam(column.name) for column in record.c})
_OF_DATASET = (
    record.c.org == bindparam("org"),
    record.c.sandbox == bindparam("sandbox"),
    record.c.dataset == bindparam("dataset"),
)
_NUMBER = BigInteger()
_PAGE = (
    select(record.c.body)
    .where(*_OF_DATASET)
    .order_by(record.c.batch, record.c.position)
    .limit(bindparam("limit", type_=_NUMBER))
    .offset(bindparam("offset", type_=_NUMBER))
)
_COUNT = select(func.count()).select_from(record).where(*_OF_DATASET)
_REMOVE = delete(record).where(*_OF_DATASET)
_OF_BATCH = record.c.batch == bindparam("batch")
_OF_RUN = record.c.run == bindparam("run")
_SUMMARY = select(func.count(), func.coalesce(func.sum(func.length(record.c.body)), 0)).where(*_OF_DATASET, _OF_BATCH)

# One statement for each combination of filters, built once.
_FILTERED = {
    (by_batch, by_run): tuple(
        statement.where(*([_OF_BATCH] if by_batch else []), *([_OF_RUN] if by_run else []))
        for statement in (_PAGE, _COUNT)
    )
    for by_batch in (False, True)
    for by_run in (False, True)
}


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


def remove(tx: Transaction, tenant: Tenant, dataset: str) -> None:
    """Everything that landed in a dataset."""
    tx.run(_REMOVE, org=tenant.org, sandbox=tenant.sandbox, dataset=dataset)


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
    values = {"org": org, "sandbox": sandbox, "dataset": dataset}
    values |= {name: value for name, value in (("batch", batch), ("run", run)) if value is not None}
    page_statement, count_statement = _FILTERED[batch is not None, run is not None]
    rows = tx.rows(page_statement, **values, limit=limit, offset=offset)
    total = tx.row(count_statement, **values)
    return [row[0] for row in rows], total[0] if total else 0

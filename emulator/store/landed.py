"""What the tables of landed records and of rejected rows have in common: rows of a batch of a dataset, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, LargeBinary, Select, Table, bindparam, cast, func, select

from emulator.store.database import Family, Transaction
from emulator.store.tables import pending_run

# Rows that are handled together, so that the price in memory does not grow with the batch.
BLOCK = 256

_NUMBER = BigInteger()
LIMIT, OFFSET = bindparam("limit", type_=_NUMBER), bindparam("offset", type_=_NUMBER)

# The statements of a page and of its count, by whether a batch and whether a run is asked for.
Filtered = Mapping[tuple[bool, bool], tuple[Select[Any], Select[Any]]]


# What runs in progress have landed so far is nobody's before they end.
_UNFINISHED = select(pending_run.c.batch).where(
    pending_run.c.org == bindparam("org"),
    pending_run.c.sandbox == bindparam("sandbox"),
    pending_run.c.batch.is_not(None),
)


def of_dataset(table: Table) -> tuple[ColumnElement[bool], ...]:
    return tuple(table.c[name] == bindparam(name) for name in ("org", "sandbox", "dataset"))


def finished(table: Table) -> ColumnElement[bool]:
    """Rows of batches that no run is still at work on."""
    return table.c.batch.not_in(_UNFINISHED)


def of_batch(table: Table) -> ColumnElement[bool]:
    return table.c.batch == bindparam("batch")


def filtered(table: Table, page: Select[Any], count: Select[Any]) -> Filtered:
    """One pair of statements for each combination of filters, built once."""
    of_run = table.c.run == bindparam("run")
    page, count = page.where(finished(table)), count.where(finished(table))
    return {
        (by_batch, by_run): (page.where(*wanted), count.where(*wanted))
        for by_batch in (False, True)
        for by_run in (False, True)
        for wanted in [[*([of_batch(table)] if by_batch else []), *([of_run] if by_run else [])]]
    }


def page_of(
    tx: Transaction,
    statements: Filtered,
    org: str,
    sandbox: str,
    dataset: str,
    limit: int,
    offset: int,
    batch: str | None,
    run: str | None,
) -> tuple[list[tuple[Any, ...]], int]:
    """Rows that meet the filters that are not None, and how many of them there are in all."""
    page, count = statements[batch is not None, run is not None]
    wanted = {name: value for name, value in (("batch", batch), ("run", run)) if value is not None}
    values = {"org": org, "sandbox": sandbox, "dataset": dataset, **wanted}
    rows = tx.rows(page, **values, limit=limit, offset=offset)
    total = tx.row(count, **values)
    return rows, total[0] if total else 0


def size_in_bytes(text: ColumnElement[str], family: Family) -> ColumnElement[int]:
    """Of a text in UTF-8; a length without more would count characters."""
    if family == "postgresql":
        return func.octet_length(text)
    return func.length(cast(text, LargeBinary))

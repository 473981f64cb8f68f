"""The newest batches of datasets, found by the index of what batches belong to and how they stand."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, FromClause, bindparam, exists, func, select, true

from emulator.domain.index_values import index_value
from emulator.domain.kinds import BATCHES, DATASETS
from emulator.domain.tenant import Tenant
from emulator.store.database import Transaction
from emulator.store.landed import LIMIT, OFFSET
from emulator.store.tables import entry, resource

_OF, _STATUS = BATCHES.links[0], "status"


def _at(index: FromClause, field: str) -> list[ColumnElement[bool]]:
    own = [index.c[name] == bindparam(name) for name in ("org", "sandbox")]
    return [*own, index.c.kind == BATCHES.name, index.c.field == field]


_state = entry.alias("state")
_NEWEST = (
    select(resource.c.body)
    .select_from(entry.join(resource, entry.c.seq == resource.c.seq))
    .where(*_at(entry, _OF), entry.c.value == bindparam("dataset"))
    .order_by(entry.c.seq.desc())
    .limit(1)
)
_NEWEST_THAT = (
    select(resource.c.id)
    .select_from(entry.join(_state, entry.c.seq == _state.c.seq).join(resource, entry.c.seq == resource.c.seq))
    .where(*_at(entry, _OF), entry.c.value == bindparam("dataset"))
    .where(*_at(_state, _STATUS), _state.c.value == bindparam("status"))
    .order_by(entry.c.seq.desc())
    .limit(1)
)
# An index value is the word behind a mark.
_dataset = func.substr(entry.c.value, 2)
_WITH_BATCHES = (
    select(_dataset)
    .where(*_at(entry, _OF))
    .where(
        exists(
            select(true()).where(
                resource.c.org == bindparam("org"),
                resource.c.sandbox == bindparam("sandbox"),
                resource.c.kind == DATASETS.name,
                resource.c.id == _dataset,
            )
        )
    )
    .group_by(entry.c.value)
    .order_by(entry.c.value)
    .limit(LIMIT)
    .offset(OFFSET)
)


class LastBatches(NamedTuple):
    """The newest batch of a dataset as JSON text, and the ids of the newest that succeeded and that failed."""

    newest: str
    successful: str | None
    failed: str | None


def of(tx: Transaction, tenant: Tenant, dataset: str) -> LastBatches | None:
    """None for a dataset that has no batches."""
    key = {"org": tenant.org, "sandbox": tenant.sandbox, "dataset": index_value(dataset)}
    newest = tx.row(_NEWEST, **key)
    if newest is None:
        return None
    found = (tx.row(_NEWEST_THAT, **key, status=index_value(status)) for status in ("success", "failed"))
    successful, failed = (None if row is None else row[0] for row in found)
    return LastBatches(newest[0], successful, failed)


def datasets(tx: Transaction, tenant: Tenant, limit: int, offset: int) -> list[str]:
    """Ids of the datasets that have batches, in their own order."""
    rows = tx.rows(_WITH_BATCHES, org=tenant.org, sandbox=tenant.sandbox, limit=limit, offset=offset)
    return [row[0] for row in rows]

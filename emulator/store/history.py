"""How far time has come in a database, as what is stored there tells."""

from __future__ import annotations

import orjson
from sqlalchemy import func, select

from emulator.domain.index_values import AFTER_NUMBERS, NUMBERS, number_of
from emulator.domain.kinds import FLOWS, RUNS
from emulator.store.database import Transaction
from emulator.store.tables import entry, resource, sandbox

_TIMES = ("createdAt", "updatedAt", "created", "updated", "createdDate", "modifiedDate")
_CREATED = select(resource.c.body).order_by(resource.c.seq.desc()).limit(1)
# Flows and runs go on changing while nobody creates anything. One look at the end of an index a sandbox.
_CHANGED = [
    select(
        func.max(
            select(func.max(entry.c.value))
            .where(
                entry.c.org == sandbox.c.org,
                entry.c.sandbox == sandbox.c.name,
                entry.c.kind == kind.name,
                entry.c.field == field,
                entry.c.value >= NUMBERS,
                entry.c.value < AFTER_NUMBERS,
            )
            .correlate(sandbox)
            .scalar_subquery()
        )
    ).select_from(sandbox)
    for kind in (FLOWS, RUNS)
    for field in ("createdAt", "updatedAt")
]


def newest_event(tx: Transaction) -> int:
    """The newest instant at which something was made or a flow or run changed, in milliseconds; 0 for none."""
    changed = [row[0] for row in map(tx.row, _CHANGED) if row is not None and row[0]]
    created = tx.row(_CREATED)
    document = orjson.loads(created[0]) if created else {}
    times = [int(number_of(value)) for value in changed]
    times += [document[name] for name in _TIMES if isinstance(document.get(name), int)]
    return max(times, default=0)

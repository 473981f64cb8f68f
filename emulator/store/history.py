"""How far time has come in a database, as what is stored there tells."""

from __future__ import annotations

import orjson
from sqlalchemy import func, or_, select

from emulator.domain.index_values import AFTER_NUMBERS, NUMBERS, number_of
from emulator.store.database import Transaction
from emulator.store.tables import entry, resource

_TIMES = ("createdAt", "updatedAt", "created", "updated", "createdDate", "modifiedDate")
# Flows and runs: what goes on changing while nobody creates anything.
_CHANGED = select(func.max(entry.c.value)).where(
    or_(entry.c.field == "createdAt", entry.c.field == "updatedAt"),
    entry.c.value >= NUMBERS,
    entry.c.value < AFTER_NUMBERS,
)
_CREATED = select(resource.c.body).order_by(resource.c.seq.desc()).limit(1)


def newest_event(tx: Transaction) -> int:
    """The newest instant at which something was made or a flow or run changed, in milliseconds; 0 for none."""
    changed, created = tx.row(_CHANGED), tx.row(_CREATED)
    times = [int(number_of(changed[0]))] if changed and changed[0] else []
    document = orjson.loads(created[0]) if created else {}
    times += [document[name] for name in _TIMES if isinstance(document.get(name), int)]
    return max(times, default=0)

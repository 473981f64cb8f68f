"""Inlets: which base connection or flow an inlet id belongs to."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam, delete, insert, select

from emulator.domain.tenant import Tenant
from emulator.store.database import Transaction
from emulator.store.tables import inlet, sandbox


class Inlet(NamedTuple):
    """``kind`` is the kind of the owner: ``connections`` or ``flows``."""

    org: str
    sandbox: str
    sandbox_id: str
    kind: str
    owner: str


_INSERT = insert(inlet).values({column.name: bindparam(column.name) for column in inlet.c})
_FIND = (
    select(inlet.c.org, inlet.c.sandbox, sandbox.c.id, inlet.c.kind, inlet.c.owner)
    .select_from(inlet.join(sandbox))
    .where(inlet.c.id == bindparam("id"))
)
_DELETE = delete(inlet).where(
    inlet.c.org == bindparam("org"),
    inlet.c.sandbox == bindparam("sandbox"),
    inlet.c.kind == bindparam("kind"),
    inlet.c.owner == bindparam("owner"),
)


def create(tx: Transaction, tenant: Tenant, inlet_id: str, kind: str, owner: str) -> None:
    tx.run(_INSERT, id=inlet_id, org=tenant.org, sandbox=tenant.sandbox, kind=kind, owner=owner)


def find(tx: Transaction, inlet_id: str) -> Inlet | None:
    row = tx.row(_FIND, id=inlet_id)
    return Inlet(*row) if row else None


def remove(tx: Transaction, tenant: Tenant, kind: str, owner: str) -> None:
    tx.run(_DELETE, org=tenant.org, sandbox=tenant.sandbox, kind=kind, owner=owner)

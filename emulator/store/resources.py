"""Stored resources of every kind: create, read, list, replace under an etag, delete.

A resource is a JSON document kept as text; what is read is handed on as text, unparsed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
from sqlalchemy import Delete, Insert, bindparam, delete, insert, select, update

from emulator.domain.index_values import index_value
from emulator.domain.kinds import Kind
from emulator.domain.paths import values_at
from emulator.domain.tenant import Tenant
from emulator.store.database import Transaction
from emulator.store.tables import entry, resource

Document = dict[str, Any]

_OF_KIND = (
    resource.c.org == bindparam("org"),
    resource.c.sandbox == bindparam("sandbox"),
    resource.c.kind == bindparam("kind"),
)
_ONE = (*_OF_KIND, resource.c.id == bindparam("id"))

_INSERT = insert(resource).values(
    {name: bindparam(name) for name in ("org", "sandbox", "kind", "id", "etag", "body", "secrets")}
)
_INSERT_RETURNING = _INSERT.returning(resource.c.seq)
_INSERT_ENTRY = insert(entry).values({column.name: bindparam(column.name) for column in entry.c})
_DELETE_ENTRY = delete(entry).where(*(column == bindparam(column.name) for column in entry.c))
_BODY = select(resource.c.body).where(*_ONE)
_WITH_SECRETS = select(resource.c.body, resource.c.secrets, resource.c.etag).where(*_ONE)
_HELD = _WITH_SECRETS.with_for_update()
_EXISTS = select(resource.c.seq).where(*_ONE)
_INDEXED = select(resource.c.seq, resource.c.body).where(*_ONE)
_REPLACE = (
    update(resource)
    .where(*_ONE, resource.c.etag == bindparam("old_etag"))
    .values(etag=bindparam("new_etag"), body=bindparam("new_body"), secrets=bindparam("new_secrets"))
)
_DELETE = delete(resource).where(*_ONE)
_LIMIT = bindparam("limit", type_=resource.c.seq.type)
_HOMES = select(resource.c.org, resource.c.sandbox).where(
    resource.c.kind == bindparam("kind"), resource.c.id == bindparam("id")
)
_SLICE = (
    select(resource.c.id, resource.c.body)
    .where(*_OF_KIND)
    .order_by(resource.c.seq.desc())
    .limit(_LIMIT)
    .offset(bindparam("offset", type_=resource.c.seq.type))
)
_LINKED = (
    select(resource.c.id, resource.c.body)
    .select_from(entry.join(resource, entry.c.seq == resource.c.seq))
    .where(*(entry.c[name] == bindparam(name) for name in ("org", "sandbox", "kind", "field", "value")))
    .order_by(entry.c.seq)
    .limit(_LIMIT)
)


class Stored(NamedTuple):
    """A resource as it is kept: its document as shown, what is hidden of it, and its etag."""

    document: Document
    secrets: Document
    etag: str


def create(
    tx: Transaction,
    tenant: Tenant,
    kind: Kind,
    resource_id: str,
    document: Document,
    etag: str,
    secrets: Document | None = None,
) -> None:
    """Raises ``AlreadyThere`` when the id is taken and ``TenantGone`` when the sandbox is."""
    values = {
        "org": tenant.org,
        "sandbox": tenant.sandbox,
        "kind": kind.name,
        "id": resource_id,
        "etag": etag,
        "body": orjson.dumps(document).decode(),
        "secrets": orjson.dumps(secrets).decode() if secrets else None,
    }
    if not kind.indexed:
        tx.run(_INSERT, **values)
        return
    row = tx.row(_INSERT_RETURNING, **values)
    assert row is not None
    _write_entries(tx, tenant, kind, row[0], _INSERT_ENTRY, kind.entries_of(document))


def _write_entries(
    tx: Transaction, tenant: Tenant, kind: Kind, seq: int, statement: Insert | Delete, entries: set[tuple[str, str]]
) -> None:
    if entries:
        common = {"org": tenant.org, "sandbox": tenant.sandbox, "kind": kind.name, "seq": seq}
        tx.run_many(statement, [{**common, "field": field, "value": value} for field, value in sorted(entries)])


def _key(tenant: Tenant, kind: Kind, resource_id: str) -> dict[str, str]:
    return {"org": tenant.org, "sandbox": tenant.sandbox, "kind": kind.name, "id": resource_id}


def body(tx: Transaction, tenant: Tenant, kind: Kind, resource_id: str) -> str | None:
    """The document as JSON text."""
    row = tx.row(_BODY, **_key(tenant, kind, resource_id))
    return row[0] if row else None


def is_there(tx: Transaction, tenant: Tenant, kind: Kind, resource_id: str) -> bool:
    return tx.row(_EXISTS, **_key(tenant, kind, resource_id)) is not None


def read(tx: Transaction, tenant: Tenant, kind: Kind, resource_id: str) -> Document | None:
    text = body(tx, tenant, kind, resource_id)
    return orjson.loads(text) if text is not None else None


def read_stored(tx: Transaction, tenant: Tenant, kind: Kind, resource_id: str) -> Stored | None:
    return _stored(tx.row(_WITH_SECRETS, **_key(tenant, kind, resource_id)))


def hold(tx: Transaction, tenant: Tenant, kind: Kind, resource_id: str) -> Stored | None:
    """The same, and nobody else changes it before the transaction has ended; on SQLite there is but one writer."""
    return _stored(tx.row(_HELD, **_key(tenant, kind, resource_id)))


def _stored(row: tuple[Any, ...] | None) -> Stored | None:
    if row is None:
        return None
    return Stored(orjson.loads(row[0]), orjson.loads(row[1]) if row[1] else {}, row[2])


def replace(
    tx: Transaction,
    tenant: Tenant,
    kind: Kind,
    resource_id: str,
    document: Document,
    old_etag: str,
    new_etag: str,
    secrets: Document | None = None,
) -> bool:
    """Swap the document if it still has ``old_etag``; False when another write was faster."""
    key = _key(tenant, kind, resource_id)
    old = tx.row(_INDEXED, **key) if kind.indexed else None
    swapped = tx.run(
        _REPLACE,
        **key,
        old_etag=old_etag,
        new_etag=new_etag,
        new_body=orjson.dumps(document).decode(),
        new_secrets=orjson.dumps(secrets).decode() if secrets else None,
    )
    if swapped and old is not None:
        before, after = kind.entries_of(orjson.loads(old[1])), kind.entries_of(document)
        _write_entries(tx, tenant, kind, old[0], _DELETE_ENTRY, before - after)
        _write_entries(tx, tenant, kind, old[0], _INSERT_ENTRY, after - before)
    return swapped == 1


def remove(tx: Transaction, tenant: Tenant, kind: Kind, resource_id: str) -> bool:
    key = _key(tenant, kind, resource_id)
    old = tx.row(_INDEXED, **key) if kind.indexed else None
    removed = tx.run(_DELETE, **key)
    if removed and old is not None:
        _write_entries(tx, tenant, kind, old[0], _DELETE_ENTRY, kind.entries_of(orjson.loads(old[1])))
    return removed == 1


def linked(tx: Transaction, tenant: Tenant, kind: Kind, field: str, target: str, limit: int = 10) -> list[str]:
    """Ids of the resources of a kind whose ``field`` names ``target``, oldest first."""
    key = {"org": tenant.org, "sandbox": tenant.sandbox, "kind": kind.name}
    rows = tx.rows(_LINKED, **key, field=field, value=index_value(target), limit=limit)
    # An entry knows neither the case of letters nor the end of a long text.
    return [row[0] for row in rows if target in values_at(orjson.loads(row[1]), field)]


def homes(tx: Transaction, kind: Kind, resource_id: str) -> list[tuple[str, str]]:
    """Organisation and sandbox of every resource of that id, for those who stand above tenants."""
    return [(row[0], row[1]) for row in tx.rows(_HOMES, kind=kind.name, id=resource_id)]


def slice_of(tx: Transaction, tenant: Tenant, kind: Kind, limit: int, offset: int) -> list[str]:
    """Documents as JSON text, newest first, for services that page by offset."""
    return [body for _, body in slice_with_ids(tx, tenant, kind, limit, offset)]


def slice_with_ids(tx: Transaction, tenant: Tenant, kind: Kind, limit: int, offset: int) -> list[tuple[str, str]]:
    """The same, each with its id."""
    values = {"org": tenant.org, "sandbox": tenant.sandbox, "kind": kind.name}
    return [(row[0], row[1]) for row in tx.rows(_SLICE, **values, limit=limit, offset=offset)]

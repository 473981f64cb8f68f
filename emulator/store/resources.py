"""Stored resources of every kind: create, read, list, replace under an etag, delete.

A resource is a JSON document kept as text; what is read is handed on as text, unparsed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, update

from emulator.domain.filters import Condition, OrderKey
from emulator.domain.kinds import Kind
from emulator.domain.tenant import Tenant
from emulator.store.conditions import behind, matches, order_columns
from emulator.store.database import Transaction
from emulator.store.tables import link, resource

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
_INSERT_LINK = insert(link).values({column.name: bindparam(column.name) for column in link.c})
_BODY = select(resource.c.body).where(*_ONE)
_WITH_SECRETS = select(resource.c.body, resource.c.secrets, resource.c.etag).where(*_ONE)
_EXISTS = select(resource.c.seq).where(*_ONE)
_REPLACE = (
    update(resource)
    .where(*_ONE, resource.c.etag == bindparam("old_etag"))
    .values(etag=bindparam("new_etag"), body=bindparam("new_body"), secrets=bindparam("new_secrets"))
)
_REMOVE_LINKS = delete(link).where(link.c.seq == bindparam("seq"))
_DELETE = delete(resource).where(*_ONE)
_COUNT = select(func.count()).select_from(resource).where(*_OF_KIND)
_LIMIT = bindparam("limit", type_=resource.c.seq.type)
_NEWEST = select(resource.c.seq, resource.c.body).where(*_OF_KIND).order_by(resource.c.seq.desc()).limit(_LIMIT)
_NEWEST_AFTER = _NEWEST.where(resource.c.seq < bindparam("after"))
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
    select(resource.c.id)
    .select_from(link.join(resource, link.c.seq == resource.c.seq))
    .where(
        link.c.org == bindparam("org"),
        link.c.sandbox == bindparam("sandbox"),
        link.c.kind == bindparam("kind"),
        link.c.field == bindparam("field"),
        link.c.target == bindparam("target"),
    )
    .order_by(link.c.seq)
    .limit(_LIMIT)
)


class Stored(NamedTuple):
    """A resource as it is kept: its document as shown, what is hidden of it, and its etag."""

    document: Document
    secrets: Document
    etag: str


class Page(NamedTuple):
    """Some documents as JSON text, and the place behind the last one when there are more."""

    bodies: list[str]
    next: list[Any] | None


@dataclass(frozen=True)
class Query:
    """What a list asks for. ``after`` is a place that an earlier page ended with."""

    conditions: Sequence[Condition] = ()
    order: Sequence[OrderKey] = ()
    limit: int = 20
    after: Sequence[Any] | None = None


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
    links = kind.links_of(document) if kind.links else []
    if not links:
        tx.run(_INSERT, **values)
        return
    row = tx.row(_INSERT_RETURNING, **values)
    assert row is not None
    _create_links(tx, tenant, kind, row[0], links)


def _create_links(tx: Transaction, tenant: Tenant, kind: Kind, seq: int, links: list[tuple[str, str]]) -> None:
    common = {"org": tenant.org, "sandbox": tenant.sandbox, "kind": kind.name, "seq": seq}
    tx.run_many(_INSERT_LINK, [{**common, "field": field, "target": target} for field, target in links])


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
    row = tx.row(_WITH_SECRETS, **_key(tenant, kind, resource_id))
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
    swapped = tx.run(
        _REPLACE,
        **key,
        old_etag=old_etag,
        new_etag=new_etag,
        new_body=orjson.dumps(document).decode(),
        new_secrets=orjson.dumps(secrets).decode() if secrets else None,
    )
    if swapped and kind.links:
        row = tx.row(_EXISTS, **key)
        assert row is not None
        tx.run(_REMOVE_LINKS, seq=row[0])
        links = kind.links_of(document)
        if links:
            _create_links(tx, tenant, kind, row[0], links)
    return swapped == 1


def remove(tx: Transaction, tenant: Tenant, kind: Kind, resource_id: str) -> bool:
    return tx.run(_DELETE, **_key(tenant, kind, resource_id)) == 1


def linked(tx: Transaction, tenant: Tenant, kind: Kind, field: str, target: str, limit: int = 10) -> list[str]:
    """Ids of the resources of a kind whose ``field`` names ``target``, oldest first."""
    key = {"org": tenant.org, "sandbox": tenant.sandbox, "kind": kind.name}
    return [row[0] for row in tx.rows(_LINKED, **key, field=field, target=target, limit=limit)]


def homes(tx: Transaction, kind: Kind, resource_id: str) -> list[tuple[str, str]]:
    """Organisation and sandbox of every resource of that id, for those who stand above tenants."""
    return [(row[0], row[1]) for row in tx.rows(_HOMES, kind=kind.name, id=resource_id)]


def count(tx: Transaction, tenant: Tenant, kind: Kind, conditions: Sequence[Condition] = ()) -> int:
    statement = _COUNT
    for condition in conditions:
        statement = statement.where(matches(condition, kind, tx.database.family))
    row = tx.row(statement, org=tenant.org, sandbox=tenant.sandbox, kind=kind.name)
    return row[0] if row else 0


def page(tx: Transaction, tenant: Tenant, kind: Kind, query: Query) -> Page:
    """One page: newest first unless ordered otherwise; one row more is read to know if it is the last."""
    if query.conditions or query.order:
        return _searched_page(tx, tenant, kind, query)
    values = {"org": tenant.org, "sandbox": tenant.sandbox, "kind": kind.name, "limit": query.limit + 1}
    if query.after is None:
        rows = tx.rows(_NEWEST, **values)
    else:
        rows = tx.rows(_NEWEST_AFTER, **values, after=query.after[0])
    more = len(rows) > query.limit
    return Page([row[1] for row in rows[: query.limit]], [rows[query.limit - 1][0]] if more else None)


def slice_of(tx: Transaction, tenant: Tenant, kind: Kind, limit: int, offset: int) -> list[str]:
    """Documents as JSON text, newest first, for services that page by offset."""
    return [body for _, body in slice_with_ids(tx, tenant, kind, limit, offset)]


def slice_with_ids(tx: Transaction, tenant: Tenant, kind: Kind, limit: int, offset: int) -> list[tuple[str, str]]:
    """The same, each with its id."""
    values = {"org": tenant.org, "sandbox": tenant.sandbox, "kind": kind.name}
    return [(row[0], row[1]) for row in tx.rows(_SLICE, **values, limit=limit, offset=offset)]


def _searched_page(tx: Transaction, tenant: Tenant, kind: Kind, query: Query) -> Page:
    family = tx.database.family
    keys: list[tuple[ColumnElement[Any], bool]] = [
        (column, key.descending) for key in query.order for column in order_columns(key, family)
    ]
    keys.append((resource.c.seq, True))
    statement = select(resource.c.body, *(column for column, _ in keys)).where(*_OF_KIND)
    for condition in query.conditions:
        statement = statement.where(matches(condition, kind, family))
    if query.after is not None:
        statement = statement.where(behind(keys, query.after))
    ordered = [column.desc() if descending else column.asc() for column, descending in keys]
    values = {"org": tenant.org, "sandbox": tenant.sandbox, "kind": kind.name, "limit": query.limit + 1}
    rows = tx.rows(statement.order_by(*ordered).limit(_LIMIT), **values)
    more = len(rows) > query.limit
    return Page([row[0] for row in rows[: query.limit]], list(rows[query.limit - 1][1:]) if more else None)

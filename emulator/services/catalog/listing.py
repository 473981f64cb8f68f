"""Pages of Catalog's lists: what the filters find, and as much of it as is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from emulator.domain.catalog_queries import CatalogQuery, passes
from emulator.domain.kinds import Kind
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer
from emulator.store import pages
from emulator.store.database import Transaction
from emulator.store.pages import Query

Document = dict[str, Any]
# So many are looked at together where only looking at them tells whether they are wanted.
_AT_ONCE = 500


def found(
    tx: Transaction, tenant: Tenant, kind: Kind, query: CatalogQuery, limit: int, start: int
) -> list[tuple[str, str]]:
    """Ids and documents as JSON text."""
    if not query.tests:
        page = pages.page(tx, tenant, kind, Query(query.conditions, query.order, limit, offset=start))
        return list(zip(page.ids, page.bodies, strict=True))
    met: list[tuple[str, str]] = []
    after: tuple[Any, ...] | None = None
    while len(met) < start + limit:
        page = pages.page(tx, tenant, kind, Query(query.conditions, query.order, _AT_ONCE, after))
        pairs = zip(page.ids, page.bodies, strict=True)
        met += [(name, body) for name, body in pairs if passes(query, orjson.loads(body))]
        if page.next is None:
            break
        after = tuple(page.next)
    return met[start : start + limit]


def keyed(listed: Iterable[tuple[str, str]]) -> Answer:
    """An object keyed by id, of documents that are text already."""
    members = (orjson.dumps(name) + b":" + body.encode() for name, body in listed)
    return Answer(200, b"{" + b",".join(members) + b"}")


def shown(document: Document, fields: tuple[str, ...] | None) -> Document:
    """Only the fields that were asked for; what a document does not have is left out."""
    if fields is None:
        return document
    return {name: document[name] for name in fields if name in document}

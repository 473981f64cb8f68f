"""How the operations of the registry read and write what a tenant has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.kinds import DATASETS, DESCRIPTORS, SCHEMAS, Kind
from emulator.domain.tenant import Tenant
from emulator.domain.xdm_library import OWN, Collection
from emulator.services.registry.lists import EVERYTHING
from emulator.store import resources
from emulator.store.database import Contended, Transaction
from emulator.store.resources import Stored

Document = dict[str, Any]


def kind_of(collection: Collection) -> Kind:
    assert collection.kind is not None, f"a tenant has no {collection.name}"
    return collection.kind


def stored(tx: Transaction, tenant: Tenant, collection: Collection, resource_id: str) -> Stored:
    found = resources.read_stored(tx, tenant, kind_of(collection), resource_id)
    if found is None:
        raise Refusal(collection.not_found, id=resource_id, version=1)
    return found


def all_of(tx: Transaction, tenant: Tenant, kind: Kind) -> list[Document]:
    return [orjson.loads(body) for body in resources.slice_of(tx, tenant, kind, EVERYTHING, 0)]


def check_title(tx: Transaction, tenant: Tenant, title: str, but: str | None = None) -> None:
    """Documented: titles are unique across all kinds of resources. ``but`` may have it already."""
    for collection in OWN:
        for other in resources.linked(tx, tenant, kind_of(collection), "title", title, EVERYTHING):
            if other != but:
                raise Refusal("XDM-1521-400", id=other, field="title", given=title)


def check_unused(tx: Transaction, tenant: Tenant, resource_id: str) -> None:
    """What datasets, other resources or relationships name is not deleted."""
    users = resources.linked(tx, tenant, DATASETS, "schemaRef.id", resource_id)
    for collection in OWN:
        users += resources.linked(tx, tenant, kind_of(collection), "refs[]", resource_id)
    users += resources.linked(tx, tenant, DESCRIPTORS, "xdm:destinationSchema", resource_id)
    if users:
        raise Refusal("XDM-1447-400", id=resource_id, users=", ".join(users))


def descriptors_of(tx: Transaction, tenant: Tenant, resource_id: str, end: str = "xdm:sourceSchema") -> list[Document]:
    """The descriptors that begin, or end, at a resource."""
    found = resources.linked(tx, tenant, DESCRIPTORS, end, resource_id, EVERYTHING)
    read = (resources.read(tx, tenant, DESCRIPTORS, descriptor) for descriptor in found)
    return [descriptor for descriptor in read if descriptor is not None]


def write(tx: Transaction, tenant: Tenant, kind: Kind, resource: str, old: Stored, new: Document, etag: str) -> None:
    if not resources.replace(tx, tenant, kind, resource, new, old.etag, etag):
        raise Contended(f"{resource} was changed")


def keep_primary_identities(tx: Transaction, tenant: Tenant, schema: str, descriptors: Iterable[Document]) -> None:
    """Note at a schema which descriptors make a field of it required, so that records need not look for them."""
    old = resources.read_stored(tx, tenant, SCHEMAS, schema)
    if old is None:
        return
    ids = sorted(descriptor["@id"] for descriptor in descriptors)
    document = {name: value for name, value in old.document.items() if name != "meta:primaryIdentities"}
    write(tx, tenant, SCHEMAS, schema, old, document | ({"meta:primaryIdentities": ids} if ids else {}), old.etag)

"""Schemas as records meet them: whole, with everything they refer to worked in."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from emulator.domain import xdm_resolution
from emulator.domain.kinds import DATASETS, DESCRIPTORS, SCHEMAS
from emulator.domain.tenant import Tenant
from emulator.domain.xdm_library import Lookup, find_global, own_collection
from emulator.domain.xdm_references import own_references
from emulator.domain.xdm_validation import Validator
from emulator.store import resources
from emulator.store.database import Transaction

Document = dict[str, Any]
# What a resolved schema is made of, as JSON texts; equal texts make equal schemas.
Texts = tuple[str, ...]


def texts_of(tx: Transaction, tenant: Tenant, dataset: str) -> Texts | None:
    """What the schema of a dataset is made of; None where the dataset or its schema is gone.

    First the schema; then the tenant's own parts that it refers to, through as many as it takes; then the
    descriptors of identities that make a field required.
    """
    document = resources.read(tx, tenant, DATASETS, dataset)
    schema = document["schemaRef"].get("id") if document else None
    return texts_of_schema(tx, tenant, schema) if schema else None


def texts_of_schema(tx: Transaction, tenant: Tenant, schema: str) -> Texts | None:
    """The same of a schema by its ``$id``."""
    body = resources.body(tx, tenant, SCHEMAS, schema)
    if body is None:
        return None
    parts, identities = _needs(body)
    if not parts and not identities:
        return (body,)
    found = [resources.body(tx, tenant, DESCRIPTORS, identity) for identity in identities]
    return (body, *_parts(tx, tenant, parts).values(), *(text for text in found if text is not None))


@lru_cache(maxsize=1024)
def _needs(text: str) -> tuple[Texts, Texts]:
    """The ids of the tenant's resources and of the descriptors that a resource names."""
    document = orjson.loads(text)
    return tuple(own_references(document)), tuple(document.get("meta:primaryIdentities", ()))


def _parts(tx: Transaction, tenant: Tenant, ids: Texts) -> dict[str, str]:
    """Resources and all that they refer to in turn, each once."""
    found: dict[str, str] = {}
    waiting = list(ids)
    while waiting:
        part = waiting.pop(0)
        text = None if part in found else _body(tx, tenant, part)
        if text is not None:
            found[part] = text
            waiting += _needs(text)[0]
    return found


def _body(tx: Transaction, tenant: Tenant, resource_id: str) -> str | None:
    collection = own_collection(resource_id)
    if collection is None or collection.kind is None:
        return None
    return resources.body(tx, tenant, collection.kind, resource_id)


def lookup_in(tx: Transaction, tenant: Tenant) -> Lookup:
    """Finds global resources and the tenant's own by ``$id``."""

    def lookup(resource_id: str) -> Document | None:
        found = find_global(resource_id)
        if found is not None:
            return found
        text = _body(tx, tenant, resource_id)
        return None if text is None else orjson.loads(text)

    return lookup


@lru_cache(maxsize=256)
def resolved(texts: Texts) -> Document:
    """The schema as one tree of properties. Shared: nobody writes into it."""
    schema, *others = (orjson.loads(text) for text in texts)
    own = {document["$id"]: document for document in others if "$id" in document}
    paths = [document.get("xdm:sourceProperty") for document in others if "@type" in document]
    # Earlier releases kept identities that name several fields; such a one requires none.
    required = [path for path in paths if isinstance(path, str)]

    def lookup(resource_id: str) -> Document | None:
        return find_global(resource_id) or own.get(resource_id)

    return xdm_resolution.resolved(schema, lookup, required)


@lru_cache(maxsize=256)
def validator(texts: Texts) -> Validator:
    """What holds messages against the schema."""
    return Validator(resolved(texts))


@lru_cache(maxsize=256)
def validator_of_rows(texts: Texts) -> Validator:
    """What holds records of runs against the schema: null is as good as nothing there."""
    return Validator(resolved(texts), takes_nulls=True)

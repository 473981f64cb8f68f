"""Schemas, classes, field groups and data types of a tenant as they are stored, and how they change."""

from __future__ import annotations

from typing import Any, NamedTuple

from emulator.domain.errors import Refusal
from emulator.domain.schema_ids import ROOT, alt_id, schema_id
from emulator.domain.tenant import Tenant
from emulator.domain.xdm_library import (
    BEHAVIOR,
    CLASS,
    DATA_TYPE,
    FIELD_GROUP,
    SCHEMA,
    Collection,
    Lookup,
    collection_of,
)
from emulator.domain.xdm_references import references

Document = dict[str, Any]

GLOBAL_LIBRARY = "1.0.0"
# What a tenant says of a resource; all else is the registry's own, and sent back by clients that change a whole one.
SAID = (
    *("title", "description", "meta:immutableTags", "meta:intendedToExtend", "definitions", "properties", "required"),
    *("meta:status", "meta:enum"),
)


class Writing(NamedTuple):
    """Who writes, when, and the digest that tells this version from others."""

    tenant: Tenant
    etag: str
    now: int

    def metadata(self) -> Document:
        """What the registry notes of something that is new."""
        return {
            "repo:createdDate": self.now,
            "repo:lastModifiedDate": self.now,
            "xdm:createdClientId": self.tenant.client,
            "xdm:lastModifiedClientId": self.tenant.client,
            "xdm:createdUserId": self.tenant.user,
            "xdm:lastModifiedUserId": self.tenant.user,
            "eTag": self.etag,
        }


def resource_id(collection: Collection, token: str, tenant: Tenant) -> str:
    return f"{ROOT}{tenant.tenant_id}/{collection.name}/{token}"


def new_resource(collection: Collection, body: Document, token: str, lookup: Lookup, by: Writing) -> Document:
    """A resource as it is stored: what was sent and what the registry adds."""
    tenant = by.tenant
    metadata = {**by.metadata(), "meta:globalLibVersion": GLOBAL_LIBRARY}
    return _document(collection, body, resource_id(collection, token, tenant), "1.0", lookup, tenant, metadata)


def revised(collection: Collection, before: Document, body: Document, lookup: Lookup, by: Writing) -> Document:
    """The next minor version of a resource. Documented: there is no other major version than 1."""
    minor = int(before["version"].split(".")[1]) + 1
    metadata = before["meta:registryMetadata"] | {
        "repo:lastModifiedDate": by.now,
        "xdm:lastModifiedClientId": by.tenant.client,
        "xdm:lastModifiedUserId": by.tenant.user,
        "eTag": by.etag,
    }
    after = _document(collection, body, before["$id"], f"1.{minor}", lookup, by.tenant, metadata)
    kept = {name: before[name] for name in ("meta:primaryIdentities",) if name in before}
    if collection is SCHEMA and after["meta:class"] != before["meta:class"]:
        raise Refusal(
            "XDM-1400-400",
            detail="The class of a schema cannot be changed.",
            field="allOf",
            given=after["meta:class"],
            hint=f"It is {before['meta:class']}.",
        )
    return after | kept


def _document(
    collection: Collection,
    body: Document,
    resource: str,
    version: str,
    lookup: Lookup,
    tenant: Tenant,
    metadata: Document,
) -> Document:
    refs = references(body)
    sent = {name: _kept(body[name]) for name in SAID if name in body}
    parts = {"allOf": [_part(part) for part in body["allOf"]]} if "allOf" in body else {}
    return {
        "$id": resource,
        "meta:altId": alt_id(resource),
        "meta:resourceType": collection.name,
        "version": version,
        **sent,
        "type": "object",
        **parts,
        "refs": refs,
        "imsOrg": tenant.org,
        "meta:extensible": collection is not SCHEMA,
        "meta:abstract": collection is not SCHEMA,
        **_extends(collection, body, refs, lookup),
        "meta:xdmType": "object",
        "meta:registryMetadata": metadata,
        "meta:containerId": "tenant",
        "meta:sandboxId": tenant.sandbox_id,
        "meta:sandboxType": tenant.sandbox_type,
        "meta:tenantNamespace": f"_{tenant.tenant_id}",
    }


def _extends(collection: Collection, body: Document, refs: list[str], lookup: Lookup) -> Document:
    """What a class or a schema is made of: documented as its class, the class's behaviours, and all it names."""
    if collection is DATA_TYPE:
        return {}
    if collection is FIELD_GROUP:
        return {"meta:extends": [], "meta:intendedToExtend": body.get("meta:intendedToExtend", [])}
    named = {ref: found for ref in refs if (found := lookup(ref)) is not None}
    inherited = [parent for found in named.values() for parent in found.get("meta:extends", ())]
    wanted = CLASS if collection is SCHEMA else BEHAVIOR
    first = next(ref for ref in refs if ref in named and collection_of(named[ref]) is wanted)
    own = [ref for ref in refs if ref in named and collection_of(named[ref]) is not DATA_TYPE]
    extends: Document = {"meta:extends": list(dict.fromkeys([first, *inherited, *own]))}
    return {**extends, "meta:class": first} if collection is SCHEMA else extends


def behaviour(schema: Document) -> str:
    """``record``, ``time-series`` or ``adhoc``: what a schema's class extends."""
    data = f"{ROOT}xdm/data/"
    found: str = next(parent for parent in schema["meta:extends"] if parent.startswith(data))
    return found.removeprefix(data)


def _part(part: Document) -> Document:
    return {**_kept(part), "type": "object", "meta:xdmType": "object"}


def _kept(value: Any) -> Any:
    """A part as it is stored: references by ``$id``, whichever name was sent."""
    if isinstance(value, list):
        return [_kept(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _kept(entry) for name, entry in value.items()}
    if isinstance(kept.get("$ref"), str):
        kept["$ref"] = schema_id(kept["$ref"])
    return kept


def said(resource: Document) -> Document:
    """What clients can change of a resource."""
    return {name: resource[name] for name in (*SAID, "allOf", "type") if name in resource}


def is_union(schema: Document) -> bool:
    return "union" in schema.get("meta:immutableTags", ())

"""Unions: what all schemas of a class have together that are tagged for it. Nobody writes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emulator.domain.schema_ids import alt_id
from emulator.domain.tenant import Tenant
from emulator.domain.xdm_library import Lookup
from emulator.domain.xdm_resources import GLOBAL_LIBRARY, is_union

Document = dict[str, Any]

_SUFFIX = "__union"


def union_id(name: str) -> str:
    """The ``$id`` of the union of a class, which may be named by either."""
    return name if name.endswith(_SUFFIX) else f"{name}{_SUFFIX}"


def unions(schemas: Iterable[Document], lookup: Lookup, tenant: Tenant) -> list[Document]:
    """The union of every class that has schemas with the tag, in order of their titles."""
    by_class: dict[str, list[Document]] = {}
    for schema in schemas:
        if is_union(schema):
            by_class.setdefault(schema["meta:class"], []).append(schema)
    found = [_union(lookup(of_class) or {}, of_class, members, tenant) for of_class, members in by_class.items()]
    return sorted(found, key=lambda union: str(union["title"]))


def _union(parent: Document, of_class: str, members: list[Document], tenant: Tenant) -> Document:
    members = sorted(members, key=lambda schema: str(schema["$id"]))
    parts = [part for schema in members for part in schema["allOf"]]
    distinct = [part for number, part in enumerate(parts) if part not in parts[:number]]
    extends = [schema["$id"] for schema in members]
    extends += [parent_id for schema in members for parent_id in schema["meta:extends"]]
    newest = max(members, key=lambda schema: int(schema["meta:registryMetadata"]["repo:lastModifiedDate"]))
    return {
        "$id": union_id(of_class),
        "meta:altId": alt_id(union_id(of_class)),
        "meta:resourceType": "unions",
        "version": "1.0",
        "title": parent.get("title", of_class),
        "description": parent.get("description", ""),
        "type": "object",
        "allOf": distinct,
        "refs": list(dict.fromkeys(ref for schema in members for ref in schema["refs"])),
        "imsOrg": tenant.org,
        "meta:extends": list(dict.fromkeys(extends)),
        "meta:xdmType": "object",
        "meta:registryMetadata": {
            "eTag": newest["meta:registryMetadata"]["eTag"],
            "meta:globalLibVersion": GLOBAL_LIBRARY,
        },
        "meta:class": of_class,
        "meta:containerId": "tenant",
        "meta:sandboxId": tenant.sandbox_id,
        "meta:sandboxType": tenant.sandbox_type,
        "meta:tenantNamespace": f"_{tenant.tenant_id}",
    }

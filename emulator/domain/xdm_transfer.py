"""Export and import: resources with everything of the tenant's that they stand on, without the tenant's name."""

from __future__ import annotations

import re
from typing import Any

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.tenant import Tenant
from emulator.domain.xdm_forms import plain
from emulator.domain.xdm_library import OWN, Collection, Lookup
from emulator.domain.xdm_references import own_references

Document = dict[str, Any]

# What stands for the tenant in an export, as documented.
PLACEHOLDER = "<XDM_TENANTID_PLACEHOLDER>"
_TOKEN = re.compile(r"[0-9a-f]{32}([0-9a-f]{16})?")
# What belongs to the place that a resource was in.
_OF_THE_PLACE = frozenset("imsOrg refs meta:registryMetadata meta:containerId meta:tenantNamespace".split())


def exported(resource: Document, lookup: Lookup, tenant: Tenant) -> list[Document]:
    """A resource behind all that it refers to, each before what refers to it."""
    found: dict[str, Document] = {}
    waiting = [(resource, False)]
    while waiting:
        current, parts_are_there = waiting.pop()
        if parts_are_there:
            found.setdefault(current["$id"], current)
        elif current["$id"] not in found:
            waiting.append((current, True))
            parts = [part for ref in own_references(current) if (part := lookup(ref)) is not None]
            waiting += [(part, False) for part in parts]
    return [_nameless(document, tenant) for document in found.values()]


def _nameless(document: Document, tenant: Tenant) -> Document:
    text = orjson.dumps({name: value for name, value in plain(document).items() if name not in _OF_THE_PLACE})
    nameless: Document = _replaced(orjson.loads(text), f"/{tenant.tenant_id}/", f"_{tenant.tenant_id}", PLACEHOLDER)
    return nameless


def _replaced(value: Any, in_ids: str, namespace: str, by: str) -> Any:
    """The same with another tenant's name, in ids and as the name of the field that holds own ones."""
    if isinstance(value, list):
        return [_replaced(entry, in_ids, namespace, by) for entry in value]
    if isinstance(value, dict):
        return {
            f"_{by}" if name == namespace else name: _replaced(entry, in_ids, namespace, by)
            for name, entry in value.items()
        }
    if not isinstance(value, str):
        return value
    if value.startswith(f"{namespace}."):
        return f"_{by}{value.removeprefix(namespace)}"
    return value.replace(f"https://ns.adobe.com{in_ids}", f"https://ns.adobe.com/{by}/")


def to_import(body: Any, tenant: Tenant) -> list[tuple[Collection, str, Document]]:
    """What an export brings into a tenant: of each resource its kind, the last part of its id, and itself."""
    if not isinstance(body, list) or not all(isinstance(entry, dict) for entry in body):
        raise _refused("send the array that GET /rpc/export answers with", None)
    found = []
    for number, entry in enumerate(body):
        collection = next((kind for kind in OWN if kind.name == entry.get("meta:resourceType")), None)
        if collection is None:
            raise _refused("no resource of this kind can be imported", f"[{number}].meta:resourceType")
        named = _replaced(entry, f"/{PLACEHOLDER}/", f"_{PLACEHOLDER}", tenant.tenant_id)
        token = str(named.get("$id", "")).rsplit("/", 1)[-1]
        if not _TOKEN.fullmatch(token):
            raise _refused("its id must end with 32 or 48 hexadecimal digits", f"[{number}].$id")
        found.append((collection, token, named))
    return found


def _refused(detail: str, field: str | None) -> Refusal:
    return Refusal("XDM-3005-400", detail=detail, field=field)

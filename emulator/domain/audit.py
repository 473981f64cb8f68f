"""The audit fields of stored entities, in the order in which the service shows them."""

from __future__ import annotations

from typing import Any

from emulator.domain.tenant import Tenant

Document = dict[str, Any]

AUDIT_FIELDS = (
    "id",
    "createdAt",
    "updatedAt",
    "createdBy",
    "updatedBy",
    "createdClient",
    "updatedClient",
    "sandboxId",
    "sandboxName",
    "imsOrgId",
)
_KEPT_BY_SERVICE = frozenset([*AUDIT_FIELDS, "etag", "version", "state"])


def created(body: Document, resource_id: str, tenant: Tenant, now: int, etag: str, state: str = "enabled") -> Document:
    """A new entity: audit fields first, then what was sent, then state and version. Nulls are left out."""
    return {
        "id": resource_id,
        "createdAt": now,
        "updatedAt": now,
        "createdBy": tenant.user,
        "updatedBy": tenant.user,
        "createdClient": tenant.client,
        "updatedClient": tenant.client,
        "sandboxId": tenant.sandbox_id,
        "sandboxName": tenant.sandbox,
        "imsOrgId": tenant.org,
        **{name: value for name, value in body.items() if name not in _KEPT_BY_SERVICE and value is not None},
        "state": state,
        "version": etag,
        "etag": etag,
    }


def changed(document: Document, tenant: Tenant, now: int, etag: str) -> Document:
    """The entity after a write by ``tenant``."""
    marks = {"updatedAt": now, "updatedBy": tenant.user, "updatedClient": tenant.client, "etag": etag}
    if "version" in document:
        marks["version"] = etag
    return {**{name: value for name, value in document.items() if value is not None}, **marks}


def content(document: Document) -> Document:
    """What of an entity its author wrote: everything but what the service keeps."""
    return {name: value for name, value in document.items() if name not in _KEPT_BY_SERVICE}

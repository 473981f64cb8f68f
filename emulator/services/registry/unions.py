"""Unions, which follow from the tenant's schemas, and figures about all that the tenant has."""

from __future__ import annotations

from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.kinds import SCHEMAS
from emulator.domain.schema_ids import schema_id
from emulator.domain.xdm_library import CLASS, DATA_TYPE, FIELD_GROUP, OWN, SCHEMA, UNION, Lookup, find_global
from emulator.domain.xdm_unions import union_id, unions
from emulator.edge.call import Answer, Call, answer
from emulator.engine.schemas import lookup_in
from emulator.engine.world import World
from emulator.services.registry import answers, storage
from emulator.store.database import Transaction

Document = dict[str, Any]
# How many of the newest the figures name; no number is published.
RECENT = 10


class Unions:
    """What the registry works out of all that a tenant has."""

    def __init__(self, world: World) -> None:
        self._database = world.database

    def list(self, call: Call) -> Answer:
        with self._database.reading() as tx:
            lookup = lookup_in(tx, call.tenant)
            return answers.many(call, lambda: _all(tx, call, lookup), lookup)

    def get(self, call: Call) -> Answer:
        """By the union's own name or by that of its class."""
        form = answers.asked_for(call)
        wanted = union_id(schema_id(call.params["id"]))
        answers.check_version(form, UNION, wanted)
        with self._database.reading() as tx:
            lookup = lookup_in(tx, call.tenant)
            found = next((union for union in _all(tx, call, lookup) if union["$id"] == wanted), None)
            if found is None:
                hint = "A union is there once a schema of its class has the tag union in meta:immutableTags."
                raise Refusal(UNION.not_found, id=wanted, version=form.version, hint=hint)
            return answers.one(found, form, lookup)

    def stats(self, call: Call) -> Answer:
        """Documented keys; ``tenantId`` has no underscore."""
        call.query.check((), answers.CODE)
        tenant = call.tenant
        with self._database.reading() as tx:
            own = {kind: storage.all_of(tx, tenant, storage.kind_of(kind)) for kind in OWN}
            lookup = lookup_in(tx, tenant)
        everything = [resource for resources in own.values() for resource in resources]
        counts = {
            "schemas": len(own[SCHEMA]),
            "mixins": len(own[FIELD_GROUP]),
            "datatypes": len(own[DATA_TYPE]),
            "classes": len(own[CLASS]),
            "unions": len(unions(own[SCHEMA], lookup, tenant)),
        }
        return answer(
            {
                "imsOrg": tenant.org,
                "tenantId": tenant.tenant_id,
                "counts": counts,
                "recentlyCreatedResources": _recent(everything, "repo:createdDate", "meta:created"),
                "recentlyUpdatedResources": _recent(everything, "repo:lastModifiedDate", "meta:updated"),
                "classUsage": _usage(own[SCHEMA], {found["$id"]: found for found in own[CLASS]}),
            }
        )


def _all(tx: Transaction, call: Call, lookup: Lookup) -> list[Document]:
    return unions(storage.all_of(tx, call.tenant, SCHEMAS), lookup, call.tenant)


def _recent(resources: list[Document], date: str, name: str) -> list[Document]:
    newest = sorted(resources, key=lambda found: int(found["meta:registryMetadata"][date]), reverse=True)[:RECENT]
    return [
        {
            "title": found["title"],
            "description": found.get("description", ""),
            "meta:resourceType": found["meta:resourceType"],
            name: found["meta:registryMetadata"][date],
            "$id": found["$id"],
            "meta:altId": found["meta:altId"],
            "version": found["version"],
        }
        for found in newest
    ]


def _usage(schemas: list[Document], classes: dict[str, Document]) -> list[Document]:
    by_class: dict[str, list[Document]] = {}
    for schema in schemas:
        by_class.setdefault(schema["meta:class"], []).append(schema)
    return [
        {
            "$id": of_class,
            "title": (find_global(of_class) or classes.get(of_class) or {}).get("title", of_class),
            "numberOfSchemas": len(members),
            "schemas": [
                {"$id": found["$id"], "title": found["title"], "description": found.get("description", "")}
                for found in members
            ],
        }
        for of_class, members in by_class.items()
    ]

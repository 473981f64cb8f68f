"""Schema Registry: XDM resources of every organisation and of the tenant, and what descriptors say of them."""

from __future__ import annotations

from emulator.domain.xdm_library import BEHAVIOR, CLASS, DATA_TYPE, FIELD_GROUP, OWN, SCHEMA, Collection
from emulator.edge.envelopes import schema_registry
from emulator.edge.routing import Route, Service
from emulator.engine.world import World
from emulator.services.registry.descriptors import Descriptors
from emulator.services.registry.library import Library
from emulator.services.registry.resources import Resources
from emulator.services.registry.transfer import Transfer
from emulator.services.registry.unions import Unions

# How collections are called in paths; mixins is the older name of field groups.
_IN_PATHS = {
    "schemas": SCHEMA,
    "classes": CLASS,
    "fieldgroups": FIELD_GROUP,
    "mixins": FIELD_GROUP,
    "datatypes": DATA_TYPE,
    "behaviors": BEHAVIOR,
}


def service(world: World) -> Service:
    routes = [
        *(route for name, collection in _IN_PATHS.items() for route in _resources(world, name, collection)),
        *_descriptors(Descriptors(world)),
        *_unions(Unions(world)),
        *_transfer(Transfer(world)),
    ]
    return Service("schema-registry", "/data/foundation/schemaregistry", "tenant", schema_registry, routes)


def _resources(world: World, name: str, collection: Collection) -> list[Route]:
    # An $id holds slashes, which arrive decoded.
    library = Library(collection)
    routes = [
        Route("GET", f"/global/{name}", library.list),
        Route("GET", f"/global/{name}/{{id:path}}", library.get),
    ]
    if collection not in OWN:
        return routes
    own, one = Resources(world, collection), f"/tenant/{name}/{{id:path}}"
    return [
        *routes,
        Route("POST", f"/tenant/{name}", own.create),
        Route("GET", f"/tenant/{name}", own.list),
        Route("GET", one, own.get),
        Route("PUT", one, own.replace),
        Route("PATCH", one, own.patch),
        Route("DELETE", one, own.delete),
    ]


def _descriptors(descriptors: Descriptors) -> list[Route]:
    return [
        Route("POST", "/tenant/descriptors", descriptors.create),
        Route("GET", "/tenant/descriptors", descriptors.list),
        Route("GET", "/tenant/descriptors/{id}", descriptors.get),
        Route("PUT", "/tenant/descriptors/{id}", descriptors.replace),
        Route("DELETE", "/tenant/descriptors/{id}", descriptors.delete),
    ]


def _unions(unions: Unions) -> list[Route]:
    return [
        Route("GET", "/tenant/unions", unions.list),
        Route("GET", "/tenant/unions/{id:path}", unions.get),
        Route("GET", "/stats", unions.stats),
    ]


def _transfer(transfer: Transfer) -> list[Route]:
    return [
        Route("GET", "/rpc/export/{id:path}", transfer.export),
        Route("POST", "/rpc/import", transfer.take),
        Route("GET", "/rpc/sampledata/{id:path}", transfer.sample),
    ]

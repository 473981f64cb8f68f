"""Catalog: datasets, their files, and batches."""

from __future__ import annotations

from emulator.edge.envelopes import problem
from emulator.edge.routing import Route, Service
from emulator.engine.world import World
from emulator.services.catalog import batches, files
from emulator.services.catalog.bulk import Bulk, Offer
from emulator.services.catalog.datasets import Catalog
from emulator.services.catalog.operations import reads, writes

__all__ = ["Catalog", "service"]
_BASE = "/data/foundation/catalog"


def service(world: World) -> Service:
    catalog, database = Catalog(world), world.database
    offers = [
        Offer("POST", "/dataSets", catalog.create),
        Offer("GET", "/dataSets", catalog.listed),
        Offer("GET", "/dataSets/{id}", catalog.one),
        Offer("PATCH", "/dataSets/{id}", catalog.patch),
        Offer("POST", "/dataSets/{id}", catalog.patch),
        Offer("PUT", "/dataSets/{id}", catalog.replace),
        Offer("DELETE", "/dataSets/{id}", catalog.delete),
        Offer("PATCH", "/v2/dataSets/{id}", catalog.patch_nested),
        Offer("GET", "/dataSetFiles", files.dataset_files),
        Offer("GET", "/dataSets/{id}/views/{view}/files", files.view_files),
        Offer("GET", "/batches", batches.batches),
        Offer("GET", "/batches/{id}", batches.batch),
        Offer("GET", "/lastBatches", batches.last),
    ]
    routes = [
        Route(one.method, one.path, (reads if one.method == "GET" else writes)(database, one.operation))
        for one in offers
    ]
    together = Route("POST", "", Bulk(database, _BASE, offers).run)
    return Service("catalog", _BASE, "tenant", problem, [*routes, together])

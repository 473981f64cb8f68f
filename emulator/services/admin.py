"""Endpoints below ``/__admin``: for those who run the emulator, above all tenants."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from emulator import __version__
from emulator.edge.call import Answer, Call, answer
from emulator.edge.envelopes import admin
from emulator.edge.routing import Route, Service, plain
from emulator.engine.world import World
from emulator.services import admin_clock, admin_data, admin_landed, admin_outcomes, admin_state, documents
from emulator.services.seeding import Seeds

_BAD = "ADMIN-BAD_REQUEST-400"

MEANINGS = {
    "GET ": "this index",
    "GET /health": "alive",
    "GET /ready": "200 once migrations and seeds are done",
    "GET /version": "versions",
    "GET /config": "effective settings, secrets hidden",
    "GET /metrics": "figures of this process in the text format of Prometheus",
    "GET /requests": "the newest service calls without secrets: method, path, status, org, sandbox, since, limit",
    "GET /requests/count": "how many there are: the same filters",
    "DELETE /requests": "forget them; with tenant headers, that tenant's",
    "GET /faults": "rules by which service calls go wrong, in order, and the presets",
    "POST /faults": "one more: match, effect or preset, times, probability, seed, until",
    "DELETE /faults": "no more faults; with tenant headers, that tenant's",
    "GET /faults/{id}": "one of them, with how often it still strikes",
    "DELETE /faults/{id}": "take it away",
    "GET /clock": "what time it is",
    "PUT /clock": "set it: mode real, frozen or offset, now, force",
    "POST /clock/advance": "let time pass, by a duration or to an instant; everything due happens on the way",
    "GET /flows/{id}/outcomes": "what the next runs of a flow are told to come to",
    "POST /flows/{id}/outcomes": "tell them: status, errors, failedRecordCount, durationMs, faults",
    "DELETE /flows/{id}/outcomes": "let them come as they come",
    "POST /reset": "back to the seed (?to=seed) or to nothing (?to=empty); with tenant headers, that tenant alone",
    "GET /snapshots": "the states that are kept under a name; with tenant headers, those of that tenant",
    "POST /snapshots": "keep the state as it is: name",
    "DELETE /snapshots": "forget them all",
    "DELETE /snapshots/{name}": "forget one",
    "POST /snapshots/{name}/restore": "bring one back; with tenant headers, what that tenant has in it",
    "GET /export": "all state as one document, secrets hidden unless ?secrets=true; with tenant headers, one tenant's",
    "POST /import": "the state of such a document in the place of what there is",
    "POST /seed": "what a seed says, beside what there is; with ?replace=true in the place of what its tenants have",
    "GET /datasets/{id}/records": "what landed in a dataset: limit, offset, batch, run, where",
    "GET /datasets/{id}/rejected": "what did not, and why: limit, offset, batch, run, where",
    "POST /query": "SQL over what landed, and its rows: sql, org, sandbox",
    "GET /connections/{id}/data": "what was put behind a base connection for its flows to read",
    "DELETE /connections/{id}/data": "take it all away",
    "PUT /connections/{id}/data/{object}": "put a file, a table or a resource there: JSON, NDJSON, CSV or Parquet",
    "GET /connections/{id}/data/{object}": "one of them as it was put",
    "DELETE /connections/{id}/data/{object}": "take it away",
    "GET /subscriptions": "who is told what happens, by signed webhooks",
    "POST /subscriptions": "tell somebody from now on: url, org, events, form, secret",
    "GET /subscriptions/{id}": "one of them",
    "DELETE /subscriptions/{id}": "tell nobody there any more",
    "GET /subscriptions/{id}/deliveries": "what it was told and how that went, newest first: limit",
    "POST /subscriptions/{id}/deliveries/{seq}/repeat": "tell it once more",
    "GET /openapi": "the OpenAPI documents as a page, to read and to try",
    "GET /openapi.json": "which OpenAPI documents there are",
    "GET /openapi/{name}.yaml": "one of them as it is kept",
    "GET /openapi/{name}.json": "one of them for programs, with this server's address",
}


@dataclass
class Standing:
    """What the admin endpoints know of the server besides its world."""

    settings: dict[str, Any]
    ready: bool = False
    services: Sequence[Service] = ()


def service(world: World, seeds: Seeds, standing: Standing, more: Sequence[Route] = ()) -> Service:
    """``more`` are routes of modules that need what only the composition has."""
    calls = Admin(world, standing)
    handlers: list[tuple[str, str, Callable[[Call], Answer]]] = [
        ("GET", "", calls.index),
        ("GET", "/version", calls.version),
        ("GET", "/config", calls.config),
    ]
    own = [Route(*entry) for entry in handlers]
    open_to_all = [Route("GET", "/health", calls.health, open=True), Route("GET", "/ready", calls.ready, open=True)]
    guarded = [
        *own,
        *admin_clock.routes(world),
        *admin_state.routes(world, seeds),
        *admin_outcomes.routes(world),
        *admin_landed.routes(world),
        *admin_data.routes(world),
        *more,
        *documents.routes(),
    ]
    served = open_to_all if standing.settings["no_admin"] else [*open_to_all, *guarded]
    return Service("admin", "/__admin", "administrator", admin, served, watched=False)


class Admin:
    """The admin operations."""

    def __init__(self, world: World, standing: Standing) -> None:
        self._world = world
        self._standing = standing

    def index(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        return answer(
            {
                "name": "flow-service-emulator",
                "version": __version__,
                "admin": [
                    {"method": key.split(" ")[0], "path": "/__admin" + key.split(" ")[1], "meaning": meaning}
                    for key, meaning in MEANINGS.items()
                ],
                "services": [
                    {
                        "name": service.name,
                        "base": service.base,
                        "routes": [
                            {"method": route.method, "path": plain(service.base + route.path)}
                            for route in service.routes
                        ],
                    }
                    for service in self._standing.services
                ],
            }
        )

    def health(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        return answer({"status": "ok"})

    def ready(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        if not self._standing.ready:
            return answer({"status": "starting"}, 503)
        return answer({"status": "ready"})

    def version(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        # Imported here: reading metadata of packages takes longer to load than most of what a start needs.
        from importlib.metadata import version

        database = self._world.database.family
        return answer(
            {
                "version": __version__,
                "python": platform.python_version(),
                "database": database,
                "sqlite": sqlite3.sqlite_version,
                "packages": {name: version(name) for name in ("starlette", "uvicorn", "sqlalchemy", "jsonpatch")},
            }
        )

    def config(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        return answer(self._standing.settings)

"""Endpoints below ``/__admin``: for those who run the emulator, above all tenants."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from emulator import __version__
from emulator.domain.errors import Refusal
from emulator.edge.call import Answer, Call, answer
from emulator.edge.envelopes import admin
from emulator.edge.routing import Route, Service, plain
from emulator.engine import notices
from emulator.engine.world import World
from emulator.services import admin_clock, admin_data, admin_landed, admin_outcomes, documents
from emulator.services.admin_tenants import tenant_headers
from emulator.services.seeding import Seeds
from emulator.store import reset

_BAD = "ADMIN-BAD_REQUEST-400"

_MEANINGS = {
    "GET ": "this index",
    "GET /health": "alive",
    "GET /ready": "200 once migrations and seeds are done",
    "GET /version": "versions",
    "GET /config": "effective settings, secrets hidden",
    "GET /clock": "what time it is",
    "PUT /clock": "set it: mode real, frozen or offset, now, force",
    "POST /clock/advance": "let time pass, by a duration or to an instant; everything due happens on the way",
    "GET /flows/{id}/outcomes": "what the next runs of a flow are told to come to",
    "POST /flows/{id}/outcomes": "tell them: status, errors, failedRecordCount, durationMs, faults",
    "DELETE /flows/{id}/outcomes": "let them come as they come",
    "POST /reset": "back to the seed (?to=seed) or to nothing (?to=empty); with tenant headers, that tenant alone",
    "GET /datasets/{id}/records": "what landed in a dataset: limit, offset, batch, run",
    "GET /datasets/{id}/rejected": "what did not, and why: limit, offset, batch, run",
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
    calls = Admin(world, seeds, standing)
    handlers: list[tuple[str, str, Callable[[Call], Answer]]] = [
        ("GET", "", calls.index),
        ("GET", "/health", calls.health),
        ("GET", "/ready", calls.ready),
        ("GET", "/version", calls.version),
        ("GET", "/config", calls.config),
        ("POST", "/reset", calls.reset),
    ]
    own = [Route(*entry) for entry in handlers]
    return Service(
        "admin",
        "/__admin",
        "anyone",
        admin,
        [
            *own,
            *admin_clock.routes(world),
            *admin_outcomes.routes(world),
            *admin_landed.routes(world),
            *admin_data.routes(world),
            *more,
            *documents.routes(),
        ],
    )


class Admin:
    """The admin operations."""

    def __init__(self, world: World, seeds: Seeds, standing: Standing) -> None:
        self._world = world
        self._seeds = seeds
        self._standing = standing

    def index(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        return answer(
            {
                "name": "flow-service-emulator",
                "version": __version__,
                "admin": [
                    {"method": key.split(" ")[0], "path": "/__admin" + key.split(" ")[1], "meaning": meaning}
                    for key, meaning in _MEANINGS.items()
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

    def reset(self, call: Call) -> Answer:
        call.query.check(("to",), _BAD)
        target = "seed" if call.query.one("to") is None else call.query.one("to")
        if target not in ("seed", "empty"):
            raise Refusal(_BAD, detail=f"to={target} is neither seed nor empty.")
        only = tenant_headers(call)
        with self._world.database.writing() as tx:
            if only is None:
                reset.everything(tx)
            else:
                reset.tenant(tx, *only)
            if target == "seed":
                self._seeds.apply(tx, only)
        self._world.sandboxes.forget()
        notices.forget(self._world)
        self._world.on_schedule_change()
        tenant = None if only is None else {"org": only[0], "sandbox": only[1]}
        return answer({"reset": target, "tenant": tenant})

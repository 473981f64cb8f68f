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
from emulator.domain.kinds import DATASETS
from emulator.edge.call import Answer, Call, answer
from emulator.edge.envelopes import admin
from emulator.edge.routing import Route, Service, plain
from emulator.engine.clock import iso
from emulator.engine.world import World
from emulator.services import documents
from emulator.services.seeding import Seeds
from emulator.store import records, reset, resources
from emulator.store.sandboxes import DEFAULT_SANDBOX

DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
_BAD = "ADMIN-BAD_REQUEST-400"

_MEANINGS = {
    "GET ": "this index",
    "GET /health": "alive",
    "GET /ready": "200 once migrations and seeds are done",
    "GET /version": "versions",
    "GET /config": "effective settings, secrets hidden",
    "GET /clock": "what time it is",
    "POST /reset": "back to the seed (?to=seed) or to nothing (?to=empty); with tenant headers, that tenant alone",
    "GET /datasets/{id}/records": "what landed in a dataset: limit, offset, batch, run",
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


def service(world: World, seeds: Seeds, standing: Standing) -> Service:
    calls = Admin(world, seeds, standing)
    handlers: list[tuple[str, str, Callable[[Call], Answer]]] = [
        ("GET", "", calls.index),
        ("GET", "/health", calls.health),
        ("GET", "/ready", calls.ready),
        ("GET", "/version", calls.version),
        ("GET", "/config", calls.config),
        ("GET", "/clock", calls.clock),
        ("POST", "/reset", calls.reset),
        ("GET", "/datasets/{id}/records", calls.records),
    ]
    own = [Route(*entry) for entry in handlers]
    return Service("admin", "/__admin", "anyone", admin, [*own, *documents.routes()])


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

    def clock(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        return answer({"now": iso(self._world.clock.now()), "mode": self._world.clock.mode})

    def reset(self, call: Call) -> Answer:
        call.query.check(("to",), _BAD)
        target = "seed" if call.query.one("to") is None else call.query.one("to")
        if target not in ("seed", "empty"):
            raise Refusal(_BAD, detail=f"to={target} is neither seed nor empty.")
        only = _tenant_headers(call)
        with self._world.database.writing() as tx:
            if only is None:
                reset.everything(tx)
            else:
                reset.tenant(tx, *only)
            if target == "seed":
                self._seeds.apply(tx, only)
        self._world.sandboxes.forget()
        self._world.on_schedule_change()
        tenant = None if only is None else {"org": only[0], "sandbox": only[1]}
        return answer({"reset": target, "tenant": tenant})

    def records(self, call: Call) -> Answer:
        """``{"items", "count", "next"}``; ``count`` is how many there are in all."""
        call.query.check(("limit", "offset", "batch", "run"), _BAD)
        limit = call.query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT, _BAD)
        offset = call.query.number("offset", 0, 0, 10**9, _BAD)
        batch, run = call.query.one("batch"), call.query.one("run")
        dataset = call.params["id"]
        with self._world.database.reading() as tx:
            org, sandbox = _home(resources.homes(tx, DATASETS, dataset), dataset, _tenant_headers(call))
            items, count = records.page(tx, org, sandbox, dataset, limit, offset, batch, run)
        following = b"null"
        if offset + len(items) < count and items:
            chosen = "".join(f"&{name}={value}" for name, value in (("batch", batch), ("run", run)) if value)
            href = f"{call.origin}{call.path}?limit={limit}&offset={offset + limit}{chosen}"
            following = f'"{href}"'.encode()
        body = b'{"items":[' + ",".join(items).encode() + f'],"count":{count},"next":'.encode() + following + b"}"
        return Answer(200, body)


def _tenant_headers(call: Call) -> tuple[str, str] | None:
    """The tenant that the usual headers name, a missing sandbox meaning ``prod``; None without them."""
    org, sandbox = call.headers.get("x-gw-ims-org-id"), call.headers.get("x-sandbox-name")
    if not org and sandbox:
        raise Refusal(_BAD, detail="x-sandbox-name needs x-gw-ims-org-id beside it.")
    return (org, sandbox or DEFAULT_SANDBOX) if org else None


def _home(homes: list[tuple[str, str]], dataset: str, wanted: tuple[str, str] | None) -> tuple[str, str]:
    found = [home for home in homes if wanted is None or home == wanted]
    if not found:
        raise Refusal("ADMIN-NOT_FOUND-404", detail=f"There is no dataset {dataset}.")
    if len(found) > 1:
        raise Refusal(
            _BAD, detail=f"Several tenants have a dataset {dataset}: send x-gw-ims-org-id and x-sandbox-name."
        )
    return found[0]

"""The older API of inlets: the same inlets as the base connections of the HTTP API source, in other words.

Documented by pages that the vendor has taken down since, of which the body of a new inlet and its answer are left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson

from emulator.domain import audit
from emulator.domain.errors import Refusal
from emulator.domain.filters import Condition
from emulator.domain.kinds import CONNECTIONS
from emulator.domain.metrics import ORIGIN
from emulator.domain.paths import parse
from emulator.domain.specs import HTTP_STREAMING
from emulator.edge.call import Answer, Call, answer
from emulator.edge.envelopes import problem
from emulator.edge.routing import Route, Service
from emulator.engine.clock import iso
from emulator.engine.world import World
from emulator.services.flow import belongings
from emulator.services.flow.entities import Entities
from emulator.store import inlets, pages, resources
from emulator.store.database import Transaction
from emulator.store.pages import Query
from emulator.store.resources import Stored

Document = dict[str, Any]
_BAD = "EDGE-0400-400"
_FIELDS = ("name", "description", "sourceId", "dataType", "authenticationRequired")
_SPEC = "connectionSpec.id"
_STREAMING = (Condition(_SPEC, parse(_SPEC), "==", (HTTP_STREAMING,)),)
_AT_ONCE = 500


def service(world: World) -> Service:
    calls = OlderInlets(world)
    routes = [
        Route("GET", "", calls.list),
        Route("POST", "", calls.create),
        Route("GET", "/{id}", calls.get),
        Route("PUT", "/{id}", calls.put),
        Route("DELETE", "/{id}", calls.delete),
    ]
    return Service("older-inlets", "/data/core/edge/inlet", "tenant", problem, routes)


class OlderInlets:
    """The operations on inlets."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database
        self._entities = Entities(world)

    def list(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        with self._database.reading() as tx:
            return answer([_shown(call, connection) for connection in _all(tx, call)])

    def create(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        body, connection_id = _connection(call.json()), self._world.ids.uuid()
        with self._database.writing() as tx:
            self._entities.create_in(tx, CONNECTIONS, call.tenant, body, connection_id)
            made = resources.read(tx, call.tenant, CONNECTIONS, connection_id)
        assert made is not None
        return answer(_shown(call, made), 201)

    def get(self, call: Call) -> Answer:
        call.query.check((), _BAD)
        with self._database.reading() as tx:
            return answer(_shown(call, _owner(tx, call).document))

    def put(self, call: Call) -> Answer:
        """What is left out goes back to what it is without it."""
        call.query.check((), _BAD)
        body, now = _connection(call.json()), self._world.clock.now()
        with self._database.writing() as tx:
            stored = _owner(tx, call)
            old = stored.document
            admitted = self._entities.admit(CONNECTIONS, body, tx, call.tenant, before=stored)
            kept = {name: old[name] for name in old if name not in audit.content(old)}
            document = {**kept, **admitted.document}
            belongings.keep_inlet(old, document)
            self._entities.write(tx, CONNECTIONS, call, stored, admitted._replace(document=document), now)
            changed = _owner(tx, call).document
        return answer(_shown(call, changed))

    def delete(self, call: Call) -> Answer:
        """As of any base connection: one that a flow uses stays."""
        call.query.check((), _BAD)
        with self._database.reading() as tx:
            connection: str = _owner(tx, call).document["id"]
        return self._entities.delete(CONNECTIONS, replace(call, params={"id": connection}))


def _all(tx: Transaction, call: Call) -> Iterator[Document]:
    """Newest first."""
    after: tuple[Any, ...] | None = None
    while True:
        page = pages.page(tx, call.tenant, CONNECTIONS, Query(_STREAMING, (), _AT_ONCE, after))
        found = map(orjson.loads, page.bodies)
        # A draft has no inlet yet.
        yield from (one for one in found if "inletId" in one.get("auth", {}).get("params", {}))
        if page.next is None:
            return
        after = tuple(page.next)


def _owner(tx: Transaction, call: Call) -> Stored:
    inlet_id, tenant = call.params["id"], call.tenant
    owner = inlets.find(tx, inlet_id)
    here = owner is not None and (owner.org, owner.sandbox, owner.kind) == (tenant.org, tenant.sandbox, "connections")
    stored = resources.read_stored(tx, tenant, CONNECTIONS, owner.owner) if here and owner is not None else None
    if stored is None:
        raise Refusal("EDGE-0404-404", inlet=inlet_id)
    return stored


def _connection(body: Any) -> Document:
    """The base connection that an inlet is."""
    if not isinstance(body, dict):
        raise Refusal(_BAD, detail='Send an object such as {"name": …, "sourceId": …, "dataType": "xdm"}.')
    unknown = next((name for name in body if name not in _FIELDS), None)
    if unknown is not None:
        raise _wrong(unknown, body[unknown], f"Known fields: {', '.join(_FIELDS)}.")
    for name in ("name", "description", "sourceId"):
        if body.get(name) is not None and not isinstance(body[name], str):
            raise _wrong(name, body[name], "Send a text.")
    if not body.get("name"):
        raise _wrong("name", body.get("name"), "Send a text that is not empty.")
    if body.get("dataType") not in ("xdm", "raw"):
        raise _wrong("dataType", body.get("dataType"), "Send xdm or raw.")
    if not isinstance(body.get("authenticationRequired", False), bool):
        raise _wrong("authenticationRequired", body["authenticationRequired"], "Send true or false.")
    params = {name: body[name] for name in ("name", *_FIELDS[2:]) if body.get(name) is not None}
    connection: Document = {
        "name": body["name"],
        "connectionSpec": {"id": HTTP_STREAMING, "version": "1.0"},
        "auth": {"specName": "Streaming Connection", "params": params},
    }
    return connection | ({"description": body["description"]} if body.get("description") is not None else {})


def _wrong(field: str, given: Any, hint: str) -> Refusal:
    return Refusal(_BAD, detail="The inlet cannot be accepted.", field=field, given=given, hint=hint)


def _shown(call: Call, connection: Document) -> Document:
    params = connection["auth"]["params"]
    return {
        "dataInletId": params["inletId"],
        "imsOrg": call.tenant.org,
        "sourceId": params["sourceId"],
        "dataType": params["dataType"],
        "name": connection.get("name") or params["name"],
        "description": connection.get("description") or "",
        "authenticationRequired": params["authenticationRequired"],
        "createdBy": connection["createdBy"],
        "createdAt": iso(connection["createdAt"]),
        "modifiedBy": connection["updatedBy"],
        "modifiedAt": iso(connection["updatedAt"]),
        "dataInletUrl": params["inletUrl"].replace(ORIGIN, call.origin),
    }

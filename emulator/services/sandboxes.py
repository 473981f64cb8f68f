"""Sandbox Management: list, look up and create. It ignores ``x-sandbox-name``, as observed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from emulator.domain.errors import Refusal
from emulator.edge.call import Answer, Call, answer
from emulator.edge.envelopes import problem
from emulator.edge.identity import Identity
from emulator.edge.routing import Route, Service
from emulator.engine.world import World
from emulator.store import sandboxes
from emulator.store.database import AlreadyThere
from emulator.store.sandboxes import DEFAULT_SANDBOX, Sandbox

DEFAULT_LIMIT = 20
MAX_LIMIT = 200
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,254}")
_TYPES = ("development", "production")


def service(world: World, identity: Identity) -> Service:
    calls = Sandboxes(world, identity)
    routes = [
        Route("GET", "", calls.list),
        Route("GET", "/sandboxes", calls.list),
        Route("POST", "/sandboxes", calls.create),
        Route("GET", "/sandboxes/{name}", calls.get),
    ]
    return Service("sandbox-management", "/data/foundation/sandbox-management", "organisation", problem, routes)


class Sandboxes:
    """The sandbox operations."""

    def __init__(self, world: World, identity: Identity) -> None:
        self._world = world
        self._identity = identity

    def _organisation(self, call: Call) -> tuple[str, str]:
        """The caller's organisation, which exists from now on, and its client."""
        org, client = self._identity.organisation(call.headers)
        self._world.sandboxes.find(org, DEFAULT_SANDBOX, self._world.clock.now())
        return org, client

    def list(self, call: Call) -> Answer:
        call.query.check(("limit", "offset"), "SMS-0400-400")
        org, _ = self._organisation(call)
        limit = call.query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT, "SMS-0400-400")
        offset = call.query.number("offset", 0, 0, 10**9, "SMS-0400-400")
        with self._world.database.reading() as tx:
            found, total = sandboxes.page(tx, org, limit, offset)
        here = f"{call.origin}{call.path}?limit={limit}&offset="
        links: dict[str, Any] = {
            "page": {"href": f"{call.origin}{call.path}?limit={{limit}}&offset={{offset}}", "templated": True}
        }
        if offset + limit < total:
            links["next"] = {"href": f"{here}{offset + limit}", "templated": None}
        if offset:
            links["prev"] = {"href": f"{here}{max(offset - limit, 0)}", "templated": None}
        return answer(
            {
                "sandboxes": [_shown(sandbox) for sandbox in found],
                "_page": {"limit": limit, "count": len(found)},
                "_links": links,
            }
        )

    def get(self, call: Call) -> Answer:
        call.query.check((), "SMS-0400-400")
        org, _ = self._organisation(call)
        name = call.params["name"]
        with self._world.database.reading() as tx:
            found = sandboxes.find(tx, org, name)
        if found is None:
            raise Refusal("SMS-0404-404", name=name)
        return answer(_shown(found))

    def create(self, call: Call) -> Answer:
        """Documented: 202 and ``creating``; here the sandbox is active at the next look."""
        call.query.check((), "SMS-0400-400")
        org, client = self._organisation(call)
        body = call.json()
        if not isinstance(body, dict):
            raise Refusal("SMS-0400-400", detail="Send name, title and type as a JSON object.")
        new = self._new(body, org, client)
        try:
            with self._world.database.writing() as tx:
                sandboxes.create(tx, new)
        except AlreadyThere:
            raise Refusal("SMS-0409-409", name=new.name) from None
        made = {"name": new.name, "title": new.title, "state": "creating", "type": new.type, "region": "VA7"}
        return answer(made, 202)

    def _new(self, body: dict[str, Any], org: str, client: str) -> Sandbox:
        name, title, kind = body.get("name"), body.get("title", body.get("name")), body.get("type")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _wrong("name", name, "Use lower-case letters, digits and dashes.")
        if not isinstance(title, str):
            raise _wrong("title", title, "Send a text.")
        if kind not in _TYPES:
            raise _wrong("type", kind, "Use development or production.")
        world = self._world
        return Sandbox(org, name, world.ids.uuid(), title, kind, "active", world.clock.now(), f"{client}@AdobeID")


def _shown(of: Sandbox) -> dict[str, Any]:
    dated = datetime.fromtimestamp(of.created / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "id": of.id,
        "name": of.name,
        "title": of.title,
        "state": of.state,
        "type": of.type,
        "region": "VA7",
        "isDefault": of.name == DEFAULT_SANDBOX,
        "eTag": 1,
        "createdDate": dated,
        "lastModifiedDate": dated,
        "createdBy": of.author,
        "modifiedBy": of.author,
    }


def _wrong(field: str, given: Any, hint: str) -> Refusal:
    return Refusal("SMS-0400-400", detail="The sandbox cannot be created.", field=field, given=given, hint=hint)

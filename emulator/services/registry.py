"""Schema Registry: schemas of the tenant container."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson

from emulator.domain import xdm
from emulator.domain.errors import Refusal
from emulator.domain.kinds import DATASETS, SCHEMAS
from emulator.domain.schema_ids import schema_id
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer, no_content
from emulator.edge.envelopes import schema_registry
from emulator.edge.routing import Route, Service
from emulator.engine.world import World
from emulator.store import resources
from emulator.store.database import Transaction

Document = dict[str, Any]
MAX_LIMIT = 300
EVERYTHING = 2**31


def service(world: World) -> Service:
    schemas = Schemas(world)
    routes = [
        Route("POST", "/tenant/schemas", schemas.create),
        Route("GET", "/tenant/schemas", schemas.list),
        # An $id holds slashes, which arrive decoded.
        Route("GET", "/tenant/schemas/{id:path}", schemas.get),
        Route("DELETE", "/tenant/schemas/{id:path}", schemas.delete),
    ]
    return Service("schema-registry", "/data/foundation/schemaregistry", "tenant", schema_registry, routes)


class Schemas:
    """Create, read, list and delete tenant schemas."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def create(self, call: Call) -> Answer:
        call.query.check((), "XDM-1400-400")
        body = call.json()
        if not isinstance(body, dict):
            raise Refusal("XDM-1400-400", detail="Send a schema as a JSON object.")
        with self._database.writing() as tx:
            schema = self.create_in(tx, call.tenant, body, self._world.ids.schema())
        return answer(schema, 201)

    def create_in(self, tx: Transaction, tenant: Tenant, body: Document, token: str) -> Document:
        """Check and store a new schema; ``token`` is the last part of its ``$id``."""
        ids, now = self._world.ids, self._world.clock.now()
        schema = xdm.new_schema(body, xdm.admit_schema(body), token, ids.digest(), tenant, now)
        _check_title(tx, tenant, schema["title"])
        resources.create(tx, tenant, SCHEMAS, schema["$id"], schema, ids.etag(now))
        return schema

    def get(self, call: Call) -> Answer:
        call.query.check((), "XDM-1400-400")
        form = xdm.lookup_form(call.headers.get("accept"))
        wanted = schema_id(call.params["id"])
        with self._database.reading() as tx:
            schema = resources.read(tx, call.tenant, SCHEMAS, wanted)
        # Only major version 1 exists; the minor follows changes.
        if schema is None or str(form.version).split(".")[0] != "1":
            raise Refusal("XDM-1012-404", id=wanted, version=form.version)
        shown = xdm.shown(schema, form)
        return Answer(200, orjson.dumps(shown), content_type=f"{_media_type(call)};version=1")

    def list(self, call: Call) -> Answer:
        """Documented: ``results`` and ``_page`` whose ``next`` is null on the last page."""
        call.query.check(("limit", "start", "orderby", "property"), "XDM-1400-400")
        form = xdm.list_form(call.headers.get("accept"))
        limit = call.query.number("limit", MAX_LIMIT, 1, MAX_LIMIT, "XDM-1400-400")
        order = call.query.one("orderby") or "title"
        descending, name = order.startswith("-"), order.lstrip("+- ")
        properties = call.query.all("property")
        filters = [xdm.property_filter(text) for text in properties]
        # ``start`` is the value that the page before ended with, so only what is unique can order a list.
        if name not in ("title", "$id", "meta:altId"):
            raise Refusal("XDM-1400-400", detail=f"A list cannot be ordered by {name}.", field="orderby", given=order)
        with self._database.reading() as tx:
            bodies = resources.slice_of(tx, call.tenant, SCHEMAS, EVERYTHING, 0)
        found = (orjson.loads(body) for body in bodies)
        chosen = [schema for schema in found if all(holds(schema) for holds in filters)]
        schemas = sorted(chosen, key=lambda schema: str(schema[name]))
        schemas = schemas[::-1] if descending else schemas
        start = call.query.one("start")
        if start is not None:
            schemas = [schema for schema in schemas if _is_behind(str(schema[name]), start, descending)]
        page, rest = schemas[:limit], schemas[limit:]
        following = str(page[-1][name]) if rest else None
        links: Document = {}
        if following is not None:
            repeated = [("property", text) for text in properties]
            after = urlencode([("orderby", order), ("limit", limit), ("start", following), *repeated])
            links["next"] = {"href": f"{call.origin}{call.path}?{after}"}
        return answer(
            {
                "results": [xdm.listed(schema, form) for schema in page],
                "_page": {"orderby": order, "next": following, "count": len(page)},
                "_links": links,
            }
        )

    def delete(self, call: Call) -> Answer:
        call.query.check((), "XDM-1400-400")
        wanted = schema_id(call.params["id"])
        with self._database.writing() as tx:
            datasets = resources.linked(tx, call.tenant, DATASETS, "schemaRef.id", wanted)
            if datasets:
                raise Refusal("XDM-1447-400", id=wanted, dataset=", ".join(datasets))
            if not resources.remove(tx, call.tenant, SCHEMAS, wanted):
                raise Refusal("XDM-1012-404", id=wanted, version=1)
        return no_content()


def _media_type(call: Call) -> str:
    return call.headers["accept"].split(";")[0].strip()


def _is_behind(value: str, start: str, descending: bool) -> bool:
    return value < start if descending else value > start


def _check_title(tx: Transaction, tenant: Tenant, title: str) -> None:
    same = resources.linked(tx, tenant, SCHEMAS, "title", title)
    if same:
        raise Refusal("XDM-1521-400", id=same[0], field="title", given=title)

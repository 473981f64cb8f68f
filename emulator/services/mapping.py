"""Data Prep: mapping sets. Served below ``/conversion`` and, as one published template has it, without."""

from __future__ import annotations

from typing import Any

from emulator.domain.errors import Refusal
from emulator.domain.kinds import FLOWS, MAPPING_SET_VERSIONS, MAPPING_SETS, SCHEMAS
from emulator.domain.mapping import MappingRequest, read_request
from emulator.domain.schema_ids import schema_id
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer, no_content
from emulator.edge.envelopes import problem
from emulator.edge.routing import Route, Service
from emulator.engine.world import World
from emulator.store import resources
from emulator.store.database import Transaction

Document = dict[str, Any]
# The guide requires limit and start; a client omits start. The OpenAPI file gives these defaults.
DEFAULT_LIMIT = 10
MAX_LIMIT = 1000


def services(world: World) -> list[Service]:
    sets = MappingSets(world)
    routes = [
        Route("POST", "/mappingSets", sets.create),
        Route("GET", "/mappingSets", sets.list),
        Route("GET", "/mappingSets/{id}", sets.get),
        Route("PUT", "/mappingSets/{id}", sets.replace),
        Route("DELETE", "/mappingSets/{id}", sets.delete),
    ]
    return [
        Service("data-prep", "/data/foundation/conversion", "tenant", problem, routes),
        Service("data-prep-short", "/data/foundation/mappingSets", "tenant", problem, [Route("POST", "", sets.create)]),
    ]


class MappingSets:
    """Create, read, list, replace and delete mapping sets."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def create(self, call: Call) -> Answer:
        """Documented: 200, with the short representation. A set is checked whatever ``validate`` says."""
        call.query.check(("validate",), "PREP-0400-400")
        call.query.flag("validate", code="PREP-0400-400")
        body = _body(call)
        with self._database.writing() as tx:
            document = self.create_in(tx, call.tenant, body, self._world.ids.mapping_set())
        return answer(_short(document, self._world.clock.now()))

    def create_in(self, tx: Transaction, tenant: Tenant, body: Document, set_id: str) -> Document:
        """Check and store a new mapping set."""
        request, now = read_request(body), self._world.clock.now()
        _check_schema(tx, tenant, request)
        document = self._document(set_id, 0, request, tenant, now, now, tenant.user)
        resources.create(tx, tenant, MAPPING_SETS, set_id, document, "0")
        return document

    def _document(
        self, set_id: str, version: int, request: MappingRequest, tenant: Tenant, created: int, now: int, author: str
    ) -> Document:
        dates = {
            "version": version,
            # Documented by samples: later reads show the time in whole seconds.
            "createdDate": created // 1000 * 1000,
            "modifiedDate": now // 1000 * 1000,
            "createdBy": author,
            "modifiedBy": tenant.user,
        }
        schema_ref = {"id": request.schema, "contentType": request.content_type}
        return {
            "id": set_id,
            **dates,
            "supportVersion": "1.1",
            **request.extras,
            "outputSchema": {"schemaRef": schema_ref},
            "mappings": [self._mapping(entry, tenant, now) for entry in request.mappings],
            "status": "DRAFT",
            "xdmVersion": request.content_type,
            "schemaRef": schema_ref,
            "xdmSchema": request.schema,
        }

    def _mapping(self, entry: Document, tenant: Tenant, now: int) -> Document:
        seconds = now // 1000 * 1000
        return {
            "id": self._world.ids.mapping_set(),
            "version": 0,
            "createdDate": seconds,
            "modifiedDate": seconds,
            "createdBy": tenant.user,
            "modifiedBy": tenant.user,
            **entry,
            "matchScore": 0.0,
            "functionVersion": 1,
            "sourceAttribute": entry["source"],
            "destinationXdmPath": entry["destination"],
        }

    def get(self, call: Call) -> Answer:
        call.query.check(("version",), "PREP-0400-400")
        set_id, version = call.params["id"], call.query.one("version")
        with self._database.reading() as tx:
            document = resources.read(tx, call.tenant, MAPPING_SETS, set_id)
            if document is not None and version is not None and str(document["version"]) != version:
                document = resources.read(tx, call.tenant, MAPPING_SET_VERSIONS, f"{set_id}:{version}")
        if document is None:
            raise _not_found(set_id)
        return answer(document)

    def list(self, call: Call) -> Answer:
        """Newest first, by offset, as documented."""
        call.query.check(("limit", "start"), "PREP-0400-400")
        limit = call.query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT, "PREP-0400-400")
        start = call.query.number("start", 0, 0, 10**9, "PREP-0400-400")
        with self._database.reading() as tx:
            bodies = resources.slice_of(tx, call.tenant, MAPPING_SETS, limit, start)
        data = ",".join(bodies).encode()
        page = f'"_page":{{"count":{len(bodies)},"limit":{limit}}}'.encode()
        return Answer(200, b'{"data":[' + data + b"]," + page + b"}")

    def replace(self, call: Call) -> Answer:
        """Documented: the version rises by one and every mapping gets a new id."""
        call.query.check((), "PREP-0400-400")
        request = read_request(_body(call))
        set_id, now = call.params["id"], self._world.clock.now()
        with self._database.writing() as tx:
            old = resources.read(tx, call.tenant, MAPPING_SETS, set_id)
            if old is None:
                raise _not_found(set_id)
            _check_schema(tx, call.tenant, request)
            version = old["version"] + 1
            document = self._document(set_id, version, request, call.tenant, old["createdDate"], now, old["createdBy"])
            if not resources.replace(
                tx, call.tenant, MAPPING_SETS, set_id, document, str(old["version"]), str(version)
            ):
                raise Refusal("PREP-0400-400", detail=f"The mapping set {set_id} was changed by another request.")
            kept = f"{set_id}:{old['version']}"
            resources.create(tx, call.tenant, MAPPING_SET_VERSIONS, kept, old, str(old["version"]))
        return answer(document)

    def delete(self, call: Call) -> Answer:
        call.query.check((), "PREP-0400-400")
        set_id = call.params["id"]
        with self._database.writing() as tx:
            document = resources.read(tx, call.tenant, MAPPING_SETS, set_id)
            if document is None:
                raise _not_found(set_id)
            users = resources.linked(tx, call.tenant, FLOWS, "transformations[].params.mappingId", set_id)
            if users:
                raise Refusal(
                    "PREP-0400-400",
                    detail=f"The mapping set {set_id} is used by flows and cannot be deleted.",
                    hint=f"Flows that use it: {', '.join(users)}.",
                )
            resources.remove(tx, call.tenant, MAPPING_SETS, set_id)
            for version in range(document["version"]):
                resources.remove(tx, call.tenant, MAPPING_SET_VERSIONS, f"{set_id}:{version}")
        return no_content()


def _body(call: Call) -> Document:
    body = call.json()
    if not isinstance(body, dict):
        raise Refusal("PREP-0400-400", detail="Send a mapping set as a JSON object.")
    return body


def _check_schema(tx: Transaction, tenant: Tenant, request: MappingRequest) -> None:
    if resources.body(tx, tenant, SCHEMAS, schema_id(request.schema)) is None:
        raise Refusal(
            "PREP-0400-400",
            detail=f"The schema {request.schema} does not exist.",
            field="xdmSchema",
            given=request.schema,
            hint="Create it with POST /data/foundation/schemaregistry/tenant/schemas.",
        )


def _short(document: Document, now: int) -> Document:
    return {
        "id": document["id"],
        "version": document["version"],
        "createdDate": now,
        "modifiedDate": now,
        "createdBy": document["createdBy"],
        "modifiedBy": document["modifiedBy"],
    }


def _not_found(set_id: str) -> Refusal:
    return Refusal("PREP-0404-404", id=set_id)

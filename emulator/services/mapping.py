"""Data Prep: mapping sets. Served below ``/conversion`` and, as one published template has it, without."""

from __future__ import annotations

from typing import Any

import orjson

from emulator.domain import mapping_checks, mapping_queries, mapping_versions
from emulator.domain.errors import Refusal
from emulator.domain.kinds import FLOWS, MAPPER_SCHEMAS, MAPPING_SET_VERSIONS, MAPPING_SETS
from emulator.domain.mapping_sets import BAD, MappingRequest, read_request
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer, no_content
from emulator.edge.envelopes import problem
from emulator.edge.routing import Route, Service
from emulator.engine.world import World
from emulator.services import mapping_language
from emulator.services import mapping_storage as storage
from emulator.services.mapping_parts import MappingParts
from emulator.services.mapping_preview import MappingPreview
from emulator.services.mapping_samples import MappingSamples
from emulator.services.mapping_suggestion import MappingSuggestion
from emulator.store import pages, resources
from emulator.store.database import Transaction
from emulator.store.pages import Query

Document = dict[str, Any]

_LIST_PARAMETERS = ("limit", "start", "name", "property", "orderBy", "expandSchema")


def services(world: World) -> list[Service]:
    sets, parts, samples = MappingSets(world), MappingParts(world), MappingSamples(world)
    preview, suggestion = MappingPreview(world), MappingSuggestion(world)
    routes = [
        Route("POST", "/mappingSets", sets.create),
        Route("GET", "/mappingSets", sets.list),
        Route("POST", "/mappingSets/validate", preview.validate, slow=True),
        Route("POST", "/mappingSets/preview", preview.preview, slow=True),
        Route("GET", "/mappingSets/suggestion", suggestion.suggest, slow=True),
        Route("GET", "/mappingSets/{id}", sets.get),
        Route("PUT", "/mappingSets/{id}", sets.replace),
        Route("DELETE", "/mappingSets/{id}", sets.delete),
        Route("GET", "/mappingSets/{id}/mappings", parts.list),
        Route("POST", "/mappingSets/{id}/mappings", parts.create),
        Route("GET", "/mappingSets/{id}/mappings/{mapping}", parts.get),
        Route("PUT", "/mappingSets/{id}/mappings/{mapping}", parts.replace),
        Route("DELETE", "/mappingSets/{id}/mappings/{mapping}", parts.delete),
        Route("POST", "/samples", samples.create_sample),
        Route("GET", "/samples", samples.samples),
        Route("GET", "/samples/{id}", samples.sample),
        Route("PUT", "/samples/{id}", samples.replace_sample),
        Route("POST", "/schemas", samples.create_schema),
        Route("GET", "/schemas", samples.schemas),
        Route("GET", "/schemas/{id}", samples.schema),
        *mapping_language.routes(world),
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
        """Documented: 200, with the short representation. With ``validate`` every mapping must be sound."""
        call.query.check(("validate",), BAD)
        validate = storage.flag(call, "validate")
        body = storage.body_of(call)
        with self._database.writing() as tx:
            document = self.create_in(tx, call.tenant, body, self._world.ids.mapping_set(), validate)
        return answer(mapping_versions.just_made(document, self._world.clock.now()))

    def create_in(
        self, tx: Transaction, tenant: Tenant, body: Document, set_id: str, validate: bool = False
    ) -> Document:
        """Check and store a new mapping set."""
        request = self._admitted(tx, tenant, body, validate)
        by = storage.writing(self._world, tenant)
        document = mapping_versions.new_set(set_id, self._output_schema(tx, tenant, request), request, by)
        resources.create(tx, tenant, MAPPING_SETS, set_id, document, mapping_versions.etag(document))
        return document

    def _admitted(self, tx: Transaction, tenant: Tenant, body: Document, validate: bool = False) -> MappingRequest:
        request = read_request(body)
        schema = storage.target_schema(tx, tenant, request.schema)
        storage.check_input_schema(tx, tenant, request)
        if validate:
            found = mapping_checks.faults(request.mappings, self._world.surroundings, schema)
            for index, messages in enumerate(found):
                if messages:
                    raise Refusal(
                        BAD,
                        detail="The mapping set is not valid.",
                        field=f"mappings[{index}]",
                        given=mapping_checks.error_info(request.mappings[index], messages[0]),
                    )
        return request

    def _output_schema(self, tx: Transaction, tenant: Tenant, request: MappingRequest) -> str:
        """Data Prep's own schema for the target of a set; returns its id."""
        by = storage.writing(self._world, tenant)
        schema_id = by.new_id()
        document = {**by.stamp(schema_id), "schemaRef": request.schema_ref}
        resources.create(tx, tenant, MAPPER_SCHEMAS, schema_id, document, "0")
        return schema_id

    def get(self, call: Call) -> Answer:
        call.query.check(("version", "expandSchema"), BAD)
        expand = storage.flag(call, "expandSchema")
        with self._database.reading() as tx:
            document = storage.version_of(tx, call.tenant, call.params["id"], call.query.one("version"))
            return answer(storage.expanded(tx, call.tenant, document) if expand else document)

    def list(self, call: Call) -> Answer:
        """Newest first unless ordered otherwise, by offset, as documented."""
        query = call.query
        query.check(_LIST_PARAMETERS, BAD)
        limit, start = storage.paging(call)
        wanted = mapping_queries.conditions(query.one("name"), query.all("property"))
        order = mapping_queries.order(query.one("orderBy"))
        expand = storage.flag(call, "expandSchema")
        with self._database.reading() as tx:
            if wanted or order:
                bodies = pages.page(tx, call.tenant, MAPPING_SETS, Query(wanted, order, limit, offset=start)).bodies
            else:
                bodies = resources.slice_of(tx, call.tenant, MAPPING_SETS, limit, start)
            if expand:
                documents = [storage.expanded(tx, call.tenant, orjson.loads(body)) for body in bodies]
                bodies = [orjson.dumps(document).decode() for document in documents]
        return Answer(200, storage.page_of(bodies, limit))

    def replace(self, call: Call) -> Answer:
        """Documented: the version rises by one and every mapping gets a new id."""
        call.query.check((), BAD)
        body, tenant = storage.body_of(call), call.tenant
        with self._database.writing() as tx:
            old = storage.stored_set(tx, tenant, call.params["id"])
            request = self._admitted(tx, tenant, body)
            output = old.document["outputSchema"]
            same = output["schemaRef"] == request.schema_ref and "id" in output
            output_id = output["id"] if same else self._output_schema(tx, tenant, request)
            by = storage.writing(self._world, tenant)
            document = mapping_versions.replaced_set(old.document, output_id, request, by)
            storage.write_version(tx, tenant, old, document)
        return answer(document)

    def delete(self, call: Call) -> Answer:
        call.query.check((), BAD)
        set_id = call.params["id"]
        with self._database.writing() as tx:
            document = storage.stored_set(tx, call.tenant, set_id).document
            users = resources.linked(tx, call.tenant, FLOWS, "transformations[].params.mappingId", set_id)
            if users:
                raise Refusal(
                    BAD,
                    detail=f"The mapping set {set_id} is used by flows and cannot be deleted.",
                    hint=f"Flows that use it: {', '.join(users)}.",
                )
            resources.remove(tx, call.tenant, MAPPING_SETS, set_id)
            for version in range(document["version"]):
                resources.remove(tx, call.tenant, MAPPING_SET_VERSIONS, f"{set_id}:{version}")
        return no_content()

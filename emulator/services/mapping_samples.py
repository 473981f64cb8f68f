"""Data Prep's samples of data and its own schemas, as older guides document them."""

from __future__ import annotations

from typing import Any

import orjson

from emulator.domain import mapper_schemas
from emulator.domain.errors import Refusal
from emulator.domain.kinds import MAPPER_SAMPLES, MAPPER_SCHEMAS, Kind
from emulator.domain.mapper_schemas import SchemaRequest
from emulator.domain.mapping_sets import BAD
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer
from emulator.engine.world import World
from emulator.services import mapping_storage as storage
from emulator.store import resources
from emulator.store.database import Contended, Transaction

Document = dict[str, Any]


class MappingSamples:
    """Create, read and list samples and schemas; a sample can be replaced."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def create_sample(self, call: Call) -> Answer:
        call.query.check((), BAD)
        sample = mapper_schemas.read_sample(storage.body_of(call))
        by = storage.writing(self._world, call.tenant)
        document = {**by.stamp(by.new_id()), **sample}
        with self._database.writing() as tx:
            resources.create(tx, call.tenant, MAPPER_SAMPLES, document["id"], document, "0")
        return answer(document)

    def samples(self, call: Call) -> Answer:
        bodies, limit = self._listed(call, MAPPER_SAMPLES)
        return Answer(200, storage.page_of(bodies, limit))

    def _listed(self, call: Call, kind: Kind) -> tuple[list[str], int]:
        call.query.check(("limit", "start"), BAD)
        limit, start = storage.paging(call)
        with self._database.reading() as tx:
            return resources.slice_of(tx, call.tenant, kind, limit, start), limit

    def sample(self, call: Call) -> Answer:
        call.query.check((), BAD)
        with self._database.reading() as tx:
            return answer(_sample(tx, call.tenant, call.params["id"]))

    def replace_sample(self, call: Call) -> Answer:
        """Documented: the version rises by one."""
        call.query.check((), BAD)
        sample, sample_id = mapper_schemas.read_sample(storage.body_of(call)), call.params["id"]
        by = storage.writing(self._world, call.tenant)
        with self._database.writing() as tx:
            old = _sample(tx, call.tenant, sample_id)
            document = {**by.restamp(old), **sample}
            before, after = str(old["version"]), str(document["version"])
            if not resources.replace(tx, call.tenant, MAPPER_SAMPLES, sample_id, document, before, after):
                raise Contended(f"the sample {sample_id} was changed")
        return answer(document)

    def create_schema(self, call: Call) -> Answer:
        """From a JSON schema, from a sample, or from a reference to the Schema Registry: the first that is given."""
        call.query.check((), BAD)
        request = mapper_schemas.read_schema(storage.body_of(call))
        by = storage.writing(self._world, call.tenant)
        with self._database.writing() as tx:
            parts = _parts(tx, call.tenant, request)
            named = {} if request.name is None else {"name": request.name}
            document = {**by.stamp(by.new_id()), **named, **parts}
            resources.create(tx, call.tenant, MAPPER_SCHEMAS, document["id"], document, "0")
            return answer(_shown(tx, call.tenant, document))

    def schemas(self, call: Call) -> Answer:
        bodies, limit = self._listed(call, MAPPER_SCHEMAS)
        with self._database.reading() as tx:
            shown = [_shown(tx, call.tenant, orjson.loads(body)) for body in bodies]
        return Answer(200, storage.page_of([orjson.dumps(document).decode() for document in shown], limit))

    def schema(self, call: Call) -> Answer:
        call.query.check((), BAD)
        with self._database.reading() as tx:
            document = resources.read(tx, call.tenant, MAPPER_SCHEMAS, call.params["id"])
            if document is None:
                raise storage.not_found("schema", call.params["id"])
            return answer(_shown(tx, call.tenant, document))


def _sample(tx: Transaction, tenant: Tenant, sample_id: str) -> Document:
    document = resources.read(tx, tenant, MAPPER_SAMPLES, sample_id)
    if document is None:
        raise storage.not_found("sample", sample_id)
    return document


def _parts(tx: Transaction, tenant: Tenant, request: SchemaRequest) -> Document:
    """What is kept of a new schema; that of the Schema Registry is looked up whenever it is shown."""
    if request.json_schema is not None:
        reference = {} if request.schema_ref is None else {"schemaRef": request.schema_ref}
        return {"jsonSchema": request.json_schema, **reference}
    if request.sample is not None:
        sample = resources.read(tx, tenant, MAPPER_SAMPLES, request.sample)
        if sample is None:
            raise Refusal(
                BAD,
                detail=f"The sample {request.sample} does not exist.",
                field="sampleId",
                given=request.sample,
                hint="Create it with POST /data/foundation/conversion/samples.",
            )
        return {"jsonSchema": mapper_schemas.inferred(sample), "sampleId": request.sample}
    assert request.schema_ref is not None, "one of the three is there"
    storage.target_schema(tx, tenant, request.schema_ref["id"], "schemaRef.id")
    return {"schemaRef": request.schema_ref}


def _shown(tx: Transaction, tenant: Tenant, document: Document) -> Document:
    """With its text, which is empty once the Schema Registry has forgotten it."""
    if "jsonSchema" in document:
        return document
    return {**document, "jsonSchema": storage.find_schema(tx, tenant, document["schemaRef"]["id"]) or {}}

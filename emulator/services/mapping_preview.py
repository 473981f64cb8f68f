"""What would become of data: a mapping set checked, and records sent through it, without anything being kept."""

from __future__ import annotations

from typing import Any

from emulator.domain import mapping_checks
from emulator.domain.errors import Refusal
from emulator.domain.language.values import Surroundings
from emulator.domain.mapping import MappingProblem, compile_mappings, compile_part
from emulator.domain.mapping_sets import BAD, MappingRequest, read_request
from emulator.edge.call import Answer, Call, answer
from emulator.engine.world import World
from emulator.services import mapping_storage as storage

Document = dict[str, Any]


class MappingPreview:
    """Check mapping sets, and show what they make of records."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def validate(self, call: Call) -> Answer:
        """Documented: an entry for every mapping in order, with status and errors."""
        call.query.check((), BAD)
        request, schema = self._read(call, storage.body_of(call))
        found = mapping_checks.faults(request.mappings, self._world.surroundings, schema)
        pairs = zip(request.mappings, found, strict=True)
        return answer({"validationResponse": [_validated(entry, messages) for entry, messages in pairs]})

    def preview(self, call: Call) -> Answer:
        """Documented: an entry for every record in order, with data and errors; one record may come bare."""
        call.query.check((), BAD)
        body = storage.body_of(call)
        data = body.get("data")
        records: list[Any] = data if isinstance(data, list) else [data]
        if not all(isinstance(record, dict) for record in records):
            hint = "Send one record as an object, or an array of them."
            raise Refusal(BAD, detail="The preview cannot be made.", field="data", given=data, hint=hint)
        mapping_set = body.get("mappingSet")
        if not isinstance(mapping_set, dict):
            hint = "Send a mapping set as an object."
            raise Refusal(BAD, detail="The preview cannot be made.", field="mappingSet", given=mapping_set, hint=hint)
        request, schema = self._read(call, mapping_set)
        return answer(_previewed(records, request, self._world.surroundings, schema))

    def _read(self, call: Call, body: Document) -> tuple[MappingRequest, Document | None]:
        """The set and, when it names one, its target schema with all properties."""
        request = read_request(body, schema_needed=False)
        if not request.schema:
            return request, None
        with self._database.reading() as tx:
            return request, storage.target_schema(tx, call.tenant, request.schema)


def _validated(entry: Document, messages: list[str]) -> Document:
    if not messages:
        return {"status": "SUCCESS", "errors": None}
    return {"status": "FAILED", "errors": [mapping_checks.error_info(entry, message) for message in messages]}


def _previewed(
    records: list[Document], request: MappingRequest, surroundings: Surroundings, schema: Document | None
) -> list[Document]:
    """Mappings that cannot be applied to any record are reported with every one; the others are applied."""
    sound: list[Document] = []
    broken: list[Document] = []
    for entry in request.mappings:
        try:
            compile_part(entry, surroundings, schema)
            sound.append(entry)
        except MappingProblem as problem:
            broken.append(mapping_checks.error_info(entry, str(problem)))
    mapper = compile_mappings(sound, surroundings, schema, request.allow_nulls)
    answers: list[Document] = []
    for record in records:
        try:
            data, faults = mapper.mapped(record)
        except MappingProblem as problem:
            answers.append({"data": None, "errors": [*broken, _rejected(problem)]})
            continue
        errors = broken + [
            mapping_checks.error_info(
                {"source": fault.source, "destination": fault.destination, "sourceType": fault.source_type},
                fault.message,
            )
            for fault in faults
        ]
        answers.append({"data": data, "errors": errors or None})
    return answers


def _rejected(problem: MappingProblem) -> Document:
    """A record that a rule of the schema keeps out."""
    field = {} if problem.field is None else {"destination": problem.field}
    return {**field, "exception": str(problem)}

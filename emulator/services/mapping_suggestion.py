"""A mapping set that might fit: from the columns of a batch to the fields of a dataset's schema. It is not kept."""

from __future__ import annotations

from typing import Any

import orjson

from emulator.domain import mapping_suggestions, mapping_versions
from emulator.domain.errors import Refusal
from emulator.domain.inference import infer
from emulator.domain.kinds import BATCHES, DATASETS
from emulator.domain.mapping_sets import ATTRIBUTE, BAD, MappingRequest
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer
from emulator.engine.world import World
from emulator.services import mapping_storage as storage
from emulator.store import records, resources
from emulator.store.database import Transaction

Document = dict[str, Any]
# Enough to see every column of what is regular.
_ROWS = 100


class MappingSuggestion:
    """Suggest mappings by the names of fields."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def suggest(self, call: Call) -> Answer:
        """A set in its full form; ``matchScore`` of each mapping says how alike the two names are."""
        call.query.check(("datasetId", "batchId", "excludeUnmapped", "expandSchema"), BAD)
        dataset_id, batch_id = _needed(call, "datasetId"), _needed(call, "batchId")
        exclude, expand = storage.flag(call, "excludeUnmapped", True), storage.flag(call, "expandSchema")
        with self._database.reading() as tx:
            dataset = resources.read(tx, call.tenant, DATASETS, dataset_id)
            if dataset is None:
                raise storage.not_found("dataset", dataset_id)
            columns = mapping_suggestions.leaves(infer(_records(tx, call.tenant, batch_id)))
            reference = dataset["schemaRef"]
            schema = storage.target_schema(tx, call.tenant, reference["id"])
            found = mapping_suggestions.suggest(columns, mapping_suggestions.leaves(schema))
            document = self._document(call.tenant, reference, [one for one in found if one.score or not exclude])
            return answer(storage.expanded(tx, call.tenant, document) if expand else document)

    def _document(self, tenant: Tenant, reference: Document, found: list[mapping_suggestions.Suggestion]) -> Document:
        by = storage.writing(self._world, tenant)
        flags = {"identity": False, "primaryIdentity": False}
        entries = [
            {"sourceType": ATTRIBUTE, "source": one.source, "destination": one.destination, **flags} for one in found
        ]
        nothing_else = {"allowNullValues": False, "strictMapping": False}
        request = MappingRequest(reference["id"], reference.get("contentType", "1.0"), entries, nothing_else)
        document = mapping_versions.new_set(by.new_id(), by.new_id(), request, by)
        for mapping, one in zip(document["mappings"], found, strict=True):
            mapping["matchScore"] = one.score
        return document


def _needed(call: Call, name: str) -> str:
    given = call.query.one(name)
    if not given:
        raise Refusal(BAD, detail=f"The parameter {name} is missing.", field=name, hint="Name a dataset and a batch.")
    return given


def _records(tx: Transaction, tenant: Tenant, batch_id: str) -> list[Document]:
    """The first records of a batch."""
    batch = resources.read(tx, tenant, BATCHES, batch_id)
    if batch is None:
        raise storage.not_found("batch", batch_id)
    source = batch["relatedObjects"][0]["id"]
    bodies, _ = records.page(tx, tenant.org, tenant.sandbox, source, _ROWS, 0, batch_id)
    return [orjson.loads(body) for body in bodies]

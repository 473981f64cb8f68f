"""Records on their way into a dataset: through the mapping set, into a batch."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from emulator.domain.flows import connected, joined_params
from emulator.domain.kinds import BATCHES, DATASETS, MAPPING_SET_VERSIONS, MAPPING_SETS
from emulator.domain.language.values import Surroundings
from emulator.domain.mapping import Fault, Mapper, MappingProblem, compile_mappings
from emulator.domain.tenant import Tenant
from emulator.domain.transformations import mapping_of, mapping_version
from emulator.domain.xdm_rows import check
from emulator.domain.xdm_validation import Validator
from emulator.engine import schemas
from emulator.engine.schemas import Texts
from emulator.engine.world import World, stored_lookup
from emulator.store import resources
from emulator.store.database import Contended, Transaction
from emulator.store.rejected import Rejected
from emulator.store.resources import Stored

Document = dict[str, Any]
INGESTION_ERROR = "INGEST-1211-400"


def mapper_of(world: World, tx: Transaction, tenant: Tenant, flow: Document, dataset: str) -> Mapper | None:
    """The compiled mapping set of a flow into a dataset, None for a flow without one. Raises ``MappingProblem``."""
    params = mapping_of(flow)
    if params is None:
        return None
    mapping_id, version = params["mappingId"], mapping_version(params)
    body = resources.body(tx, tenant, MAPPING_SETS, mapping_id)
    if body is not None and orjson.loads(body)["version"] != version:
        body = resources.body(tx, tenant, MAPPING_SET_VERSIONS, f"{mapping_id}:{version}")
    if body is None:
        raise MappingProblem(f"Mapper Transform Error: mapping set {mapping_id} version {version} does not exist")
    return _compiled(body, schemas.texts_of(tx, tenant, dataset), world.surroundings)


def validator_of(tx: Transaction, tenant: Tenant, dataset: str) -> Validator | None:
    """What rows of runs are held against; None where the schema of the dataset is gone."""
    texts = schemas.texts_of(tx, tenant, dataset)
    return None if texts is None else schemas.validator_of_rows(texts)


@lru_cache(maxsize=256)
def _compiled(body: str, schema: Texts | None, surroundings: Surroundings) -> Mapper:
    mapping_set = orjson.loads(body)
    target = schemas.resolved(schema) if schema else None
    return compile_mappings(mapping_set["mappings"], surroundings, target, mapping_set["allowNullValues"])


def parameters(tx: Transaction, tenant: Tenant, flow: Stored) -> Document:
    """Of the source and the target that a flow joins, as they were when it did."""
    # Flows of the first releases kept less.
    kept = flow.secrets
    if "data" not in kept:
        now = connected(flow.document, stored_lookup(tx, tenant))
        kept = {**kept, "data": now["data"]} if kept else now
    return joined_params(kept)


def dataset_of(tx: Transaction, tenant: Tenant, flow: Stored) -> str:
    """The dataset that a flow lands in. Raises ``MappingProblem`` when it is gone."""
    dataset: str = parameters(tx, tenant, flow)["target"].get("dataSetId", "")
    if resources.body(tx, tenant, DATASETS, dataset) is None:
        raise MappingProblem(f"the dataset {dataset} was deleted", INGESTION_ERROR)
    return dataset


class Mapped(NamedTuple):
    """Records in target shape as JSON text, for each that lacks something what could not be made of it, and rows
    that were rejected."""

    bodies: list[str]
    faults: list[list[Fault]]
    lost: list[Rejected]


def map_each(mapper: Mapper | None, source: list[Document], validator: Validator | None) -> Mapped:
    """All together where that goes well, as it mostly does, else record by record."""
    try:
        return map_all(mapper, source, validator)
    except MappingProblem:
        whole = Mapped([], [], [])
    for record in source:
        try:
            mapped = map_all(mapper, [record], validator)
        except MappingProblem as error:
            whole.lost.append(Rejected(error.code, str(error), error.field, orjson.dumps(record).decode()))
        else:
            whole.bodies.extend(mapped.bodies)
            whole.faults.extend(mapped.faults)
    return whole


def map_all(mapper: Mapper | None, source: list[Document], validator: Validator | None = None) -> Mapped:
    """Raises ``MappingProblem`` at the first record that is rejected, by the mapper or by ``validator``."""
    pairs = [(record, []) for record in source] if mapper is None else [mapper.mapped(record) for record in source]
    if validator is not None:
        for target, _ in pairs:
            check(validator, target)
    return Mapped([orjson.dumps(target).decode() for target, _ in pairs], [faults for _, faults in pairs if faults], [])


class BatchState(NamedTuple):
    """What changes about a batch. Without ``metrics``, or not ``ended``, it is still being written to."""

    status: str
    tags: Document
    metrics: Document | None = None
    errors: list[Document] | None = None
    ended: bool = True


def create_batch(
    world: World,
    tx: Transaction,
    tenant: Tenant,
    dataset: str,
    batch: str,
    state: BatchState,
    described: Document | None = None,
) -> Document:
    """A batch in Catalog, and its mark on the dataset; ``described`` goes over its document. Returns it."""
    now = world.clock.now()
    document: Document = {
        "status": state.status,
        "tags": state.tags,
        "relatedObjects": [{"type": "dataSet", "id": dataset}],
        "id": batch,
        "externalId": batch,
        "inputFormat": {"format": "json"},
        "imsOrg": tenant.org,
        "sandboxId": tenant.sandbox_id,
        "started": now,
        "created": now,
        "updated": now,
        "createdClient": tenant.client,
        "createdUser": tenant.user,
        "updatedUser": tenant.user,
        "version": "1.0.0",
        **(described or {}),
    }
    document = _ended(document, state, now)
    resources.create(tx, tenant, BATCHES, batch, document, batch)
    _mark_dataset(tx, tenant, dataset, batch, state.status, now)
    return document


def change_batch(
    world: World, tx: Transaction, tenant: Tenant, dataset: str, batch: str, state: BatchState
) -> Document:
    """The batch goes on, or ends. Returns it; raises ``Contended`` when it is gone."""
    now = world.clock.now()
    stored = resources.hold(tx, tenant, BATCHES, batch)
    if stored is None:
        raise Contended(f"the batch {batch} was taken away")
    document = _ended({**stored.document, "status": state.status, "tags": state.tags, "updated": now}, state, now)
    resources.replace(tx, tenant, BATCHES, batch, document, stored.etag, stored.etag)
    _mark_dataset(tx, tenant, dataset, batch, state.status, now)
    return document


def _ended(document: Document, state: BatchState, now: int) -> Document:
    if state.metrics is None:
        return document
    errors = {} if state.errors is None else {"errors": state.errors}
    completed = {"completed": now} if state.ended else {}
    return {**document, **completed, "metrics": state.metrics, **errors}


def _mark_dataset(tx: Transaction, tenant: Tenant, dataset: str, batch: str, status: str, now: int) -> None:
    stored = resources.hold(tx, tenant, DATASETS, dataset)
    if stored is None:
        return
    document = {**stored.document, "lastBatchId": batch, "lastBatchStatus": status, "updated": now}
    if status == "success":
        document["lastSuccessfulBatch"] = batch
    resources.replace(tx, tenant, DATASETS, dataset, document, stored.etag, stored.etag)
